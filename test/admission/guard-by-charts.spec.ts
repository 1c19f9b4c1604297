import t, { type Test } from 'tap';
import { ChartJudge } from '../../admission/chart/chart-judge.js';
import { KeptCharts } from '../../admission/chart/kept-charts.js';
import { createGuard } from '../../admission/guard/guard.js';
import type { Concerned } from '../../admission/impact/question.js';
import { BundleIndex } from '../../admission/references/bundle-index.js';
import { ValuesPool } from '../../admission/values/values-pool.js';
import type { WerfBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { refName } from '../../kube/resource-path.js';
import { CONFIGMAPS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { platform } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube, type FakeKube } from '../kit/fake-kube.js';
import { deployedStatus, digestOf, keptChart } from '../kit/kept-charts.js';
import { recordLog } from '../kit/record-log.js';

const DIGEST = digestOf('a');
const SECRET_TEXT = 'correct horse battery staple';
const SHOP = keptChart(DIGEST, {
  name: 'shop',
  defaults: { replicas: 1 },
  schema: {
    properties: {
      replicas: { type: 'integer' },
      password: { minLength: 50 },
      mode: { enum: ['odd', 'even'] },
    },
    // What one source says may make another one wrong.
    if: { properties: { mode: { const: 'even' } }, required: ['mode'] },
    // biome-ignore lint/suspicious/noThenProperty: it is a schema's keyword
    then: { required: ['pair'], properties: { password: { maxLength: 5 }, size: { multipleOf: 2 } } },
  },
});

type Converge = NonNullable<WerfBundleSpec['converge']>;
interface Bundle {
  readonly converge?: Converge;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly status?: WerfBundleStatus;
}

const CONFIG: Converge = { valuesFrom: [{ configMapRef: { name: 'config' } }] };
const WITH_KEYS: Converge = { valuesFrom: [{ configMapRef: { name: 'config' } }, { secretRef: { name: 'keys' } }] };

const setup = async (
  t: Test,
  { bundles, keys = 'a: 1\n' }: { readonly bundles: Readonly<Record<string, Bundle>>; readonly keys?: string },
) => {
  const kube = createFakeKube();
  const clock = createFakeClock();
  const log = recordLog();
  for (const [place, { converge = CONFIG, annotations = {}, status = deployedStatus(DIGEST, 1) }] of Object.entries(
    bundles,
  )) {
    const [namespace = '', name = ''] = place.split('/');
    kube.seed(WERFBUNDLES, {
      apiVersion: 'werf.io/v1alpha1',
      kind: 'WerfBundle',
      metadata: { namespace, name, generation: 1, annotations },
      spec: { registry: { url: 'ghcr.io/acme/shop' }, converge },
      status,
    } as WerfBundle as never);
  }
  kube.seed(CONFIGMAPS, SHOP);
  const data = { 'values.yaml': Buffer.from(keys).toString('base64') };
  kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'keys' }, type: 'Opaque', data });
  kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'config' }, data: { 'values.yaml': 'replicas: 1\n' } });
  const asked: string[] = [];
  const failing = new Set<string>();
  const client: Pick<KubeClient, 'get'> = {
    get: (type, ref, signal) => {
      const what = `${type.kind} ${refName(ref)}`;
      asked.push(what);
      if (failing.has(what)) throw new KubeError('unavailable', `${what}: unavailable`);
      return kube.get(type, ref, signal);
    },
  };
  return { ...(await guarded(t, { kube, client, clock, log })), kube, asked, failing };
};

const guarded = async (
  t: Test,
  {
    kube,
    client,
    clock,
    log,
  }: {
    readonly kube: FakeKube;
    readonly client: Pick<KubeClient, 'get'>;
    readonly clock: ReturnType<typeof createFakeClock>;
    readonly log: ReturnType<typeof recordLog>;
  },
) => {
  const uses = new BundleIndex({ client: kube, clock, random: { uniform: () => 0.5 }, log, keepUses: true });
  const stop = new AbortController();
  const running = uses.start(stop.signal);
  const values = new ValuesPool({ log });
  t.teardown(async () => {
    stop.abort();
    values.stop();
    await running;
  });
  const metrics = { answered: () => {}, lookedUp: () => {} };
  const kept = new KeptCharts({ client, metrics, namespace: SHOP.metadata.namespace ?? '' });
  const charts = new ChartJudge({ kept, pool: values, clock, log });
  // What a change deploys is another spec's subject: test/admission/impact.spec.ts.
  const answers = { impact: async (): Promise<readonly Concerned[]> => [] };
  const impact = { bundles: uses, answers, settings: { platform, maxImpact: undefined } };
  const asking = { get: client.get, ask: kube.ask.bind(kube) };
  const guard = createGuard({ uses, client: asking, values, charts, clock, log, metrics, impact, authorize: 'off' });
  /** Changes ConfigMap (or Secret) config of namespace ops. */
  const change = async (before: string, after: string, kind: 'ConfigMap' | 'Secret' = 'ConfigMap') => {
    const name = kind === 'Secret' ? 'keys' : 'config';
    const object = (text: string) => ({
      apiVersion: 'v1',
      kind,
      metadata: { namespace: 'ops', name },
      data: { 'values.yaml': kind === 'Secret' ? Buffer.from(text).toString('base64') : text },
    });
    const request = {
      uid: 'u',
      kind: { group: '', version: 'v1', kind },
      resource: { group: '', version: 'v1', resource: `${kind.toLowerCase()}s` },
      name,
      namespace: 'ops',
      operation: 'UPDATE',
      userInfo: { username: 'jane' },
      object: object(after),
      oldObject: object(before),
    };
    const body = Buffer.from(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }));
    const signal = new AbortController().signal;
    const given = await guard({ webhook: 'guard', contentType: 'application/json', body, withinMs: 4000, signal });
    const { response } = JSON.parse(given.body);
    return {
      allowed: response.allowed as boolean,
      problems: ((response.status?.details?.causes ?? []) as readonly { field: string; message: string }[]).map(
        ({ field, message }) => `${field}: ${message}`,
      ),
      warnings: (response.warnings ?? []) as readonly string[],
    };
  };
  return { change };
};

const warned = (...warnings: readonly string[]) => ({ allowed: true, problems: [], warnings });
const ALLOWED = warned();
const GOOD = 'replicas: 1\n';
const BAD = '# ours\nreplicas: two\n';
const DENY = { 'werf.io/refused-values': 'deny' };
const AT = 'key "values.yaml" of ConfigMap ops/config: line 2, column 1: ';
const TEXT = `${AT}replicas: a whole number is needed, and this is a text (values.schema.json of chart shop, /properties/replicas/type)`;

t.test('a change that the chart of a bundle refuses is warned of, with key, line and column', async (t) => {
  const { change } = await setup(t, { bundles: { 'ops/my-app': {} } });
  t.strictSame(
    await change(GOOD, BAD),
    warned(`data[values.yaml]: the chart of WerfBundle ops/my-app refuses it: ${TEXT}`),
  );
  t.strictSame(await change(GOOD, 'replicas: 3\n'), ALLOWED);
  t.strictSame(await change(BAD, `${BAD}mode: new\n`), ALLOWED, 'what was refused before may stay so');
});

t.test('it is refused where the bundle wants that, and no other chart can be meant', async (t) => {
  const settled = deployedStatus(DIGEST, 1);
  const refusal = (who: string) => ({
    allowed: false,
    problems: [`data[values.yaml]: Invalid value: "<contents omitted>": ${TEXT}; ${who}`],
  });
  const { change } = await setup(t, { bundles: { 'ops/my-app': { annotations: DENY } } });
  t.match(await change(GOOD, BAD), refusal('WerfBundle ops/my-app uses it'));
  const unsettled: readonly WerfBundleStatus[] = [
    { ...settled, observedGeneration: 0 },
    { ...settled, lastAppliedDigest: digestOf('b') },
  ];
  for (const status of unsettled) {
    const other = await setup(t, { bundles: { 'ops/my-app': { annotations: DENY, status } } });
    t.equal((await other.change(GOOD, BAD)).allowed, true);
  }
  const mixed = await setup(t, { bundles: { 'ops/a': {}, 'ops/b': { annotations: DENY }, 'ops/c': {} } });
  const answer = await mixed.change(GOOD, BAD);
  t.match(answer, refusal('WerfBundle ops/b uses it'));
  t.match(answer.warnings, ['data[values.yaml]: the charts of WerfBundles ops/a, ops/c refuse it: ']);
});

t.test('of other sources, and of the bundle, nothing is told but that there is something', async (t) => {
  const wrong = `size: 3\npassword: ${SECRET_TEXT}${SECRET_TEXT}\n`;
  const { change } = await setup(t, { bundles: { 'ops/my-app': { converge: WITH_KEYS } }, keys: wrong });
  const elsewhere =
    'data: the chart of WerfBundle ops/my-app refuses it: the schema of chart shop 1.0.0 refuses all values together, for one that stands elsewhere';
  const answer = await change(GOOD, `${GOOD}mode: even\n`);
  t.strictSame(answer, warned(elsewhere), 'a Secret, and a value that is missing while a Secret might have it');
  const { change: alone } = await setup(t, { bundles: { 'ops/my-app': {} } });
  t.strictSame(
    await alone(GOOD, `${GOOD}mode: even\n`),
    warned(
      'data: the chart of WerfBundle ops/my-app refuses it: of all values together, spec.converge.values: "pair" is missing (values.schema.json of chart shop, /then/required)',
    ),
    'without a Secret it is named',
  );
  const inline = { ...CONFIG, values: { pair: 1, size: 7 } };
  const { change: besides } = await setup(t, { bundles: { 'ops/my-app': { converge: inline } } });
  t.strictSame(await besides(GOOD, `${GOOD}mode: even\n`), warned(elsewhere), 'a value of the bundle itself');
});

t.test('of a Secret that changes the place is told, and no part of it', async (t) => {
  const { change } = await setup(t, {
    bundles: { 'ops/my-app': { converge: WITH_KEYS, annotations: DENY } },
  });
  const answer = await change('a: 1\n', `password: ${SECRET_TEXT}\n`, 'Secret');
  t.strictSame(answer.problems, [
    'data[values.yaml]: Invalid value: "<contents omitted>": key "values.yaml" of Secret ops/keys: line 1, column 1: password: at least 50 characters are needed (values.schema.json of chart shop, /properties/password/minLength); WerfBundle ops/my-app uses it',
  ]);
  t.notMatch(JSON.stringify(answer), SECRET_TEXT);
});

t.test('a source that a bundle finds in its own namespace hides the one that changes', async (t) => {
  const converge = { ...CONFIG, targetNamespace: 'ops', serviceAccountName: 'a' };
  const { change, kube } = await setup(t, { bundles: { 'team/my-app': { converge } } });
  t.equal((await change(GOOD, BAD)).warnings.length, 1);
  kube.seed(CONFIGMAPS, { metadata: { namespace: 'team', name: 'config' }, data: { 'values.yaml': GOOD } });
  t.strictSame(await change(GOOD, BAD), ALLOWED);
});

t.test(
  'charts of bundles are asked about changes that are used and can be read, and of ten bundles at most',
  async (t) => {
    const bundles = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`ops/app-${10 + at}`, {}]));
    const { change, asked, failing } = await setup(t, { bundles });
    const broken = await change(GOOD, '[');
    t.strictSame([broken.allowed, asked], [false, []], 'what can\u2019t be read is judged by no chart');
    const { warnings } = await change(GOOD, BAD);
    t.match(warnings, [
      `data[values.yaml]: the charts of WerfBundles ops/app-10, ops/app-11, ops/app-12 and others refuse it: ${AT}replicas: `,
      'data: not judged by the schema of the chart: the charts of 2 more bundles that use it were not asked',
    ]);
    failing.add('WerfBundle ops/app-10');
    t.match((await change(GOOD, 'replicas: 3\n')).warnings, [
      'data: not judged by the schema of the chart: WerfBundle ops/app-10 could not be read: WerfBundle ops/app-10: unavailable',
    ]);
    const other = await setup(t, {
      bundles: { 'ops/my-app': { status: deployedStatus(digestOf('e'), 1) } },
    });
    t.strictSame(
      await other.change(GOOD, BAD),
      ALLOWED,
      'a chart that is not kept has no schema, as far as anybody knows',
    );
  },
);
