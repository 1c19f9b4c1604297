import t from 'tap';
import { ChartJudge } from '../../admission/chart/chart-judge.js';
import { LoadedCharts } from '../../admission/chart/loaded-charts.js';
import { isMap } from '../../api/json-map.js';
import type { ConfigMap } from '../../api/objects.js';
import { jobOf } from '../../api/values/values-job.js';
import type { WerfBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { CONFIGMAPS, SECRETS } from '../../kube/resources.js';
import type { PoolOutcome } from '../../process/thread-pool.js';
import { type AdmissionHarness, createAdmissionHarness, type Told, type Wish } from '../kit/admission-harness.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { deployedStatus, digestOf, keptChart, keptFiles } from '../kit/kept-charts.js';
import { madeUpSchemas } from '../kit/made-up-charts.js';
import { recordLog } from '../kit/record-log.js';

const DIGEST = digestOf('a');
const SECRET_TEXT = 'correct horse battery staple';

const SHOP = keptChart(DIGEST, {
  name: 'shop',
  defaults: { replicas: 1, redis: { enabled: true } },
  schema: {
    properties: {
      replicas: { type: 'integer' },
      mode: { enum: ['odd', 'even'] },
      password: { minLength: 50 },
      domain: { type: 'string' },
    },
    required: ['domain'],
  },
  subcharts: [{ name: 'redis', schema: { properties: { port: { maximum: 65535 } } } }],
});
const PLACE = '(values.schema.json of chart shop, ';
const REMEDY =
  '; chart shop 1.0.0, which is deployed, accepts the values that are stored: if these are meant for another one, annotate the bundle with werf.io/refused-values=warn';
const NO_NUMBER = `spec.converge.values.replicas: Invalid value: "two": a whole number is needed, and this is a text ${PLACE}/properties/replicas/type)`;
const NO_CHOICE = `spec.converge.values.mode: Invalid value: "new": one of "odd", "even" is needed ${PLACE}/properties/mode/enum)`;

type Converge = NonNullable<WerfBundleSpec['converge']>;

/** A bundle that is deployed, unless its status says otherwise. */
const bundle = (
  converge: Converge,
  rest: Partial<Omit<WerfBundle, 'spec'>> & { spec?: Partial<WerfBundleSpec> } = {},
) => {
  const { spec, metadata, ...others } = rest;
  return {
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { namespace: 'ops', name: 'my-app', uid: 'u', generation: 3, ...metadata },
    spec: { registry: { url: 'ghcr.io/acme/shop', versionConstraint: '1.x' }, converge, ...spec },
    status: deployedStatus(DIGEST, 3),
    ...others,
  } as WerfBundle;
};

const GOOD: Converge = { values: { domain: 'shop.example', replicas: 2 } };
const BAD: Converge = { values: { domain: 'shop.example', replicas: 'two' } };
const WORSE: Converge = { values: { domain: 'shop.example', replicas: 'two', mode: 'new' } };

const harness = (options: Parameters<typeof createAdmissionHarness>[0] = {}, kept: ConfigMap | 'none' = SHOP) => {
  const opened = createAdmissionHarness({ flags: [], ...options });
  if (kept !== 'none') opened.kube.seed(CONFIGMAPS, kept);
  return opened;
};

/** Allowed or not, and what kubectl shows. */
const told = async (opened: AdmissionHarness, wish: Wish): Promise<Omit<Told, 'patch'>> => {
  const { allowed, problems, warnings } = await opened.ask(wish);
  return { allowed, problems, warnings };
};
const change = (before: Converge, after: Converge): Wish => ({ oldObject: bundle(before), object: bundle(after) });
const denied = (...problems: readonly string[]) => ({ allowed: false, problems, warnings: [] });
const warned = (...warnings: readonly string[]) => ({ allowed: true, problems: [], warnings });
const ALLOWED = warned();

t.test('inline values that the deployed chart refuses, other than those before, are refused', async (t) => {
  const opened = harness();
  t.strictSame(await told(opened, change(GOOD, BAD)), denied(NO_NUMBER + REMEDY));
  t.strictSame(await told(opened, change(GOOD, WORSE)), denied(NO_NUMBER + REMEDY, NO_CHOICE), 'all of them');
  t.strictSame(await told(opened, { ...change(GOOD, BAD), dryRun: true }), denied(NO_NUMBER + REMEDY), 'in a dry run');
  t.strictSame(await told(opened, change(GOOD, { values: { domain: 'other.example' } })), ALLOWED);
  const port = { values: { domain: 'shop.example', redis: { port: 70_000 } } };
  t.strictSame(
    await told(opened, change(GOOD, port)),
    denied(
      `spec.converge.values.redis.port: Invalid value: 70000: at most 65535 is allowed, and this is 70000 (charts/redis/values.schema.json of chart shop, /properties/port/maximum)${REMEDY}`,
    ),
    'a chart within has a say',
  );
  const { values: _, ...none } = GOOD;
  t.strictSame(
    await told(opened, change(GOOD, none)),
    denied(`spec.converge.values: Invalid value: "object": "domain" is missing ${PLACE}/required)${REMEDY}`),
    'what is needed is not given any more',
  );
});

/** Why a refusal could be wrong. */
const LENIENT: readonly { title: string; wish: Wish; want?: Omit<Told, 'patch'> }[] = [
  { title: 'what is stored is refused as well', wish: change(BAD, WORSE), want: warned(NO_NUMBER, NO_CHOICE) },
  {
    title: 'the bundle asks for warnings',
    wish: {
      oldObject: bundle(GOOD),
      object: bundle(BAD, { metadata: { annotations: { 'werf.io/refused-values': 'warn' } } } as never),
    },
  },
  {
    title: 'it is suspended',
    wish: { oldObject: bundle(GOOD), object: bundle(BAD, { spec: { suspend: true } }) },
  },
  {
    title: 'it was suspended until now',
    wish: { oldObject: bundle(GOOD, { spec: { suspend: true } }), object: bundle(BAD) },
  },
  ...(
    [
      ['a change before this one was not looked at yet', { observedGeneration: 2 }],
      ['another chart was tried last', { lastAppliedDigest: digestOf('b') }],
      ['nothing was deployed successfully', { lastAppliedDigest: undefined }],
      ['it is not ready', { conditions: [{ type: 'Ready', status: 'False', reason: 'DeployFailed' }] }],
      ['nobody knows whether it is ready', { conditions: 'none' }],
    ] as const
  ).map(([title, status]) => ({
    title,
    wish: {
      oldObject: bundle(GOOD, { status: { ...deployedStatus(DIGEST, 3), ...status } as WerfBundleStatus }),
      object: bundle(BAD),
    },
  })),
];

t.test('they are warned of where another chart may be meant, or the change is not to blame', async (t) => {
  const opened = harness();
  for (const { title, wish, want = warned(NO_NUMBER) } of LENIENT) t.strictSame(await told(opened, wish), want, title);
});

t.test('while a chart is held since it refuses what is stored, values are judged by that one', async (t) => {
  const opened = harness();
  const next = digestOf('b');
  const schema = { properties: { replicas: { type: 'string' } } };
  opened.kube.seed(CONFIGMAPS, keptChart(next, { name: 'shop', schema }));
  const conditions = [{ type: 'Ready', status: 'False', reason: 'ValuesRefused' }];
  const status = { ...deployedStatus(DIGEST, 3), refusedDigest: next, conditions } as unknown as WerfBundleStatus;
  const asked = (converge: Converge): Wish => ({ oldObject: bundle(GOOD, { status }), object: bundle(converge) });
  t.strictSame(await told(opened, asked(BAD)), ALLOWED, 'what only the deployed one would refuse');
  t.strictSame(
    await told(opened, asked({ values: { replicas: 3 } })),
    warned(
      `spec.converge.values.replicas: Invalid value: 3: a text is needed, and this is a whole number ${PLACE}/properties/replicas/type)`,
    ),
  );
});

t.test('nothing is said where nobody knows which chart the values will meet', async (t) => {
  const opened = harness();
  const status = (some: object) => ({ status: { ...deployedStatus(DIGEST, 3), ...some } as WerfBundleStatus });
  const pinned = { spec: { registry: { url: 'ghcr.io/acme/shop', tag: '2.0.0' } } };
  const rows: readonly (readonly [string, Wish])[] = [
    ['another tag is chosen', { oldObject: bundle(GOOD), object: bundle(BAD, pinned) }],
    ['nothing was deployed', { oldObject: bundle(GOOD, { status: {} }), object: bundle(BAD) }],
    [
      'a digest that is none',
      { oldObject: bundle(GOOD, status({ deployment: { digest: '../a' } })), object: bundle(BAD) },
    ],
    [
      'a digest that is no text',
      { oldObject: bundle(GOOD, status({ deployment: { digest: 1 }, lastAppliedDigest: {} })), object: bundle(BAD) },
    ],
    [
      'a chart that is not kept',
      { oldObject: bundle(GOOD, { status: deployedStatus(digestOf('c'), 3) }), object: bundle(BAD) },
    ],
  ];
  for (const [title, wish] of rows) t.strictSame(await told(opened, wish), ALLOWED, title);
  const created = await told(opened, { object: bundle(BAD) });
  t.equal(created.allowed, true, 'a new bundle');
  t.notMatch(created.warnings.join(), 'spec.converge.values', 'a new bundle');
  const interval = { spec: { registry: { url: 'ghcr.io/acme/shop', versionConstraint: '1.x', pollInterval: '5m' } } };
  const { asked } = opened;
  asked.length = 0;
  t.strictSame(
    await told(opened, { oldObject: bundle(BAD), object: bundle(BAD, interval) }),
    ALLOWED,
    'the same values',
  );
  t.strictSame(
    asked.filter((what) => what.startsWith('ConfigMap ')),
    [],
    'and no chart is read',
  );
  const off = harness({ flags: ['--check-references=false'] });
  t.strictSame(await told(off, change(GOOD, BAD)), ALLOWED, 'with --check-references=false');
});

t.test('what can\u2019t be judged is let pass, and said', async (t) => {
  const name = `ConfigMap k8s-werf-operator-go-system/${SHOP.metadata.name}`;
  const unjudged = (why: string) => warned(`spec.converge.values: not judged by the schema of the chart: ${why}`);
  const failing = harness();
  failing.fail(name);
  t.strictSame(await told(failing, change(GOOD, BAD)), unjudged(`${name}: unavailable`));
  const { metadata } = SHOP;
  const reason = harness({}, { metadata, data: { digest: DIGEST, reason: 'its schemas have more than 4 MiB' } });
  t.strictSame(await told(reason, change(GOOD, BAD)), unjudged('its schemas have more than 4 MiB'));
  const other = harness({}, { ...SHOP, data: { digest: digestOf('d') } });
  t.strictSame(await told(other, change(GOOD, BAD)), ALLOWED, 'another digest that begins alike');
  const broken = harness({}, keptChart(DIGEST, { name: 'shop', schema: {}, dependencies: [] }));
  t.strictSame(await told(broken, change(GOOD, BAD)), ALLOWED, 'a schema that accepts everything');
  const unusable = harness({}, keptChart(DIGEST, { name: 'shop', schema: { type: 'text' } }));
  const { allowed, warnings } = await told(unusable, change(GOOD, BAD));
  t.match(
    [allowed, ...warnings],
    [true, 'spec.converge.values: not judged: values.schema.json of chart shop can\u2019t be used'],
  );
  const huge = { values: { domain: 'shop.example', replicas: 'two', text: 'x'.repeat(300_000) } };
  t.strictSame(await told(harness(), change(GOOD, huge)), unjudged('at admission values of at most 262144 bytes are'));
});

t.test('a chart is read once, one that is not there again and again', async (t) => {
  const opened = harness({}, 'none');
  const reads = (): number => opened.asked.filter((what) => what.endsWith(SHOP.metadata.name ?? '')).length;
  await opened.ask(change(GOOD, BAD));
  t.strictSame(await told(opened, change(GOOD, BAD)), ALLOWED);
  t.equal(reads(), 2);
  opened.kube.seed(CONFIGMAPS, SHOP);
  t.strictSame(await told(opened, change(GOOD, BAD)), denied(NO_NUMBER + REMEDY));
  t.strictSame(await told(opened, change(GOOD, BAD)), denied(NO_NUMBER + REMEDY));
  t.equal(reads(), 3);
});

const SOURCES: Converge = { valuesFrom: [{ configMapRef: { name: 'config' } }, { secretRef: { name: 'keys' } }] };

const withSources = (config: string, keys: string, options: Parameters<typeof harness>[0] = {}) => {
  const opened = harness(options);
  opened.kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'config' }, data: { 'values.yaml': config } });
  const data = { 'values.yaml': Buffer.from(keys).toString('base64') };
  opened.kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'keys' }, type: 'Opaque', data });
  return opened;
};

t.test(
  'values of sources are named by source, key, line and column, and those of a Secret are not shown',
  async (t) => {
    const opened = withSources('mode: new\n', `# our own\npassword: ${SECRET_TEXT}\n`);
    const inConfig = `spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "config": key "values.yaml" of ConfigMap ops/config: line 1, column 1: mode: one of "odd", "even" is needed ${PLACE}/properties/mode/enum)`;
    const inSecret = `spec.converge.valuesFrom[1].secretRef.name: Invalid value: "keys": key "values.yaml" of Secret ops/keys: line 2, column 1: password: at least 50 characters are needed ${PLACE}/properties/password/minLength)`;
    const both = { ...GOOD, ...SOURCES };
    const answer = await told(opened, change(GOOD, both));
    t.strictSame(answer, denied(inConfig + REMEDY, inSecret));
    t.notMatch(JSON.stringify(answer), SECRET_TEXT);
    const staged = await told(opened, { ...change(GOOD, both), dryRun: true });
    t.equal(staged.allowed, true, 'a dry run may come before the sources of the same commit');
    t.match(staged.warnings, [inConfig.slice(0, 250), inSecret.slice(0, 250)]);
    t.equal(
      (await told(opened, change(both, { ...both, values: { domain: 'b.example' } }))).allowed,
      true,
      'as before',
    );
  },
);

t.test('a source that is taken away is to blame for what is missing then', async (t) => {
  const opened = withSources('domain: shop.example\n', 'a: 1\n');
  const wish = change(SOURCES, { values: { replicas: 2 } });
  t.strictSame(
    await told(opened, wish),
    denied(`spec.converge.values: Invalid value: "object": "domain" is missing ${PLACE}/required)${REMEDY}`),
  );
});

t.test('nothing is judged by what the user may not read', async (t) => {
  const may = (_user: string, what: string): boolean =>
    !what.startsWith('create pods') && what !== 'get secrets/keys in ops';
  const opened = withSources('mode: odd\n', `password: ${SECRET_TEXT}\n`, { may });
  const answer = await told(opened, change(GOOD, { ...GOOD, ...SOURCES }));
  t.equal(answer.allowed, false);
  t.equal(answer.problems.length, 1);
  t.match(answer.problems, [
    /^spec\.converge\.valuesFrom\[1\]\.secretRef\.name: Forbidden: user "jane" may not get secrets "keys"/,
  ]);
  t.strictSame(answer.warnings, []);
  const config = { valuesFrom: [{ configMapRef: { name: 'config' } }] };
  const before = { ...SOURCES, values: { domain: 'shop.example' } };
  const after = { ...config, values: { domain: 'shop.example', replicas: 'two' } };
  t.strictSame(
    await told(opened, change(before, after)),
    warned(NO_NUMBER),
    'nor by what was stored: whether that was accepted is not told',
  );
});

/** Stand for all that a Secret holds. */
const HIDDEN_TEXT = 'hunter2hunter2';
const HIDDEN_NUMBER = 987_654_321;

/** The same shape with texts, numbers and keys that no schema has. */
const hidden = (value: unknown): unknown => {
  if (typeof value === 'string') return `${HIDDEN_TEXT}${value}`;
  if (typeof value === 'number') return HIDDEN_NUMBER;
  if (Array.isArray(value)) return value.map(hidden);
  if (!isMap(value)) return value;
  const inside = Object.entries(value).map(([key, part]) => [key, hidden(part)] as const);
  return Object.fromEntries([...inside, [`${HIDDEN_TEXT}-key`, HIDDEN_TEXT]]);
};

t.test('nothing of a Secret is in a verdict, whatever the schema wants', async (t) => {
  const charts = new LoadedCharts();
  let refused = 0;
  for (const [n, { title, files, values }] of madeUpSchemas(4, 1000).entries()) {
    const digest = `sha256:${String(n).padStart(64, '0')}`;
    const data = { 'values.json': JSON.stringify(hidden(values)) };
    const found = { kind: 'Secret', namespace: 'ops', name: 'keys', data } as const;
    const input = {
      sources: [{ source: { secretRef: { name: 'keys' } }, found }],
      bundleNamespace: 'ops',
      targetNamespace: 'ops',
    };
    const job = { kind: 'chart', digest, kept: keptFiles(digest, files), values: jobOf(input) } as const;
    const verdict = charts.judge(job);
    refused += verdict.kind === 'judged' && verdict.problems.length > 0 ? 1 : 0;
    const text = JSON.stringify(verdict);
    if (text.includes(HIDDEN_TEXT) || text.includes(String(HIDDEN_NUMBER))) t.fail(`${title}: ${text}`);
  }
  t.ok(refused > 150, `${refused} of 1000 were refused`);
});

/** As a thread reads it when it begins. */
interface Time {
  readonly signal: AbortSignal;
}

t.test('a chart that takes too much is left alone for ten minutes', async (t) => {
  const clock = createFakeClock();
  const log = recordLog();
  let asked = 0;
  const judgeOf = (answer: (working: Time, waiting: AbortSignal) => Promise<PoolOutcome<never>>): ChartJudge =>
    new ChartJudge({
      kept: { get: async () => ({ kind: 'found', configMap: SHOP, bytes: 100 }) },
      pool: {
        judgeByChart: (_job, _bytes, signal, working) => {
          asked += 1;
          return answer(working, signal);
        },
      },
      clock,
      log,
    });
  const values = { sources: [], inline: { a: 1 }, bundleNamespace: 'ops', targetNamespace: 'ops' };
  const never = new AbortController().signal;
  const said = async (judge: ChartJudge, signal = never): Promise<string | undefined> =>
    (await judge.judge({ digest: DIGEST, values }, signal)).warnings[0]?.message.replace(/^.*the chart: /, '');
  const aborted = (signal: AbortSignal, began: boolean) =>
    new Promise<PoolOutcome<never>>((resolve) =>
      signal.addEventListener('abort', () => resolve({ kind: 'aborted', began })),
    );
  const slow = judgeOf(({ signal }) => aborted(signal, true));
  const first = said(slow);
  await clock.advance(3000);
  t.equal(await first, 'there was not enough time');
  t.equal(await said(slow), 'it takes too long at admission');
  t.equal(asked, 1, 'the thread is not held up again');
  await clock.advance(10 * 60_000);
  const again = said(slow);
  await clock.advance(3000);
  t.equal(await again, 'there was not enough time');
  t.equal(asked, 2);

  const waiting = judgeOf((_, signal) => aborted(signal, false));
  for (const _ of [1, 2]) {
    const caller = new AbortController();
    const late = said(waiting, caller.signal);
    await clock.advance(6000);
    caller.abort();
    t.equal(await late, 'there was not enough time', 'who only waited is no worse for it');
  }
  let begin = (): void => {};
  const busy = judgeOf(async (working) => {
    await new Promise<void>((resolve) => {
      begin = resolve;
    });
    return aborted(working.signal, true);
  });
  const behind = said(busy);
  await clock.advance(60_000);
  begin();
  await clock.advance(2900);
  let isSaid = false;
  void behind.then(() => {
    isSaid = true;
  });
  await clock.advance(0);
  t.equal(isSaid, false, 'waiting for the thread is none of the time that the chart takes');
  await clock.advance(200);
  t.equal(await behind, 'there was not enough time');
  t.equal(await said(busy), 'it takes too long at admission');
  await clock.advance(10 * 60_000);
  const greedy = judgeOf(async () => ({ kind: 'exhausted' }));
  asked = 0;
  t.equal(await said(greedy), 'it takes more memory than there is at admission');
  t.equal(await said(greedy), 'it takes more memory than there is at admission');
  t.equal(asked, 1);
  const told = (why: string) => ({
    level: 'warn',
    message: 'a chart is not judged by for ten minutes',
    fields: { digest: DIGEST, why },
  });
  const [slowly, greedily] = [
    told('it takes too long at admission'),
    told('it takes more memory than there is at admission'),
  ];
  t.match(log.entries, [slowly, slowly, slowly, greedily], 'which the log says');
});
