import t, { type Test } from 'tap';
import { ChartJudge } from '../../admission/chart/chart-judge.js';
import { createGuard } from '../../admission/guard/guard.js';
import type { Concerned } from '../../admission/impact/question.js';
import { BundleIndex } from '../../admission/references/bundle-index.js';
import { type ValuesAnswer, ValuesPool } from '../../admission/values/values-pool.js';
import type { AccessQuestion } from '../../api/objects.js';
import { KubeError } from '../../kube/client.js';
import { CONFIGMAPS, WERFBUNDLES } from '../../kube/resources.js';
import { platform } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

type Json = Record<string, unknown>;
type Data = Readonly<Record<string, string>>;

const UID = '705ab4f5-6393-11e8-b7cc-42010a800002';
const CONFIG_MAP = { group: '', version: 'v1', resource: 'configmaps' };
const never = new AbortController().signal;

interface Written {
  readonly data?: Data;
  readonly metadata?: Json;
  readonly rest?: Json;
}

/** A request to change ConfigMap (or Secret) ops/app-config. */
const review = (before: Written, after: Written, request: Json = {}): Json => {
  const kind = request['resource'] === undefined ? 'ConfigMap' : 'Secret';
  const object = ({ data, metadata, rest }: Written): Json => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'app-config', namespace: 'ops', labels: { 'werf.io/values': 'true' }, ...metadata },
    ...(data !== undefined && { data }),
    ...rest,
  });
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: UID,
      kind: { group: '', version: 'v1', kind },
      resource: CONFIG_MAP,
      name: 'app-config',
      namespace: 'ops',
      operation: 'UPDATE',
      userInfo: { username: 'jane' },
      object: object(after),
      oldObject: object(before),
      dryRun: false,
      ...request,
    },
  };
};
const SECRET = { resource: { ...CONFIG_MAP, resource: 'secrets' } };

interface Setup {
  /** valuesFrom by `namespace/name`, or `namespace/name>target`. */
  readonly bundles?: Readonly<Record<string, readonly Json[]>>;
  /** ConfigMaps app-config in other namespaces. */
  readonly shadows?: readonly string[];
  readonly answer?: ValuesAnswer;
  /** Whether the user may see the bundles of a namespace; '' is all. */
  readonly may?: (namespace: string) => boolean;
}

const setup = async (t: Test, { bundles = {}, shadows = [], answer, may = () => true }: Setup = {}) => {
  const kube = createFakeKube();
  const clock = createFakeClock();
  const log = recordLog();
  for (const [key, valuesFrom] of Object.entries(bundles)) {
    const [place = '', targetNamespace] = key.split('>');
    const [namespace = '', name = ''] = place.split('/');
    const converge = { valuesFrom, ...(targetNamespace !== undefined && { targetNamespace }) };
    const spec = { registry: { url: 'ghcr.io/acme/app' }, converge };
    kube.seed(WERFBUNDLES, {
      apiVersion: 'werf.io/v1alpha1',
      kind: 'WerfBundle',
      metadata: { namespace, name },
      spec,
    } as never);
  }
  for (const namespace of shadows) {
    kube.seed(CONFIGMAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'app-config' } });
  }
  const uses = new BundleIndex({ client: kube, clock, random: { uniform: () => 0.5 }, log, keepUses: true });
  const stop = new AbortController();
  const running = uses.start(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const pool = new ValuesPool({ log });
  const values = answer === undefined ? pool : { judge: async () => answer };
  const charts = new ChartJudge({ kept: { get: async () => ({ kind: 'absent' }) }, pool, clock, log });
  // What a change deploys is another spec's subject: test/admission/impact.spec.ts.
  const answers = { impact: async (): Promise<readonly Concerned[]> => [] };
  const metrics = { answered: () => {}, lookedUp: () => {} };
  const impact = { bundles: uses, answers, settings: { platform, maxImpact: undefined } };
  kube.answer('subjectaccessreviews', (_, body) => ({
    ...body,
    status: { allowed: may((body as { readonly spec: AccessQuestion }).spec.resourceAttributes.namespace) },
  }));
  const guard = createGuard({ uses, client: kube, values, charts, clock, log, metrics, impact, authorize: 'always' });
  const ask = async (body: Json, signal = never) => {
    const bytes = Buffer.from(JSON.stringify(body));
    const given = await guard({
      webhook: 'guard',
      contentType: 'application/json',
      body: bytes,
      withinMs: 4000,
      signal,
    });
    return given.status === 200 ? ((JSON.parse(given.body) as Json)['response'] as Json) : { ...given };
  };
  return { kube, log, ask };
};

const uses = (rest: Json = {}): readonly Json[] => [{ configMapRef: { name: 'app-config' }, ...rest }];
const causesOf = ({ status }: Json) => ((status as Json)['details'] as Json)['causes'];

const GOOD = { data: { 'values.yaml': 'a: 1', 'more.yaml': 'b: 2' } };
const BROKEN = { data: { 'values.yaml': 'a: 1', 'more.yaml': 'b: c: d' } };

t.test(
  'a change that breaks a bundle is refused with all its problems, once for kubectl and once for others',
  async (t) => {
    const { ask, log } = await setup(t, { bundles: { 'ops/my-app': uses() } });
    const cause = {
      reason: 'FieldValueInvalid',
      message:
        'Invalid value: "<contents omitted>": key "more.yaml" of ConfigMap ops/app-config is no YAML: line 1, column 4: mapping values are not allowed here; WerfBundle ops/my-app uses it',
      field: 'data[more.yaml]',
    };
    const refusal = {
      uid: UID,
      allowed: false,
      status: {
        metadata: {},
        status: 'Failure',
        message: `ConfigMap "app-config" is invalid: ${cause.field}: ${cause.message}`,
        reason: 'Invalid',
        code: 422,
        details: { name: 'app-config', group: '', kind: 'ConfigMap', causes: [cause] },
      },
    };
    t.strictSame(await ask(review(GOOD, BROKEN)), refusal);
    t.strictSame(await ask(review(GOOD, BROKEN, { dryRun: true })), refusal, 'in a dry run as well');
    const { durationMs: _, ...fields } = log.entries[0]?.fields ?? {};
    t.strictSame(fields, {
      webhook: 'guard',
      uid: UID,
      user: 'jane',
      operation: 'UPDATE',
      kind: 'ConfigMap',
      namespace: 'ops',
      name: 'app-config',
      dryRun: false,
      verdict: 'deny',
      fields: ['data[more.yaml]'],
    });
    const text = (yaml: string): Written => ({ data: { 'values.yaml': Buffer.from(yaml).toString('base64') } });
    const secret = await setup(t, { bundles: { 'ops/my-app': [{ secretRef: { name: 'app-config' } }] } });
    t.strictSame(
      causesOf(await secret.ask(review(text('a: 1'), text('a: !hush x'), SECRET))),
      [
        {
          reason: 'FieldValueInvalid',
          message:
            'Invalid value: "<contents omitted>": key "values.yaml" of Secret ops/app-config is no YAML: line 1, column 4; WerfBundle ops/my-app uses it',
          field: 'data[values.yaml]',
        },
      ],
      'of a Secret only the place',
    );
  },
);

const ONE = (rest?: Json) => ({ 'ops/my-app': uses(rest) });

/** What changes → the fields that are refused, and what of them is said first; none if it is allowed. */
const CHANGES: readonly {
  title: string;
  bundles: NonNullable<Setup['bundles']>;
  before?: Written;
  after: Written;
  want?: readonly (readonly [field: string, start: string])[];
}[] = [
  { title: 'a good change', bundles: ONE(), after: { data: { 'values.yaml': 'a: 2' } } },
  {
    title: 'a broken source that no bundle uses',
    bundles: { 'ops/other': [{ secretRef: { name: 'app-config' } }] },
    after: BROKEN,
  },
  { title: 'a broken key that no bundle uses', bundles: ONE({ key: 'values.yaml' }), after: BROKEN },
  {
    title: 'a broken key that one bundle uses by its name',
    bundles: { ...ONE({ key: 'values.yaml' }), 'ops/second': uses({ key: 'more.yaml' }) },
    after: BROKEN,
    want: [['data[more.yaml]', 'Invalid value: "<contents omitted>": key "more.yaml"']],
  },
  {
    title: 'a new key that is broken',
    bundles: ONE(),
    before: { data: { 'values.yaml': 'a: 1' } },
    after: BROKEN,
    want: [['data[more.yaml]', 'Invalid value']],
  },
  {
    title: 'a key that becomes binary',
    bundles: ONE(),
    after: { data: { 'values.yaml': 'a: 1' }, rest: { binaryData: { 'more.yaml': '/w==' } } },
    want: [
      ['data[more.yaml]', 'Invalid value: "<contents omitted>": key "more.yaml" of ConfigMap ops/app-config is binary'],
    ],
  },
  {
    title: 'a needed key that is removed',
    bundles: ONE({ key: 'more.yaml' }),
    after: { data: { 'values.yaml': 'a: 1' } },
    want: [['data[more.yaml]', 'Required value: ConfigMap ops/app-config would lose this key; WerfBundle']],
  },
  {
    title: 'an optional key that is removed',
    bundles: ONE({ key: 'more.yaml', optional: true }),
    after: { data: { 'values.yaml': 'a: 1' } },
  },
  { title: 'one of all keys that is removed', bundles: ONE(), after: { data: { 'values.yaml': 'a: 1' } } },
  {
    title: 'all keys that are removed',
    bundles: ONE(),
    after: {},
    want: [['data', 'Required value: ConfigMap ops/app-config would lose all its keys; WerfBundle']],
  },
  { title: 'all keys of an optional source that are removed', bundles: ONE({ optional: true }), after: {} },
  {
    title: 'a key that was broken before and stays so',
    bundles: ONE(),
    before: BROKEN,
    after: { data: { 'values.yaml': 'a: 2', 'more.yaml': 'b: - x' } },
  },
  {
    title: 'a broken key that is removed',
    bundles: ONE({ key: 'more.yaml' }),
    before: BROKEN,
    after: { data: { 'values.yaml': 'a: 1' } },
  },
  {
    title: 'a source that is broken and only gets a label',
    bundles: ONE(),
    before: BROKEN,
    after: { ...BROKEN, metadata: { labels: { team: 'a', 'werf.io/values': 'true' } } },
  },
  {
    title: 'a source that is being deleted',
    bundles: ONE(),
    after: { ...BROKEN, metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } },
  },
  {
    title: 'two keys at once',
    bundles: ONE(),
    after: { data: { 'values.yaml': '- a', 'more.yaml': 'a: *b' } },
    want: [
      [
        'data[values.yaml]',
        'Invalid value: "<contents omitted>": key "values.yaml" of ConfigMap ops/app-config is a list',
      ],
      [
        'data[more.yaml]',
        'Invalid value: "<contents omitted>": key "more.yaml" of ConfigMap ops/app-config has an alias',
      ],
    ],
  },
];

t.test('only what a bundle uses is judged, and only what the change itself breaks', async (t) => {
  for (const { title, bundles, before = GOOD, after, want = [] } of CHANGES) {
    const { ask } = await setup(t, { bundles });
    const response = await ask(review(before, after));
    t.equal(response['allowed'], want.length === 0, title);
    const causes = want.length === 0 ? [] : (causesOf(response) as readonly { field: string; message: string }[]);
    t.strictSame(
      causes.map(({ field, message }, index) => [field, message.slice(0, want[index]?.[1].length)]),
      want,
      `${title}: causes`,
    );
  }
});

t.test('bundles that use the source are named, unless they find another one first', async (t) => {
  const bundles = {
    'team-a/far>ops': uses(),
    'team-b/hidden>ops': uses(),
    'team-c/elsewhere>production': uses(),
    'ops/near': uses({ key: 'more.yaml' }),
  };
  const { ask, kube } = await setup(t, { bundles, shadows: ['team-b'] });
  const who = async (): Promise<unknown> => {
    const response = await ask(review(GOOD, BROKEN));
    if (response['allowed'] === true) return response['warnings'] ?? [];
    const [cause] = causesOf(response) as readonly { message: string }[];
    return cause?.message.replace(/^.*; /, '');
  };
  t.equal(await who(), 'WerfBundles ops/near, team-a/far use it');
  kube.failNext({ verb: 'get', plural: 'configmaps' }, () => new KubeError('timeout', 'get configmaps: no answer'), 1);
  t.equal(await who(), 'WerfBundle ops/near uses it', 'nobody is refused for what could not be looked up');
  kube.vanish(WERFBUNDLES, { namespace: 'ops', name: 'near' });
  kube.vanish(WERFBUNDLES, { namespace: 'team-a', name: 'far' });
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(await who(), [], 'bundles that are gone use nothing');
  kube.vanish(CONFIGMAPS, { namespace: 'team-b', name: 'app-config' });
  t.equal(await who(), 'WerfBundle team-b/hidden uses it', 'no longer hidden');
  kube.failNext({ verb: 'get', plural: 'configmaps' }, () => new KubeError('timeout', 'get configmaps: no answer'), 1);
  t.strictSame(await who(), [
    'data: not checked: whether the bundles of namespace team-b use it: get configmaps: no answer',
  ]);

  const many = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`ops/${name}`, uses()]));
  const crowd = await setup(t, { bundles: many });
  const [cause] = causesOf(await crowd.ask(review(GOOD, BROKEN))) as readonly { message: string }[];
  t.match(cause?.message, /; WerfBundles ops\/a, ops\/b, ops\/c and others use it$/);
});

t.test('bundles are named to who may see them', async (t) => {
  const bundles = { 'ops/near': uses(), 'team-a/far>ops': uses() };
  const who = async (may: NonNullable<Setup['may']>, of: NonNullable<Setup['bundles']> = bundles) => {
    const { ask } = await setup(t, { bundles: of, may });
    const [cause] = causesOf(await ask(review(GOOD, BROKEN))) as readonly { message: string }[];
    return cause?.message.replace(/^.*; /, '');
  };
  t.equal(await who((namespace) => namespace === 'ops'), 'WerfBundles ops/near and others use it');
  t.equal(await who(() => false), 'several WerfBundles use it');
  t.equal(await who(() => false, { 'team-a/far>ops': uses() }), 'a WerfBundle uses it');
});

t.test('what could not be checked is let through with a warning', async (t) => {
  const reason = 'there was not enough time to read all values';
  const { ask } = await setup(t, { bundles: ONE(), answer: { kind: 'failed', reason } });
  t.strictSame(await ask(review(GOOD, BROKEN)), {
    uid: UID,
    allowed: true,
    warnings: [`data: not checked: ${reason}`],
  });
  const large = { data: { 'more.yaml': `a: b: c\n#${'x'.repeat(300_000)}` } };
  const sized = await setup(t, { bundles: ONE() });
  t.strictSame(await sized.ask(review(GOOD, large)), {
    uid: UID,
    allowed: true,
    warnings: [
      'data: not checked: key "more.yaml" of ConfigMap ops/app-config has 300009 bytes; at most 262144 of a key are checked at admission',
      'data: may deploy up to 1 bundle in 1 namespace: ops/my-app',
    ],
  });
  t.match(
    await ask(review(GOOD, BROKEN), AbortSignal.abort()),
    { status: 504 },
    'no time at all: failurePolicy decides',
  );
});

t.test('a request that the guard has no rules for is refused', async (t) => {
  const { ask } = await setup(t);
  const rules = 'the rules of the webhook configuration are wrong';
  const cases: readonly { request: Json; message: string }[] = [
    {
      request: { resource: { group: '', version: 'v1', resource: 'pods' } },
      message: `the values guard judges ConfigMaps, Secrets, ServiceAccounts and Namespaces and was asked about v1/pods: ${rules}`,
    },
    {
      request: { operation: 'CONNECT' },
      message: `the values guard judges CREATE, UPDATE and DELETE and was asked about CONNECT: ${rules}`,
    },
    { request: { object: null }, message: 'request.object is not a v1 ConfigMap' },
    {
      request: { oldObject: { apiVersion: 'v1', kind: 'Secret' } },
      message: 'request.oldObject is not a v1 ConfigMap',
    },
  ];
  for (const { request, message } of cases) {
    const status = { metadata: {}, status: 'Failure', message, reason: 'BadRequest', code: 400 };
    t.strictSame(await ask(review(GOOD, GOOD, request)), { uid: UID, allowed: false, status });
  }
});
