import t from 'tap';
import type { ObjectRef, Secret } from '../../api/objects.js';
import type { WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { issueAuthority } from '../../certs/issue.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import {
  type AdmissionHarness,
  createAdmissionHarness,
  type Told,
  type Wish,
  withoutAccountWarning,
} from '../kit/admission-harness.js';
import { settle } from '../kit/fake-clock.js';
import { REFERRING_SPEC } from '../kit/referring-spec.js';

const CA = (await issueAuthority(Date.UTC(2026, 0, 1))).certificate;
/** Stands in every Secret of these specs; no answer may have it. */
const SECRET_TEXT = 'hunter2-hunter2';

const secret = (ref: ObjectRef, data: Readonly<Record<string, string>>, type = 'Opaque'): Secret => ({
  metadata: ref,
  type,
  data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
});
const dockerConfig = (host: string): string =>
  JSON.stringify({ auths: { [host]: { username: 'acme', password: SECRET_TEXT } } });
const ops = (name: string): ObjectRef => ({ namespace: 'ops', name });
const production = (name: string): ObjectRef => ({ namespace: 'production', name });
const DOCKER = 'kubernetes.io/dockerconfigjson';

/** All that {@link REFERRING_SPEC} refers to, as it should be. */
const furnish = ({ kube }: AdmissionHarness): void => {
  const annotations = { 'werf.io/accept-bundles-from': 'shops, ops' };
  kube.seed(NAMESPACES, { metadata: { name: 'production', annotations } });
  kube.seed(SERVICEACCOUNTS, { metadata: production('werf-converge') });
  kube.seed(SECRETS, secret(ops('creds'), { '.dockerconfigjson': dockerConfig('ghcr.io') }, DOCKER));
  kube.seed(SECRETS, secret(ops('ca'), { 'ca.crt': CA }));
  kube.seed(SECRETS, secret(ops('werf-key'), { key: SECRET_TEXT }));
  kube.seed(CONFIGMAPS, { metadata: ops('app-config'), data: { 'values.yaml': 'app: {replicas: 2}\n' } });
  kube.seed(SECRETS, secret(production('app-keys'), { 'values.yaml': `db: {password: ${SECRET_TEXT}}\n` }));
};

const PLAIN: WerfBundleSpec = { registry: { url: 'ghcr.io/acme/app', versionConstraint: '1.x' } };

const bundle = (spec: WerfBundleSpec = REFERRING_SPEC, metadata: WerfBundle['metadata'] = {}): WerfBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { ...ops('my-app'), ...metadata },
  spec,
});
const converge = (change: WerfBundleSpec['converge']): WerfBundleSpec => ({
  ...REFERRING_SPEC,
  converge: { ...REFERRING_SPEC.converge, ...change },
});

const harness = (...flags: readonly string[]): AdmissionHarness => {
  const opened = createAdmissionHarness({ flags });
  furnish(opened);
  return opened;
};

/** Of the Secret that {@link REFERRING_SPEC} finds in the target namespace. */
const SHADOWABLE =
  /^spec\.converge\.valuesFrom\[\d\]\.secretRef\.name: Secret app-keys exists only in namespace 'production': /;

/** What is told without the patch, and nothing of a Secret in it; that app-keys may be shadowed is a story of its own. */
const askOf = async (opened: AdmissionHarness, wish: Wish): Promise<Omit<Told, 'patch'>> => {
  const { patch: _, ...told } = withoutAccountWarning(await opened.ask(wish));
  t.notMatch(JSON.stringify(told), SECRET_TEXT, 'nothing of a Secret is told');
  return { ...told, warnings: told.warnings.filter((warning) => !SHADOWABLE.test(warning)) };
};
const ALLOWED = { allowed: true, problems: [], warnings: [] };
const denied = (...problems: readonly string[]) => ({ allowed: false, problems, warnings: [] });
const warned = (...warnings: readonly string[]) => ({ allowed: true, problems: [], warnings });

t.test('a bundle whose references all exist is allowed, and each is read once', async (t) => {
  const opened = harness();
  t.same(await askOf(opened, { object: bundle() }), ALLOWED);
  t.same(
    opened.asked.toSorted(),
    [
      'ConfigMap ops/app-config',
      'Namespace production',
      'Secret ops/app-keys',
      'Secret ops/ca',
      'Secret ops/creds',
      'Secret ops/werf-key',
      'Secret production/app-keys',
      'ServiceAccount production/werf-converge',
      'may create jobs.batch in production',
      'may create pods in ops',
      'may create pods in production',
    ].toSorted(),
  );
  t.same(
    [...new Set(opened.counted)].toSorted(),
    [
      'ConfigMap found',
      'Namespace found',
      'Secret absent',
      'Secret found',
      'ServiceAccount found',
      'SubjectAccessReview allowed',
    ],
    'and counted',
  );
  const thrice = harness();
  const item = { configMapRef: { name: 'app-config' } };
  t.same(await askOf(thrice, { object: bundle(converge({ valuesFrom: [item, item, item] })) }), ALLOWED);
  t.equal(thrice.asked.filter((question) => question === 'ConfigMap ops/app-config').length, 1);
  const plain = harness();
  t.same(await askOf(plain, { object: bundle(PLAIN) }), ALLOWED);
  t.same(plain.asked, ['may create jobs.batch in ops'], 'a bundle that refers to nothing asks for nothing');
});

/** What does not exist, keys included, since the same commit may bring them: denied, or told as a warning. */
const MISSING: readonly {
  title: string;
  given: (opened: AdmissionHarness) => void;
  spec?: WerfBundleSpec;
  want: readonly string[];
}[] = [
  {
    title: 'the target namespace',
    given: ({ kube }) => kube.vanish(NAMESPACES, { name: 'production' }),
    want: ['spec.converge.targetNamespace: Not found: namespace production does not exist'],
  },
  {
    title: 'the ServiceAccount',
    given: ({ kube }) => kube.vanish(SERVICEACCOUNTS, production('werf-converge')),
    want: [
      'spec.converge.serviceAccountName: Not found: ServiceAccount werf-converge does not exist in namespace production',
    ],
  },
  {
    title: 'the registry Secret',
    given: ({ kube }) => kube.vanish(SECRETS, ops('creds')),
    want: ['spec.registry.secretRef.name: Not found: Secret creds does not exist in namespace ops'],
  },
  {
    title: 'the CA Secret',
    given: ({ kube }) => kube.vanish(SECRETS, ops('ca')),
    want: ['spec.registry.caSecretRef.name: Not found: Secret ca does not exist in namespace ops'],
  },
  {
    title: 'the Secret with werf\u2019s key',
    given: ({ kube }) => kube.vanish(SECRETS, ops('werf-key')),
    want: ['spec.converge.werfSecretKeyRef.name: Not found: Secret werf-key does not exist in namespace ops'],
  },
  {
    title: 'sources of values, in the words of the guide',
    given: ({ kube }) => {
      kube.vanish(CONFIGMAPS, ops('app-config'));
      kube.vanish(SECRETS, production('app-keys'));
    },
    want: [
      "spec.converge.valuesFrom[0].configMapRef.name: Not found: configMap 'app-config' not found in namespaces 'ops' or 'production'",
      "spec.converge.valuesFrom[1].secretRef.name: Not found: secret 'app-keys' not found in namespaces 'ops' or 'production'",
    ],
  },
  {
    title: 'a CA under another key',
    given: ({ kube }) => kube.seed(SECRETS, secret(ops('ca'), { 'tls.crt': CA })),
    want: ['spec.registry.caSecretRef.name: Invalid value: "ca": Secret ca in namespace ops has no key ca.crt'],
  },
  {
    title: 'werf\u2019s key under another name',
    given: ({ kube }) => kube.seed(SECRETS, secret(ops('werf-key'), { other: SECRET_TEXT })),
    want: [
      'spec.converge.werfSecretKeyRef.name: Invalid value: "werf-key": Secret werf-key in namespace ops has no key key, or it is empty',
    ],
  },
  {
    title: 'a source without the key',
    given: () => {},
    spec: converge({ valuesFrom: [{ configMapRef: { name: 'app-config' }, key: 'prod.yaml' }] }),
    want: [
      'spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "app-config": ConfigMap ops/app-config has no key "prod.yaml"; it has "values.yaml"',
    ],
  },
];

t.test(
  'a missing object denies a request, and only warns in a dry run or where the bundle asks for that',
  async (t) => {
    for (const { title, given, spec, want } of MISSING) {
      const strict = harness();
      given(strict);
      t.same(await askOf(strict, { object: bundle(spec) }), denied(...want), title);
      t.same(await askOf(strict, { object: bundle(spec), dryRun: true }), warned(...want), `${title}, in a dry run`);
      const lenient = bundle(spec, { annotations: { 'werf.io/missing-references': 'warn' } });
      t.same(await askOf(strict, { object: lenient }), warned(...want), `${title}, with the annotation`);
      const other = bundle(spec, { annotations: { 'werf.io/missing-references': 'yes' } });
      const { warnings, ...refusal } = await askOf(strict, { object: other });
      const { warnings: _, ...strictly } = denied(...want);
      t.same(refusal, strictly, `${title}, with an annotation of another value`);
      t.match(warnings, ['"yes" has no effect'], `${title}, and that value is told to have none`);
      const platform = harness('--missing-references=warn');
      given(platform);
      t.same(await askOf(platform, { object: bundle(spec) }), warned(...want), `${title}, with the flag`);
      const off = harness('--check-references=false');
      given(off);
      t.same(await askOf(off, { object: bundle(spec) }), ALLOWED, `${title}, where references are not checked`);
    }
    const own = harness();
    own.kube.vanish(CONFIGMAPS, ops('app-config'));
    const inOwn = bundle({ ...PLAIN, converge: { valuesFrom: [{ configMapRef: { name: 'app-config' } }] } });
    t.same(
      await askOf(own, { object: inOwn }),
      denied(
        "spec.converge.valuesFrom[0].configMapRef.name: Not found: failed to get ConfigMap 'app-config' from namespace 'ops'",
      ),
      'one namespace, one name',
    );
    const optional = { configMapRef: { name: 'app-config' }, optional: true };
    t.same(await askOf(own, { object: bundle({ ...PLAIN, converge: { valuesFrom: [optional] } }) }), ALLOWED);
  },
);

/** What exists and can't be used. */
const BROKEN: readonly {
  title: string;
  given: (opened: AdmissionHarness) => void;
  spec?: WerfBundleSpec;
  want: string;
}[] = [
  {
    title: 'a target namespace that is being deleted',
    given: ({ kube }) => {
      const annotations = { 'werf.io/accept-bundles-from': '*' };
      kube.seed(NAMESPACES, { metadata: { name: 'production', annotations }, status: { phase: 'Terminating' } });
    },
    want: 'spec.converge.targetNamespace: Invalid value: "production": namespace production is being deleted',
  },
  {
    title: 'a target namespace without consent',
    given: ({ kube }) => kube.seed(NAMESPACES, { metadata: { name: 'production', annotations: {} } }),
    want: 'spec.converge.targetNamespace: Forbidden: namespace production does not accept bundles from namespace ops; if it accepts others, add this one to its annotation, else: kubectl annotate namespace production werf.io/accept-bundles-from=ops',
  },
  {
    title: 'a registry Secret of another type',
    given: ({ kube }) => kube.seed(SECRETS, secret(ops('creds'), { '.dockerconfigjson': SECRET_TEXT })),
    want: 'spec.registry.secretRef.name: Invalid value: "creds": Secret creds in namespace ops is of type Opaque; kubernetes.io/dockerconfigjson is needed',
  },
  {
    title: 'a registry Secret that is no JSON',
    given: ({ kube }) => kube.seed(SECRETS, secret(ops('creds'), { '.dockerconfigjson': SECRET_TEXT }, DOCKER)),
    want: 'spec.registry.secretRef.name: Invalid value: "creds": Secret creds in namespace ops is no docker config: it is no JSON object',
  },
  {
    title: 'a CA that is no certificate',
    given: ({ kube }) => kube.seed(SECRETS, secret(ops('ca'), { 'ca.crt': SECRET_TEXT })),
    want: 'spec.registry.caSecretRef.name: Invalid value: "ca": Secret ca in namespace ops has no PEM certificate under ca.crt',
  },
  {
    title: 'a ConfigMap that is no YAML: place and words of the parser',
    given: ({ kube }) =>
      kube.seed(CONFIGMAPS, { metadata: ops('app-config'), data: { 'values.yaml': 'a: 1\nb: c: d\n' } }),
    want: 'spec.converge.valuesFrom[0].configMapRef.name: Invalid value: "app-config": key "values.yaml" of ConfigMap ops/app-config is no YAML: line 2, column 4: mapping values are not allowed here',
  },
  {
    title: 'a Secret that is no YAML: the place, and no words',
    given: ({ kube }) =>
      kube.seed(SECRETS, secret(production('app-keys'), { 'values.yaml': `a: 1\nb: ${SECRET_TEXT}: d\n` })),
    want: 'spec.converge.valuesFrom[1].secretRef.name: Invalid value: "app-keys": key "values.yaml" of Secret production/app-keys is no YAML: line 2, column 4',
  },
  {
    title: 'an inline integer that no file could carry',
    given: () => {},
    spec: converge({ values: { id: 2 ** 60 } }),
    want: 'spec.converge.values: Invalid value: "object": id of spec.converge.values has an integer beyond 2^53, which would lose digits: quote it',
  },
];

t.test('what exists and can\u2019t be used is denied, in a dry run as well', async (t) => {
  for (const { title, given, spec, want } of BROKEN) {
    const opened = harness('--missing-references=warn');
    given(opened);
    t.same(await askOf(opened, { object: bundle(spec) }), denied(want), title);
    t.same(await askOf(opened, { object: bundle(spec), dryRun: true }), denied(want), `${title}, in a dry run`);
  }
  const host = harness();
  host.kube.seed(SECRETS, secret(ops('creds'), { '.dockerconfigjson': dockerConfig('quay.io') }, DOCKER));
  t.same(
    await askOf(host, { object: bundle() }),
    warned(
      'spec.registry.secretRef.name: Secret creds in namespace ops has no entry for ghcr.io: the registry is asked without credentials',
    ),
    'credentials for another host only are a warning',
  );
  const clash = harness();
  clash.kube.seed(CONFIGMAPS, { metadata: ops('app-config'), data: { 'values.yaml': 'db: none\n' } });
  const { allowed, warnings } = await askOf(clash, { object: bundle() });
  t.same([allowed, warnings.length], [true, 1]);
  t.match(warnings[0], /db is a map in one of ConfigMap ops\/app-config .* and Secret production\/app-keys/);
});

t.test('the bundle\u2019s namespace comes before the target namespace', async (t) => {
  const opened = harness();
  opened.kube.seed(CONFIGMAPS, { metadata: production('app-config'), data: { 'values.yaml': 'a: b: c' } });
  t.same(await askOf(opened, { object: bundle() }), ALLOWED, 'what the own one hides is not read');
  t.notOk(opened.asked.includes('ConfigMap production/app-config'));
  opened.kube.vanish(CONFIGMAPS, ops('app-config'));
  t.match((await askOf(opened, { object: bundle() })).problems[0], 'ConfigMap production/app-config is no YAML');
});

t.test('consent', async (t) => {
  const rows = [
    { title: 'by name', accepts: 'ops', own: 'ops', flags: [], allowed: true },
    { title: 'for all', accepts: '*', own: 'ops', flags: [], allowed: true },
    { title: 'for others only', accepts: 'shops,ops-2', own: 'ops', flags: [], allowed: false },
    { title: 'none at all', accepts: '', own: 'ops', flags: [], allowed: false },
    { title: 'not asked', accepts: '', own: 'ops', flags: ['--cross-namespace=always'], allowed: true },
    { title: 'not needed by the operator', accepts: '', own: 'k8s-werf-operator-go-system', flags: [], allowed: true },
    { title: 'of the operator elsewhere', accepts: '', own: 'ops', flags: ['--namespace=ops'], allowed: true },
    { title: 'asked without references', accepts: '', own: 'ops', flags: ['--check-references=false'], allowed: false },
  ];
  const spec = { ...PLAIN, converge: { targetNamespace: 'production', serviceAccountName: 'werf-converge' } };
  for (const { title, accepts, own, flags, allowed } of rows) {
    const opened = harness(...flags);
    const annotations = { 'werf.io/accept-bundles-from': accepts };
    opened.kube.seed(NAMESPACES, { metadata: { name: 'production', annotations } });
    const object = bundle(spec, { namespace: own });
    t.equal((await askOf(opened, { object })).allowed, allowed, title);
    const tagged = { ...object, spec: { ...spec, suspend: true } };
    const again = await askOf(opened, { object: tagged, oldObject: object });
    t.equal(again.allowed, allowed, `${title}, at any change of the spec`);
  }
});

t.test('the bundle that was created first holds a release', async (t) => {
  const opened = harness();
  const place = { targetNamespace: 'production', serviceAccountName: 'werf-converge', releaseName: 'web' };
  const seed = (ref: ObjectRef, creationTimestamp: string, converge: WerfBundleSpec['converge'] = place) =>
    opened.kube.seed(
      WERFBUNDLES,
      bundle({ ...PLAIN, converge }, { ...ref, creationTimestamp, uid: `uid-${ref.name}` }),
    );
  seed({ namespace: 'shops', name: 'first' }, '2026-01-01T00:00:00Z');
  await settle();
  const taken =
    'spec.converge.releaseName: Invalid value: "web": release "web" in namespace "production" belongs to the older WerfBundle shops/first; a releaseName of its own is needed';
  const object = bundle({ ...PLAIN, converge: place }, { uid: 'u', creationTimestamp: '2026-02-01T00:00:00Z' });
  t.same(await askOf(opened, { object }), denied(taken), 'a new bundle');
  t.same(await askOf(opened, { object, dryRun: true }), denied(taken), 'in a dry run too');
  const elsewhere = bundle({ ...PLAIN, converge: { ...place, releaseName: 'web-2' } }, object.metadata);
  t.same(await askOf(opened, { object: elsewhere }), ALLOWED, 'another release');
  t.same(await askOf(opened, { object, oldObject: elsewhere }), denied(taken), 'a bundle that comes to the place');
  const same = { ...object, spec: { ...object.spec, suspend: true } };
  t.same(await askOf(opened, { object: same, oldObject: object }), ALLOWED, 'a bundle that is there already');
  const older = { ...object, metadata: { ...object.metadata, creationTimestamp: '2025-01-01T00:00:00Z' } };
  t.same(
    await askOf(opened, { object: older, oldObject: { ...elsewhere, metadata: older.metadata } }),
    warned(
      'spec.converge.releaseName: release "web" in namespace "production" belongs to the younger WerfBundle shops/first, which is no longer deployed once this one is',
    ),
    'an older one may come, and is told what it does',
  );
  const itself = bundle({ ...PLAIN, converge: place }, { namespace: 'shops', name: 'first' });
  t.same(await askOf(opened, { object: itself }), ALLOWED, 'itself');
  opened.kube.vanish(WERFBUNDLES, { namespace: 'shops', name: 'first' });
  await settle();
  t.same(await askOf(opened, { object }), ALLOWED, 'one that has gone');
  seed(ops('plain'), '2026-01-01T00:00:00Z', {});
  await settle();
  const named = bundle(
    { ...PLAIN, converge: { targetNamespace: 'ops', serviceAccountName: 'a', releaseName: 'plain' } },
    { namespace: 'shops', name: 'other' },
  );
  opened.kube.seed(NAMESPACES, { metadata: { name: 'ops', annotations: { 'werf.io/accept-bundles-from': '*' } } });
  opened.kube.seed(SERVICEACCOUNTS, { metadata: ops('a') });
  t.match(
    (await askOf(opened, { object: named })).problems[0],
    'belongs to the older WerfBundle ops/plain',
    'by default',
  );
});

t.test('of an update only what it changes is checked', async (t) => {
  const rows: readonly { title: string; from?: WerfBundleSpec; to: WerfBundleSpec; want: readonly string[] }[] = [
    { title: 'nothing that refers', to: { ...REFERRING_SPEC, suspend: true }, want: [] },
    {
      title: 'the registry',
      to: { ...REFERRING_SPEC, registry: { ...REFERRING_SPEC.registry, url: 'ghcr.io/acme/other' } },
      want: ['Secret ops/creds'],
    },
    {
      title: 'the CA',
      to: { ...REFERRING_SPEC, registry: { ...REFERRING_SPEC.registry, caSecretRef: { name: 'ca-2' } } },
      want: ['Secret ops/ca-2'],
    },
    {
      title: 'the key',
      to: converge({ werfSecretKeyRef: { name: 'werf-key', key: 'other' } }),
      want: ['Secret ops/werf-key'],
    },
    {
      title: 'the account',
      to: converge({ serviceAccountName: 'other' }),
      want: ['ServiceAccount production/other'],
    },
    {
      title: 'the order of values: all of them are merged anew',
      to: converge({ valuesFrom: REFERRING_SPEC.converge?.valuesFrom?.toReversed() ?? [] }),
      want: ['ConfigMap ops/app-config', 'Secret ops/app-keys', 'Secret production/app-keys'],
    },
    {
      title: 'the target: all that is looked for there',
      to: converge({ targetNamespace: 'staging' }),
      want: [
        'ConfigMap ops/app-config',
        'Secret ops/app-keys',
        'Secret staging/app-keys',
        'ServiceAccount staging/werf-converge',
      ],
    },
  ];
  for (const { title, to, want } of rows) {
    const opened = harness('--cross-namespace=always');
    await opened.ask({ object: bundle(to), oldObject: bundle() });
    const named = opened.asked.filter((question) => !/^(may|Namespace) /.test(question));
    t.same(named.toSorted(), want, title);
  }
  const opened = harness();
  for (const name of ['creds', 'ca', 'werf-key']) opened.kube.vanish(SECRETS, ops(name));
  opened.kube.vanish(SERVICEACCOUNTS, production('werf-converge'));
  opened.kube.vanish(CONFIGMAPS, ops('app-config'));
  const suspended = bundle({ ...REFERRING_SPEC, suspend: true });
  t.same(await askOf(opened, { object: suspended, oldObject: bundle() }), ALLOWED, 'all gone, and none of it changed');
  const added = converge({
    valuesFrom: [...(REFERRING_SPEC.converge?.valuesFrom ?? []), { configMapRef: { name: 'new' } }],
  });
  t.same(
    await askOf(opened, { object: bundle(added), oldObject: bundle() }),
    denied(
      "spec.converge.valuesFrom[2].configMapRef.name: Not found: configMap 'new' not found in namespaces 'ops' or 'production'",
    ),
    'only the new source is told of',
  );
  const silent = harness();
  const going = bundle(REFERRING_SPEC, { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['werf.io/x'] });
  const released = bundle(REFERRING_SPEC, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  t.same(await askOf(silent, { object: released, oldObject: going }), ALLOWED, 'an object that is going');
  const labelled = bundle(REFERRING_SPEC, { labels: { team: 'a' }, annotations: { 'example.org/x': 'y' } });
  t.same(await askOf(silent, { object: labelled, oldObject: bundle() }), ALLOWED, 'foreign metadata');
  const requested = bundle(REFERRING_SPEC, { annotations: { 'werf.io/reconcile-requested-at': 'now' } });
  t.same(await askOf(silent, { object: requested, oldObject: bundle() }), ALLOWED, 'a request to reconcile');
  t.same(silent.asked, [], 'none of which asks anything');
});

t.test('what could not be looked up is not called missing', async (t) => {
  const questions = ['Secret ops/creds', 'ServiceAccount production/werf-converge', 'Secret production/app-keys'];
  const want = [
    'spec.registry.secretRef.name: Internal error: Secret creds in namespace ops could not be checked: Secret ops/creds: unavailable',
    'spec.converge.serviceAccountName: Internal error: ServiceAccount werf-converge in namespace production could not be checked: ServiceAccount production/werf-converge: unavailable',
    'spec.converge.valuesFrom[1].secretRef.name: Internal error: Secret app-keys could not be checked: Secret production/app-keys: unavailable',
  ];
  const strict = harness();
  for (const question of questions) strict.fail(question);
  t.same(await askOf(strict, { object: bundle() }), denied(...want));
  const lenient = harness('--on-lookup-failure=warn');
  for (const question of questions) lenient.fail(question);
  t.same(await askOf(lenient, { object: bundle() }), warned(...want), 'or told, where that is wished');
  const missing = harness('--missing-references=warn');
  for (const question of questions) missing.fail(question);
  t.same((await askOf(missing, { object: bundle(), dryRun: true })).allowed, false, 'it is no missing reference');
  const grants = harness('--on-lookup-failure=warn');
  grants.fail('may create jobs.batch in production');
  t.same(
    await askOf(grants, { object: bundle() }),
    denied(
      'spec.converge.targetNamespace: Internal error: whether user "jane" may create jobs.batch in namespace "production" could not be checked: may create jobs.batch in production: unavailable',
    ),
    'a grant that could not be asked for lets nothing pass',
  );
});

t.test('one slow look-up of ten ends with the time limit for all of them', async (t) => {
  const opened = harness();
  const names = Array.from({ length: 10 }, (_, at) => `values-${at}`);
  for (const name of names) opened.kube.seed(CONFIGMAPS, { metadata: ops(name), data: { 'v.yaml': 'a: 1\n' } });
  opened.hang('ConfigMap ops/values-4');
  const valuesFrom = names.map((name) => ({ configMapRef: { name } }));
  const object = bundle({ ...PLAIN, converge: { valuesFrom } });
  let told: Omit<Told, 'patch'> | undefined;
  const asking = askOf(opened, { object }).then((answer) => {
    told = answer;
  });
  await opened.clock.advance(7999);
  t.equal(told, undefined, 'nothing is said before the time is over');
  t.same(
    opened.asked.filter((question) => question.startsWith('ConfigMap')).length,
    10,
    'the others were not kept waiting',
  );
  await opened.clock.advance(1);
  await asking;
  t.same(
    told,
    denied(
      'spec.converge.valuesFrom[4].configMapRef.name: Internal error: ConfigMap values-4 could not be checked: no answer within 8s',
    ),
    'a second before the call\u2019s own end',
  );
  const short = askOf(opened, { object, withinMs: 1000 });
  await opened.clock.advance(500);
  t.match((await short).problems[0], 'no answer within 500ms', 'of a short time, half');
  t.equal(opened.clock.pending(), 1, 'no timer is left but that of the watch');
});

t.test('a spec with twelve mistakes lists twelve fields, sorted, once each', async (t) => {
  const opened = harness();
  const spec = {
    registry: {
      url: 'https://ghcr.io/acme/app:v1',
      secretRef: { name: 'no-creds' },
      pollInterval: '15',
      versionConstraint: 'one',
      tagPattern: '(',
      caSecretRef: { name: 'no-ca' },
    },
    converge: {
      targetNamespace: 'production',
      serviceAccountName: 'nobody',
      resourceLimits: { cpu: '-1', memory: '-1Gi' },
      retries: 11,
      werfSecretKeyRef: { name: 'no-key' },
      valuesFrom: [{ configMapRef: { name: 'no-config' } }],
    },
  };
  for (const webhook of ['mutate', 'validate'] as const) {
    const { problems } = await askOf(opened, { webhook, object: bundle(spec as WerfBundleSpec) });
    t.same(
      problems.map((problem) => problem.split(': ')[0]),
      [
        'spec.registry.url',
        'spec.registry.secretRef.name',
        'spec.registry.pollInterval',
        'spec.registry.versionConstraint',
        'spec.registry.tagPattern',
        'spec.registry.caSecretRef.name',
        'spec.converge.serviceAccountName',
        'spec.converge.resourceLimits.cpu',
        'spec.converge.resourceLimits.memory',
        'spec.converge.retries',
        'spec.converge.werfSecretKeyRef.name',
        'spec.converge.valuesFrom[0].configMapRef.name',
      ],
      `by /${webhook}`,
    );
  }
  const valid = harness();
  await valid.ask({ webhook: 'mutate', object: bundle() });
  t.same(valid.asked, [], 'what breaks no rule is looked up by /validate only');
});

t.test('specs of any shape are judged without an error', async (t) => {
  const junk: readonly unknown[] = [
    null,
    7,
    'x',
    [],
    {},
    { name: null },
    { name: 7 },
    { name: '../x' },
    [null, {}, 'a'],
  ];
  const opened = harness();
  for (const value of junk) {
    for (const field of [
      'targetNamespace',
      'releaseName',
      'serviceAccountName',
      'werfSecretKeyRef',
      'valuesFrom',
      'values',
    ]) {
      const spec = {
        ...REFERRING_SPEC,
        converge: { ...REFERRING_SPEC.converge, [field]: value },
      } as unknown as WerfBundleSpec;
      const { allowed, problems } = await opened.ask({ object: bundle(spec), oldObject: bundle() });
      t.ok(allowed || problems.length > 0, `${field}: ${JSON.stringify(value)}`);
    }
    const spec = {
      registry: { ...REFERRING_SPEC.registry, secretRef: value, caSecretRef: value },
    } as unknown as WerfBundleSpec;
    t.ok(await opened.ask({ object: bundle(spec) }), `Secrets: ${JSON.stringify(value)}`);
    const whole = { registry: value, converge: value } as unknown as WerfBundleSpec;
    t.ok(await opened.ask({ object: bundle(whole) }), `all: ${JSON.stringify(value)}`);
  }
});
