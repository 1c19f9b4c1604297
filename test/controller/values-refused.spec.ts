import t from 'tap';
import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { decide } from '../../controller/decide/decide.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  delivery,
  failure,
  jobInputs,
  NOW,
  observation,
  platform,
  selected,
  syncedStatus,
  tags,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';
import { failedStatus } from '../kit/deciding-statuses.js';

const refuses = (...problems: readonly string[]): ChartVerdict => ({ kind: 'refuses', chart: 'shop 1.1.0', problems });
const REFUSED = refuses('key "values.yaml" of ConfigMap ops/cfg: line 3, column 11: replicas: a number is needed');
const MESSAGE =
  'tag v1.1.0 is not deployed: the schema of chart shop 1.1.0 refuses today\u2019s values: key "values.yaml" of ConfigMap ops/cfg: line 3, column 11: replicas: a number is needed';

/** v1.1.0 is offered. */
const offered = (
  status: WerfBundleStatus | undefined,
  verdict: ChartVerdict | undefined,
  change: Partial<Observation> = {},
): Observation =>
  observation(bundle(status), {
    delivery: delivery(selected('v1.1.0', DIGEST_B)),
    jobInputs: jobInputs(),
    chart: verdict && { digest: DIGEST_B, verdict },
    ...change,
  });

const conditionsOf = ({ conditions = [] }: WerfBundleStatus) =>
  conditions
    .filter(({ type }) => type !== 'RegistryReachable')
    .map(({ type, status, reason }) => `${type} ${status} ${reason}`);

t.test('a tag whose schema refuses the values is not begun, and what is deployed stays', async (t) => {
  const { status, actions, events, recheck, interest } = decided(offered(syncedStatus(), REFUSED));
  t.strictSame(conditionsOf(status), ['Ready False ValuesRefused', 'Stalled True ValuesRefused']);
  t.strictSame(
    [status.phase, status.lastErrorMessage, status.refusedDigest],
    ['Failed', MESSAGE, DIGEST_B],
    'the status says what is refused',
  );
  t.strictSame([status.lastAppliedTag, status.deployment?.number], ['v1.0.0', 1]);
  t.strictSame(actions, []);
  t.strictSame(events, [{ type: 'Warning', reason: 'ValuesRefused', message: MESSAGE }]);
  t.equal(recheck.kind, 'on-change', 'it is not asked again by itself');
  t.equal(interest?.due.kind, 'interval', 'and polled as always');
  const again = decided(offered(status, REFUSED));
  t.strictSame([again.status, again.events], [status, []], 'and is told once');
});

t.test('the first deployment is held likewise', async (t) => {
  const { status } = decided(offered({ observedGeneration: 1 }, REFUSED));
  t.strictSame(conditionsOf(status), ['Ready False ValuesRefused', 'Stalled True ValuesRefused']);
  t.equal(status.deployment, undefined);
});

t.test('what could not be judged is deployed', async (t) => {
  for (const verdict of [{ kind: 'accepts' }, { kind: 'unjudged', why: '401 unauthorized' }] as const) {
    const { status } = decided(offered(syncedStatus(), verdict));
    t.strictSame([status.deployment?.tag, status.deployment?.reason], ['v1.1.0', 'NewTag'], verdict.kind);
  }
});

t.test('a chart is asked for by the digest that is to be deployed, once the values are known', async (t) => {
  const seen = offered(syncedStatus(), undefined);
  t.equal(needOf({ ...seen, jobInputs: undefined }), 'job-inputs');
  t.match(decide(seen), { kind: 'needs', what: 'chart', digest: DIGEST_B });
  const ofAnother = { digest: DIGEST_A, verdict: REFUSED };
  t.match(decide({ ...seen, chart: ofAnother }), { kind: 'needs', what: 'chart', digest: DIGEST_B });
});

t.test('only what is new is judged, and only where werf reads schemas as they are read here', async (t) => {
  const changedSpec = bundle(syncedStatus({ observedGeneration: 2 }), { metadata: { generation: 2 } });
  const values = { delivery: delivery(selected('v1.0.0', DIGEST_A)), jobInputs: jobInputs({ checksum: 'k1:new' }) };
  const same = { delivery: delivery(selected('v1.0.0', DIGEST_A)), jobInputs: jobInputs() };
  const again = { delivery: delivery(selected('v1.1.0', DIGEST_B)), jobInputs: jobInputs() };
  const requested = { metadata: { annotations: { 'werf.io/deploy-requested-at': 'now' } } };
  const retrying = { spec: { converge: { retries: 1 } } };
  const cases: readonly (readonly [string, Observation, boolean])[] = [
    ['another tag', offered(syncedStatus(), undefined), true],
    [
      'the tag, moved',
      observation(bundle(syncedStatus()), { ...same, delivery: delivery(selected('v1.0.0', DIGEST_B)) }),
      true,
    ],
    ['other values', observation(bundle(syncedStatus()), values), true],
    ['other values by the spec', observation(changedSpec, values), true],
    ['the same again, as requested', observation(bundle(syncedStatus(), requested), same), false],
    ['another try', observation(bundle(failedStatus('Failed'), retrying), { ...again, now: NOW + 3_600_000 }), false],
    [
      'charts are not to be judged',
      offered(syncedStatus(), undefined, { platform: { ...platform, chartSchemas: false } }),
      false,
    ],
    ['werf 2', offered(syncedStatus(), undefined, { platform: { ...platform, werfVersion: '2.77.1' } }), false],
    [
      'an unknown werf',
      offered(syncedStatus(), undefined, { platform: { ...platform, werfImage: 'x/werf@sha256:1' } }),
      false,
    ],
  ];
  for (const [title, seen, isJudged] of cases) {
    t.equal(needOf(seen), isJudged ? 'chart' : undefined, title);
    const before = seen.bundle.status?.deployment?.number ?? 0;
    t.equal(decided(seen).status.deployment?.number, before + 1, `${title}: it is due`);
  }
});

t.test('a request for a deployment is answered by the refusal', async (t) => {
  const asked = bundle(syncedStatus(), { metadata: { annotations: { 'werf.io/deploy-requested-at': 'now' } } });
  const { status, interest } = decided({ ...offered(undefined, REFUSED), bundle: asked });
  t.equal(status.lastHandledDeployRequest, 'now');
  t.equal(interest?.due.kind, 'interval', 'the registry is not asked again for it');
});

t.test('a refusal stands while nothing newer is known, and no longer', async (t) => {
  const { status } = decided(offered(syncedStatus(), REFUSED));
  const known = { delivery: undefined, jobInputs: undefined, chart: undefined };
  const reasonsOf = (seen: Observation) => conditionsOf(decided(seen).status);
  const STANDS = ['Ready False ValuesRefused', 'Stalled True ValuesRefused'];
  t.strictSame(reasonsOf(offered(status, undefined, known)), STANDS, 'after a restart');
  const down = { ...known, delivery: delivery(failure()) };
  t.strictSame(reasonsOf(offered(status, undefined, down)), STANDS, 'while the registry is down');
  t.strictSame(
    reasonsOf(
      offered(status, undefined, { ...known, latest: { kind: 'selected', tag: 'v1.0.0', digest: DIGEST_A, tags } }),
    ),
    ['Ready True Deployed'],
    'it is over when the registry offers what is deployed',
  );
  const nothing = { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags } as const;
  t.strictSame(
    reasonsOf(offered(status, undefined, { ...known, delivery: delivery(nothing), sameScans: 2 })),
    ['Ready False NoMatchingTag', 'Stalled True NoMatchingTag'],
    'or nothing at all',
  );
  const changed = bundle(status, { metadata: { generation: 2 } });
  t.strictSame(
    reasonsOf({ ...offered(undefined, undefined, known), bundle: changed }),
    ['Ready Unknown FirstScan', 'Reconciling True FirstScan'],
    'or the spec is another one',
  );
});

t.test('changed values are judged by what the registry has offered, and deployed if they are accepted', async (t) => {
  const { status } = decided(offered(syncedStatus(), REFUSED));
  const latest = { kind: 'selected', tag: 'v1.1.0', digest: DIGEST_B, tags } as const;
  const changed = { delivery: undefined, latest, valuesChangedAt: NOW - 60_000 };
  t.strictSame(conditionsOf(decided(offered(status, REFUSED, changed)).status), [
    'Ready False ValuesRefused',
    'Stalled True ValuesRefused',
  ]);
  const accepted = decided(offered(status, { kind: 'accepts' }, changed)).status;
  t.strictSame([accepted.deployment?.tag, accepted.refusedDigest], ['v1.1.0', undefined]);
});

t.test('the message has a bound', async (t) => {
  const many = refuses(...Array.from({ length: 50 }, (_, n) => `spec.converge.values.v${n}: ${'x'.repeat(80)}`));
  const { lastErrorMessage = '' } = decided(offered(syncedStatus(), many)).status;
  t.ok(lastErrorMessage.length < 1_800, `${lastErrorMessage.length} characters`);
  t.match(lastErrorMessage, /; and 37 more$/);
  const long = decided(offered(syncedStatus(), refuses('x'.repeat(5_000)))).status;
  t.ok((long.lastErrorMessage ?? '').length < 1_800);
});
