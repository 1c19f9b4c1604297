import t from 'tap';
import type { WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { parseConfig } from '../../webhook/config.js';
import {
  type AdmissionHarness,
  createAdmissionHarness,
  type Told,
  withoutAccountWarning,
} from '../kit/admission-harness.js';
import { settle } from '../kit/fake-clock.js';

const OPERATOR = 'k8s-werf-operator-go-system';

/** Looks into another team's namespace for everything that can be named. */
const NOSY: WerfBundleSpec = {
  registry: { url: 'ghcr.io/acme/app', tag: 'v1', secretRef: { name: 'creds' } },
  converge: {
    targetNamespace: 'production',
    serviceAccountName: 'deployer',
    releaseName: 'web',
    valuesFrom: [{ secretRef: { name: 'keys' }, optional: true }, { configMapRef: { name: 'config' } }],
  },
};
const PLAIN: WerfBundleSpec = { registry: { url: 'ghcr.io/acme/app', tag: 'v1' } };
const bundle = (spec: WerfBundleSpec, metadata: WerfBundle['metadata'] = {}): WerfBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace: 'ops', name: 'my-app', ...metadata },
  spec,
});

/** A webhook that lets a user may do exactly this. */
const harnessFor = (rights: readonly string[], ...flags: readonly string[]): AdmissionHarness =>
  createAdmissionHarness({ flags, may: (_, what) => rights.includes(what) });

/** Everything that {@link NOSY} names, wherever it could be; nothing of it can be used. */
const furnish = async ({ kube }: AdmissionHarness): Promise<void> => {
  kube.seed(NAMESPACES, { metadata: { name: 'production' } });
  kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'deployer' } });
  for (const namespace of ['ops', 'production']) {
    kube.seed(SECRETS, { metadata: { namespace, name: 'creds' } });
    kube.seed(SECRETS, { metadata: { namespace, name: 'keys' } });
    kube.seed(CONFIGMAPS, { metadata: { namespace, name: 'config' }, data: { 'x.yaml': 'a: b: c' } });
  }
  const converge = { targetNamespace: 'production', releaseName: 'web' };
  kube.seed(WERFBUNDLES, bundle({ ...PLAIN, converge }, { namespace: 'shops', name: 'shop' }));
  await settle();
};

const askOf = async (
  harness: AdmissionHarness,
  wish: Parameters<AdmissionHarness['ask']>[0],
): Promise<Omit<Told, 'patch'>> => {
  const { patch: _, ...told } = withoutAccountWarning(await harness.ask(wish));
  return told;
};
const ALLOWED = { allowed: true, problems: [], warnings: [] };
const refused = (...problems: readonly string[]) => ({ allowed: false, problems, warnings: [] });

const NO_JOBS =
  'spec.converge.targetNamespace: Forbidden: user "jane" may not create jobs.batch in namespace "production"';
const mayNotGet = (field: string, what: string, namespace: string) =>
  `spec.${field}.name: Forbidden: user "jane" may not get ${what} in namespace "${namespace}", nor create pods there`;

t.test('without a grant the answer is the same whether something exists or not', async (t) => {
  const rows = [
    {
      title: 'no rights at all',
      rights: [],
      want: [
        mayNotGet('registry.secretRef', 'secrets "creds"', 'ops'),
        NO_JOBS,
        mayNotGet('converge.valuesFrom[0].secretRef', 'secrets "keys"', 'ops'),
        mayNotGet('converge.valuesFrom[0].secretRef', 'secrets "keys"', 'production'),
        mayNotGet('converge.valuesFrom[1].configMapRef', 'configmaps "config"', 'ops'),
        mayNotGet('converge.valuesFrom[1].configMapRef', 'configmaps "config"', 'production'),
      ],
      looked: [],
    },
    {
      title: 'all rights on Secrets of the own namespace one by one',
      rights: ['get secrets/keys in ops', 'get configmaps/config in ops'],
      want: [
        mayNotGet('registry.secretRef', 'secrets "creds"', 'ops'),
        NO_JOBS,
        mayNotGet('converge.valuesFrom[0].secretRef', 'secrets "keys"', 'production'),
        mayNotGet('converge.valuesFrom[1].configMapRef', 'configmaps "config"', 'production'),
      ],
      looked: [],
    },
  ];
  for (const { title, rights, want, looked } of rows) {
    const [full, empty] = [harnessFor(rights), harnessFor(rights)];
    await furnish(full);
    for (const dryRun of [false, true]) {
      const object = bundle(NOSY);
      const told = await askOf(full, { object, dryRun });
      t.same(told, refused(...want), title);
      t.same(await askOf(empty, { object, dryRun }), told, `${title}: where there is nothing`);
    }
    const isLookUp = (question: string) => !question.startsWith('may ');
    t.same(
      [full, empty].flatMap(({ asked }) => asked.filter(isLookUp)),
      looked,
      `${title}: nothing was looked up`,
    );
  }
  const own = harnessFor(['create pods in ops']);
  await furnish(own);
  const told = await askOf(own, { object: bundle(NOSY) });
  t.match(told.problems[0], 'Secret creds in namespace ops is of type Opaque', 'of the granted namespace all is told');
  t.same(told.problems.slice(1), [
    NO_JOBS,
    mayNotGet('converge.valuesFrom[0].secretRef', 'secrets "keys"', 'production'),
    mayNotGet('converge.valuesFrom[1].configMapRef', 'configmaps "config"', 'production'),
  ]);
  t.same(
    own.asked.filter((question) => !question.startsWith('may ')),
    ['Secret ops/creds'],
  );
});

t.test('one review answers for all names of a namespace', async (t) => {
  const harness = harnessFor(['create jobs.batch in ops', 'create pods in ops']);
  const names = Array.from({ length: 20 }, (_, at) => ({ secretRef: { name: `s${at}` }, optional: true }));
  t.same(await askOf(harness, { object: bundle({ ...PLAIN, converge: { valuesFrom: names } }) }), ALLOWED);
  t.same(
    harness.asked.filter((question) => question.startsWith('may ')),
    ['may create jobs.batch in ops', 'may create pods in ops'],
  );
  const one = harnessFor(['create jobs.batch in ops', 'get secrets/keys in ops']);
  one.kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'keys' }, data: { 'a.yaml': '' } });
  const valuesFrom = [{ secretRef: { name: 'keys' } }];
  t.same(await askOf(one, { object: bundle({ ...PLAIN, converge: { valuesFrom } }) }), ALLOWED, 'or one for each name');
});

t.test('the user is asked about as the apiserver knows them', async (t) => {
  const harness = harnessFor([]);
  const user = {
    username: 'system:serviceaccount:ops:flux',
    uid: 'u-7',
    groups: ['system:serviceaccounts', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/pod-name': ['flux-1'] },
  };
  await harness.ask({ object: bundle(PLAIN), user });
  t.same(harness.reviews, [
    {
      user: user.username,
      uid: user.uid,
      groups: user.groups,
      extra: user.extra,
      resourceAttributes: { verb: 'create', group: 'batch', resource: 'jobs', namespace: 'ops' },
    },
  ]);
  t.same(harness.counted, ['SubjectAccessReview denied']);
});

t.test('a user who changes a bundle needs its rights', async (t) => {
  const old = bundle(PLAIN);
  const annotated = (annotations: Readonly<Record<string, string>>, more: WerfBundle['metadata'] = {}) =>
    bundle(PLAIN, { annotations, ...more });
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  const rows: readonly { title: string; old: WerfBundle; now: WerfBundle; asked: boolean }[] = [
    { title: 'the tag', old, now: bundle({ registry: { ...PLAIN.registry, tag: 'v2' } }), asked: true },
    { title: 'a retry more', old, now: bundle({ ...PLAIN, converge: { retries: 1 } }), asked: true },
    { title: 'suspend', old, now: bundle({ ...PLAIN, suspend: true }), asked: true },
    { title: 'an annotation of ours', old, now: annotated({ 'werf.io/allow-downgrade': 'true' }), asked: true },
    { title: 'a deploy', old, now: annotated({ 'werf.io/deploy-requested-at': 'now' }), asked: true },
    { title: 'a rollback', old, now: annotated({ 'werf.io/rollback-to': 'v1' }), asked: true },
    { title: 'one taken away', old: annotated({ 'werf.io/dismiss-required': 'true' }), now: old, asked: true },
    { title: 'a reconcile', old, now: annotated({ 'werf.io/reconcile-requested-at': 'now' }), asked: false },
    { title: 'Flux\u2019s reconcile', old, now: annotated({ 'reconcile.fluxcd.io/requestedAt': 'now' }), asked: false },
    { title: 'a foreign annotation', old, now: annotated({ team: 'a' }), asked: false },
    { title: 'a label', old, now: bundle(PLAIN, { labels: { team: 'a' } }), asked: false },
    { title: 'a finalizer', old, now: bundle(PLAIN, { finalizers: ['werf.io/x'] }), asked: false },
    { title: 'a status', old, now: { ...old, status: { phase: 'Failed' } }, asked: false },
    {
      title: 'metadata of one that is being deleted',
      old: annotated({ 'werf.io/x': '1' }, going),
      now: annotated({}, going),
      asked: false,
    },
    {
      title: 'the spec of one that is being deleted',
      old: bundle(PLAIN, going),
      now: bundle({ ...PLAIN, suspend: true }, going),
      asked: true,
    },
  ];
  const want = refused(
    'spec.converge.targetNamespace: Forbidden: user "jane" may not create jobs.batch in namespace "ops"',
  );
  for (const { title, old: oldObject, now: object, asked } of rows) {
    const harness = harnessFor([]);
    t.same(await askOf(harness, { object, oldObject }), asked ? want : ALLOWED, title);
  }
  t.same(await askOf(harnessFor([]), { object: old }), want, 'a new bundle');
});

t.test('--authorize', async (t) => {
  const rows = [
    { flag: 'off', spec: NOSY, want: [] },
    { flag: 'cross-namespace', spec: PLAIN, want: [] },
    {
      flag: 'cross-namespace',
      spec: NOSY,
      want: [
        NO_JOBS,
        mayNotGet('converge.valuesFrom[0].secretRef', 'secrets "keys"', 'production'),
        mayNotGet('converge.valuesFrom[1].configMapRef', 'configmaps "config"', 'production'),
      ],
    },
  ];
  for (const { flag, spec, want } of rows) {
    const harness = harnessFor([], `--authorize=${flag}`, '--check-references=false', '--cross-namespace=always');
    t.same((await askOf(harness, { object: bundle(spec) })).problems, want, flag);
  }
});

t.test('another bundle\u2019s name is told to whom may see it', async (t) => {
  const converge = { targetNamespace: 'production', serviceAccountName: 'deployer', releaseName: 'web' };
  const rights = ['create jobs.batch in production'];
  const seen = 'get werfbundles.werf.io/shop in shops';
  const told = async (harness: AdmissionHarness): Promise<string | undefined> => {
    await furnish(harness);
    return (await askOf(harness, { object: bundle({ ...PLAIN, converge }) })).problems[0];
  };
  const flag = '--cross-namespace=always';
  t.match(await told(harnessFor([...rights, seen], flag)), 'belongs to the older WerfBundle shops/shop;');
  t.match(await told(harnessFor(rights, flag)), 'belongs to an older WerfBundle of another namespace;');
  t.match(await told(harnessFor([], '--authorize=off', flag)), 'belongs to the older WerfBundle shops/shop;');
});

t.test('the operator\u2019s own is nothing for a bundle, whoever writes it', async (t) => {
  const rows = [
    { field: 'registry.secretRef', spec: { registry: { ...PLAIN.registry, secretRef: { name: 'my-certificates' } } } },
    {
      field: 'converge.valuesFrom[0].secretRef',
      spec: { ...PLAIN, converge: { valuesFrom: [{ secretRef: { name: 'werfbundle-checksum-key' } }] } },
    },
    {
      field: 'converge.werfSecretKeyRef',
      spec: { ...PLAIN, converge: { werfSecretKeyRef: { name: 'werfbundle-webhook-token-x7k2p', key: 'token' } } },
    },
  ] as const;
  for (const { field, spec } of rows) {
    const harness = createAdmissionHarness({ flags: ['--certificate-secret=my-certificates', '--authorize=off'] });
    const told = await askOf(harness, { object: bundle(spec, { namespace: OPERATOR }) });
    t.match(told.problems, [
      new RegExp(`^spec.${field.replaceAll(/[[\]]/g, '\\$&')}.name: Forbidden: Secret .* is the operator's own`),
    ]);
    t.same(harness.asked, [], 'it is not even looked up');
  }
  const account = { ...PLAIN, converge: { targetNamespace: OPERATOR, serviceAccountName: 'werfbundle-controller' } };
  const harness = createAdmissionHarness({ flags: ['--cross-namespace=always', '--check-references=false'] });
  t.same(
    await askOf(harness, { object: bundle(account) }),
    refused(
      `spec.converge.serviceAccountName: Forbidden: ServiceAccount werfbundle-controller in namespace ${OPERATOR} is the operator's own, which no bundle may use`,
    ),
  );
  const elsewhere = { ...PLAIN, converge: { serviceAccountName: 'werfbundle-controller' } };
  t.same(await askOf(harness, { object: bundle(elsewhere) }), ALLOWED, 'in another namespace a name is only a name');
});

t.test('the policy of the platform', async (t) => {
  const rows = [
    {
      title: 'a whole registry',
      flag: 'allowed-registries',
      pattern: 'ghcr.io',
      url: 'ghcr.io/acme/app',
      allowed: true,
    },
    {
      title: 'below a path',
      flag: 'allowed-registries',
      pattern: 'ghcr.io/acme',
      url: 'ghcr.io/acme/a/b',
      allowed: true,
    },
    {
      title: 'the path itself',
      flag: 'allowed-registries',
      pattern: 'ghcr.io/acme',
      url: 'ghcr.io/acme',
      allowed: true,
    },
    {
      title: 'half a part',
      flag: 'allowed-registries',
      pattern: 'ghcr.io/acme',
      url: 'ghcr.io/acme-labs/app',
      allowed: false,
    },
    {
      title: 'a part by glob',
      flag: 'allowed-registries',
      pattern: 'ghcr.io/acme-*',
      url: 'ghcr.io/acme-labs/app',
      allowed: true,
    },
    {
      title: 'no glob over parts',
      flag: 'allowed-registries',
      pattern: 'ghcr.io/*/app',
      url: 'ghcr.io/a/b/app',
      allowed: false,
    },
    {
      title: 'another host',
      flag: 'allowed-registries',
      pattern: 'ghcr.io',
      url: 'ghcr.io.evil.example/acme',
      allowed: false,
    },
    {
      title: 'another port',
      flag: 'allowed-registries',
      pattern: 'reg.corp:5000',
      url: 'reg.corp/acme',
      allowed: false,
    },
    {
      title: 'a label by glob',
      flag: 'allowed-registries',
      pattern: '*.corp.example',
      url: 'a.corp.example/x',
      allowed: true,
    },
    {
      title: 'no glob over labels',
      flag: 'allowed-registries',
      pattern: '*.corp.example',
      url: 'a.b.corp.example/x',
      allowed: false,
    },
    {
      title: 'not the domain itself',
      flag: 'allowed-registries',
      pattern: '*.corp.example',
      url: 'corp.example/x',
      allowed: false,
    },
    {
      title: 'one of several',
      flag: 'allowed-registries',
      pattern: 'quay.io,ghcr.io',
      url: 'ghcr.io/acme',
      allowed: true,
    },
    { title: 'upper case', flag: 'allowed-registries', pattern: 'GHCR.io', url: 'ghcr.io/acme', allowed: true },
    {
      title: 'Docker Hub by another name',
      flag: 'allowed-registries',
      pattern: 'docker.io/acme',
      url: 'index.docker.io/acme/app',
      allowed: true,
    },
    { title: 'an image', flag: 'allowed-images', pattern: 'ghcr.io/acme', image: 'ghcr.io/acme/werf:2', allowed: true },
    {
      title: 'a tag by glob',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme/werf:2.*',
      image: 'ghcr.io/acme/werf:2.1',
      allowed: true,
    },
    {
      title: 'another tag',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme/werf:2.*',
      image: 'ghcr.io/acme/werf:3.0',
      allowed: false,
    },
    {
      title: 'no tag is latest',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme/werf:2.*',
      image: 'ghcr.io/acme/werf',
      allowed: false,
    },
    {
      title: 'below the repository',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme:2',
      image: 'ghcr.io/acme/evil:2',
      allowed: false,
    },
    {
      title: 'a tag beside a digest',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme/werf:2',
      image: 'ghcr.io/acme/werf:2@sha256:aa',
      allowed: false,
    },
    {
      title: 'the digest',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme/werf@sha256:aa',
      image: 'ghcr.io/acme/werf:x@sha256:aa',
      allowed: true,
    },
    {
      title: 'any digest',
      flag: 'allowed-images',
      pattern: 'ghcr.io/acme/werf',
      image: 'ghcr.io/acme/werf@sha256:bb',
      allowed: true,
    },
    {
      title: 'Docker Hub\u2019s own',
      flag: 'allowed-images',
      pattern: 'docker.io/library',
      image: 'alpine:3',
      allowed: true,
    },
    {
      title: 'a user of Docker Hub',
      flag: 'allowed-images',
      pattern: 'docker.io/library',
      image: 'evil/alpine:3',
      allowed: false,
    },
    { title: 'none named: the platform\u2019s own', flag: 'allowed-images', pattern: 'ghcr.io/acme', allowed: true },
  ];
  for (const { title, flag, pattern, url = 'ghcr.io/acme/app', image, allowed } of rows) {
    const harness = createAdmissionHarness({ flags: [`--${flag}=${pattern}`] });
    const spec = { registry: { url, tag: 'v1' }, ...(image !== undefined && { converge: { image } }) };
    t.equal((await harness.ask({ object: bundle(spec) })).allowed, allowed, `${title}: ${pattern}, ${image ?? url}`);
  }
  const harness = createAdmissionHarness({
    flags: ['--allowed-registries=quay.io,reg.corp', '--allowed-images=quay.io/werf'],
  });
  const spec = { ...PLAIN, converge: { image: 'ubuntu' } };
  const want = refused(
    'spec.registry.url: Forbidden: the platform allows no bundles from ghcr.io/acme/app, only from quay.io, reg.corp',
    'spec.converge.image: Forbidden: the platform does not allow the image ubuntu, only quay.io/werf',
  );
  t.same(await askOf(harness, { object: bundle(spec) }), want);
  t.same(await askOf(harness, { object: bundle({ ...spec, suspend: true }), oldObject: bundle(spec) }), want);
  t.same(await askOf(harness, { object: bundle(spec, { labels: { a: 'b' } }), oldObject: bundle(spec) }), ALLOWED);
  t.same(
    parseConfig({ argv: ['--allowed-registries=https://ghcr.io,acme', '--allowed-images=ubuntu:22.04'], env: {} }),
    {
      kind: 'invalid',
      problems: [
        '--allowed-registries: "https://ghcr.io": a pattern has no scheme; write for example "ghcr.io/acme"',
        '--allowed-registries: "acme": a pattern begins with a host, for example "ghcr.io/acme" or "*.corp.example"',
        '--allowed-images: "ubuntu:22.04": a pattern begins with a host, for example "ghcr.io/acme" or "*.corp.example"',
      ],
    },
  );
});

t.test('the guide\u2019s reset becomes a request to reconcile', async (t) => {
  const failed = { ...bundle(PLAIN), status: { consecutiveFailures: 6 } };
  const reset = { ...bundle(PLAIN), status: { consecutiveFailures: 0 } };
  const value = '2026-01-01T00:00:00.000Z';
  const warnings = [
    'status.consecutiveFailures: a status can only be changed with --subresource=status; the annotation werf.io/reconcile-requested-at was set instead, which asks for a poll',
  ];
  const rows: readonly { title: string; old: WerfBundle; now: WerfBundle; patch: readonly object[] }[] = [
    {
      title: 'without annotations',
      old: failed,
      now: reset,
      patch: [{ op: 'add', path: '/metadata/annotations', value: { 'werf.io/reconcile-requested-at': value } }],
    },
    {
      title: 'beside others, an older request among them',
      old: {
        ...failed,
        metadata: { ...failed.metadata, annotations: { 'werf.io/reconcile-requested-at': 'x', a: 'b' } },
      },
      now: {
        ...reset,
        metadata: { ...reset.metadata, annotations: { 'werf.io/reconcile-requested-at': 'x', a: 'b' } },
      },
      patch: [{ op: 'add', path: '/metadata/annotations/werf.io~1reconcile-requested-at', value }],
    },
    {
      title: 'with a request of its own',
      old: failed,
      now: { ...reset, metadata: { ...reset.metadata, annotations: { 'werf.io/reconcile-requested-at': 'x' } } },
      patch: [],
    },
    { title: 'lowered, but not to 0', old: failed, now: { ...reset, status: { consecutiveFailures: 1 } }, patch: [] },
    { title: 'left out', old: failed, now: bundle(PLAIN), patch: [] },
    { title: 'nothing to reset', old: reset, now: reset, patch: [] },
  ];
  const harness = harnessFor([]);
  for (const { title, old: oldObject, now: object, patch } of rows) {
    const told = await harness.ask({ webhook: 'mutate', object, oldObject });
    t.same(told, { allowed: true, problems: [], warnings: patch.length > 0 ? warnings : [], patch }, title);
  }
  t.same((await harness.ask({ webhook: 'mutate', object: reset })).warnings, [], 'a new bundle has nothing to reset');
});
