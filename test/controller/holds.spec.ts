import t from 'tap';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  historyEntry,
  observation,
  selected,
  syncedStatus,
} from '../kit/builders.js';
import { BundleModel } from '../kit/bundle-model.js';
import { decided } from '../kit/decided.js';

const ROLLED_BACK = { 'werf.io/rollback-to': 'v1.0.0' };

/** v1.1.0 is deployed, and what the bundle is asked for stands in its annotations. */
const deployed = (annotations: Readonly<Record<string, string>>, change: WerfBundleStatus = {}): StoredBundle =>
  bundle(
    syncedStatus({
      lastAppliedTag: 'v1.1.0',
      lastAppliedDigest: DIGEST_B,
      deployment: deployment({ tag: 'v1.1.0', digest: DIGEST_B }),
      history: [historyEntry('Succeeded', { tag: 'v1.1.0', digest: DIGEST_B })],
      ...change,
    }),
    { metadata: { annotations } },
  );

const conditionsOf = ({ conditions = [] }: WerfBundleStatus): readonly string[] =>
  conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

t.test('a rollback asks the registry at once, for the tag that is rolled back to', async (t) => {
  const seen = observation(deployed(ROLLED_BACK), { latest: undefined });
  const { status, interest } = decided(seen);
  t.equal(status.rollbackTo, 'v1.0.0');
  t.match(interest, { policy: { tag: 'v1.0.0' }, due: { kind: 'at', time: seen.now } });
  t.strictSame(conditionsOf(status), [
    'Ready Unknown FirstScan',
    'Reconciling True FirstScan',
    'RegistryReachable Unknown FirstScan',
    'Held True RolledBack',
  ]);
});

t.test('what the registry last offered to the spec is not taken for an answer about the rollback', async (t) => {
  const latest = {
    kind: 'selected',
    tag: 'v1.2.0',
    digest: DIGEST_A,
    tags: { etag: '', etagSupported: false, count: 1 },
  };
  const { status } = decided(observation(deployed(ROLLED_BACK), { latest } as Partial<Observation>));
  t.equal(status.deployment?.tag, 'v1.1.0', 'nothing is decided');
});

t.test('it needs no annotation that allows downgrades, and is told as what it is', async (t) => {
  const of = deployed(ROLLED_BACK, { rollbackTo: 'v1.0.0' });
  const { status, events } = decided(observation(of, { delivery: delivery(selected('v1.0.0', DIGEST_A)) }));
  t.match(status.deployment, { number: 2, tag: 'v1.0.0', reason: 'Rollback' });
  t.strictSame(
    events.map(({ reason }) => reason),
    ['Deploying', 'RolledBack'],
  );
});

t.test('a deployment of another tag that was decided and not begun gives way to it', async (t) => {
  const next = deployment({ number: 2, tag: 'v1.2.0', jobName: 'my-app-2' });
  const { status } = decided(observation(deployed(ROLLED_BACK, { deployment: next })));
  t.match(status.history?.[0], {
    number: 2,
    result: 'Superseded',
    message: 'no Job was made: a person has rolled back to v1.0.0',
  });
});

t.test('a bundle that was rolled back is Synced, and says what holds it', async (t) => {
  const model = new BundleModel();
  model.settle();
  for (const tag of ['v1.0.0', 'v1.1.0']) {
    model.scan(selected(tag, tag === 'v1.0.0' ? DIGEST_A : DIGEST_B));
    model.settle();
    model.endJob(0);
    model.settle();
  }
  model.annotate(ROLLED_BACK);
  model.settle();
  model.scan(selected('v1.0.0', DIGEST_A));
  model.settle();
  model.endJob(0);
  model.settle();
  t.strictSame(conditionsOf(model.status), [
    'Ready True Deployed',
    'RegistryReachable True Polled',
    'Held True RolledBack',
  ]);
  t.equal(
    model.status.conditions?.find(({ type }) => type === 'Held')?.message,
    'a person has rolled back to v1.0.0: no poll deploys another tag; to follow the registry again, run werfbundle release-hold my-app -n ops',
  );
  model.annotate({ 'werf.io/rollback-to': '' });
  model.settle();
  t.strictSame(
    model.decision?.events.map(({ reason }) => reason),
    ['HoldReleased'],
  );
  t.strictSame(
    [model.status.rollbackTo, conditionsOf(model.status).includes('Held True RolledBack')],
    [undefined, false],
  );
  model.scan(selected('v1.1.0', DIGEST_B));
  model.settle();
  t.match(model.status.deployment, { tag: 'v1.1.0', reason: 'NewTag' });
  t.strictSame(model.violations, []);
});

t.test('an annotation that names no tag deploys nothing', async (t) => {
  const of = deployed({ 'werf.io/rollback-to': 'v1, please' }, { rollbackTo: 'v1, please' });
  const { status, interest } = decided(observation(of));
  t.match(status.conditions?.[0], {
    type: 'Ready',
    status: 'False',
    reason: 'SpecInvalid',
    message: /^metadata\.annotations\[werf\.io\/rollback-to\]: Invalid value: "v1, please"/,
  });
  t.equal(interest, undefined);
});
