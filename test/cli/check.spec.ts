import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { SPEC_SCHEMA } from '../../api/schema-node.js';
import { issueAuthority } from '../../certs/issue.js';
import { CLUSTER_CHECKS, PRE_CHECKS } from '../../cli/check/checks.js';
import type { ClusterView } from '../../cli/check/cluster-view.js';
import { checkCluster } from '../../cli/check/command.js';
import { CONTROLLER_RULES, INSTALLED, USER_RULES } from '../../cli/check/rights.js';
import { examine } from '../../cli/diagnosis/examine.js';
import { known, unknown } from '../../cli/diagnosis/known.js';
import { DEFINITIONS, DEPLOYMENTS } from '../../cli/diagnosis/operator-kinds.js';
import { KubeError } from '../../kube/client.js';
import { MUTATING_WEBHOOKS, NAMESPACES, VALIDATING_WEBHOOKS } from '../../kube/resources.js';
import { NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

const ROOT = join(import.meta.dirname, '../..');
const DAY = 24 * 60 * 60_000;
const FINE = { authoritiesEndAt: [NOW + 100 * DAY], withoutAuthority: [], ignoring: [] };

const view = (change: Partial<ClusterView> = {}): ClusterView => ({
  now: NOW,
  namespace: 'ops',
  namespaceExists: known(true),
  operatorNamespace: 'operator',
  givenNamespaceExists: undefined,
  version: known('v1.30.0'),
  definition: known({ lacks: [], beyond: [] }),
  configurations: [
    { name: 'one', found: known(FINE) },
    { name: 'two', found: known(FINE) },
  ],
  valuesGuard: { name: 'guard', found: known(FINE) },
  leafEndsAt: known(NOW + 5 * DAY),
  webhook: { kind: 'refused' },
  leases: known([{ name: 'lease', holder: 'pod-1', unrenewedMs: 0, isFresh: true }]),
  deployments: known([deployment('webhook', 2)]),
  controllerLacks: known([]),
  own: known({ may: ['get werfbundles.werf.io'], mayNot: [] }),
  accepting: known([]),
  ...change,
});
const deployment = (name: string, ready: number) => ({ name, app: `werfbundle-${name}`, wanted: 2, ready });
/** No operator. */
const ABSENT = {
  configurations: [{ name: 'one', found: known(undefined) }],
  webhook: { kind: 'accepted' },
  leases: known([]),
  deployments: known([]),
} as const;
const NO_RIGHT = unknown('you have no right to it');

const ROWS: readonly {
  title: string;
  given: ClusterView;
  want: readonly (readonly [id: string, verdict: string, found: RegExp])[];
}[] = [
  { title: 'nothing is wrong', given: view(), want: [] },
  {
    title: 'nothing may be seen',
    given: view({
      namespaceExists: NO_RIGHT,
      version: NO_RIGHT,
      definition: NO_RIGHT,
      configurations: [{ name: 'one', found: NO_RIGHT }],
      valuesGuard: { name: 'guard', found: NO_RIGHT },
      leafEndsAt: NO_RIGHT,
      webhook: { kind: 'unknown', why: 'no right' },
      leases: NO_RIGHT,
      deployments: NO_RIGHT,
      controllerLacks: NO_RIGHT,
      own: NO_RIGHT,
      accepting: NO_RIGHT,
    }),
    want: [],
  },
  {
    title: 'the values guard is not installed, which it need not be',
    given: view({ valuesGuard: { name: 'guard', found: known(undefined) } }),
    want: [],
  },
  {
    title: 'the values guard is installed, and the webhook does not answer it',
    given: view({
      valuesGuard: {
        name: 'guard',
        found: known({ ...FINE, authoritiesEndAt: [], withoutAuthority: ['guard.values.werf.io'] }),
      },
    }),
    want: [['values-guard', 'warning', /no CA in caBundle of guard\.values\.werf\.io, .* --guard-values/]],
  },
  {
    title: 'too old',
    given: view({ version: known('v1.29.14-eks-1') }),
    want: [['version', 'failed', /older than 1\.30/]],
  },
  { title: 'a version that cannot be read', given: view({ version: known('unknown') }), want: [] },
  { title: 'a later major version', given: view({ version: known('v2.0.0') }), want: [] },
  {
    title: 'no CRD, which explains what else fails',
    given: view({ definition: known(undefined), webhook: { kind: 'accepted' }, controllerLacks: known(['list pods']) }),
    want: [['definition', 'failed', /^this cluster knows no WerfBundle$/]],
  },
  {
    title: 'nothing is installed',
    given: view({ ...ABSENT, definition: known(undefined) }),
    want: [['installation', 'failed', /^werfbundle is not installed in this cluster\. To install it, /]],
  },
  {
    title: 'it was uninstalled, and a Lease is left',
    given: view({ ...ABSENT, leases: known([{ name: 'lease', holder: '', unrenewedMs: DAY, isFresh: false }]) }),
    want: [
      ['installation', 'failed', /: there is neither webhook nor controller, only the CustomResourceDefinition, /],
    ],
  },
  {
    title: 'it was uninstalled, as far as somebody may see who may not see everything',
    given: view({ ...ABSENT, deployments: NO_RIGHT }),
    want: [['configurations[0]', 'failed', /^it does not exist$/]],
  },
  {
    title: 'a namespace that does not exist',
    given: view({ namespaceExists: known(false), webhook: { kind: 'unknown', why: 'namespaces "ops" not found' } }),
    want: [['namespace', 'failed', /^ops does not exist: create it, or give another one with -n$/]],
  },
  {
    title: 'an operator that is looked for in a namespace which does not exist',
    given: view({
      givenNamespaceExists: known(false),
      deployments: known([]),
      leases: known([]),
      controllerLacks: known(['list pods']),
    }),
    want: [['operator-namespace', 'failed', /^operator does not exist: give the one in which /]],
  },
  { title: 'an operator that is looked for where it is', given: view({ givenNamespaceExists: known(true) }), want: [] },
  {
    title: 'an older CRD',
    given: view({ definition: known({ lacks: ['spec.suspend'], beyond: [] }) }),
    want: [['fields', 'failed', /^the cluster is older than this program, and lacks spec\.suspend$/]],
  },
  {
    title: 'a newer CRD',
    given: view({ definition: known({ lacks: [], beyond: ['a', 'b', 'c', 'd', 'e', 'f'] }) }),
    want: [['fields', 'warning', /does not know a, b, c, d, e and 1 more$/]],
  },
  {
    title: 'a webhook that lets pass what nobody has judged',
    given: view({ configurations: [{ name: 'one', found: known({ ...FINE, ignoring: ['validate'] }) }] }),
    want: [['configurations[0]', 'warning', /everything passes validate/]],
  },
  {
    title: 'the webhook\u2019s own certificate ends first',
    given: view({ leafEndsAt: known(NOW - 1) }),
    want: [['certificates', 'failed', /^one has expired, at 2026-11-23T09:59:59Z$/]],
  },
  {
    title: 'a CA ends within a day',
    given: view({ configurations: [{ name: 'one', found: known({ ...FINE, authoritiesEndAt: [NOW + DAY - 1] }) }] }),
    want: [['certificates', 'warning', /^one expires at 2026-11-24T/]],
  },
  {
    title: 'nobody renews the Lease',
    given: view({ leases: known([{ name: 'lease', holder: 'pod-1', unrenewedMs: 12_000, isFresh: false }]) }),
    want: [
      [
        'controller',
        'failed',
        /^no controller works: pod-1, which holds Lease lease in namespace operator, has not renewed it for 12s: its process has ended, hangs, /,
      ],
    ],
  },
  {
    title: 'one of two replicas is ready, and none of another Deployment',
    given: view({
      deployments: known([deployment('webhook', 1), deployment('controller', 0)]),
    }),
    want: [
      ['deployments[0]', 'warning', /^1 of 2 /],
      ['deployments[1]', 'failed', /^0 of 2 /],
    ],
  },
  {
    title: 'the controller lacks rights',
    given: view({ controllerLacks: known(['list pods']) }),
    want: [['controller-rights', 'failed', /may not list pods$/]],
  },
  {
    title: 'somebody without any right',
    given: view({ own: known({ may: [], mayNot: ['get werfbundles.werf.io'] }) }),
    want: [['own-rights', 'warning', /^in namespace ops you may do nothing with bundles$/]],
  },
];

t.test('of what is wrong with a cluster one check tells', async (t) => {
  for (const { title, given, want } of ROWS) {
    const bad = examine(CLUSTER_CHECKS, given).filter(({ verdict }) => verdict === 'failed' || verdict === 'warning');
    t.strictSame(
      bad.map(({ id, verdict }) => [id, verdict]),
      want.map(([id, verdict]) => [id, verdict]),
      title,
    );
    for (const [at, [, , found]] of want.entries()) t.match(bad[at]?.found, found, title);
  }
});

t.test('where nothing is installed, nothing is said of what would be', async (t) => {
  const told = (given: ClusterView) => examine(CLUSTER_CHECKS, given).map(({ id }) => id);
  const rest = ['version', 'installation', 'namespace', 'own-rights', 'consent'];
  t.strictSame(told(view({ ...ABSENT, definition: known(undefined) })), rest);
  t.strictSame(told(view(ABSENT)), rest);
  t.notOk(told(view()).includes('installation'));
  const elsewhere = examine(CLUSTER_CHECKS, view({ givenNamespaceExists: known(false) }));
  t.strictSame(
    elsewhere.filter(({ verdict }) => verdict === 'not-checked').map(({ id, found }) => `${id}: ${found}`),
    ['controller', 'deployments', 'controller-rights'].map((id) => `${id}: there is no namespace operator to look in`),
  );
  const found = examine(
    CLUSTER_CHECKS,
    view({ namespaceExists: known(false), webhook: { kind: 'unknown', why: 'no' } }),
  );
  t.strictSame(
    found.filter(({ verdict }) => verdict === 'not-checked').map((check) => [check.id, check.found]),
    [
      ['webhook', 'there is no namespace ops to try it in'],
      ['own-rights', 'there is no such namespace'],
      ['consent', 'there is no such namespace'],
    ],
  );
});

t.test('before an installation a cluster must be recent, and its user must be allowed to install', async (t) => {
  const clean = { version: known('v1.30.0'), definition: known(undefined), operatorNamespace: 'operator' };
  const verdicts = (mayNotInstall: readonly string[]) =>
    examine(PRE_CHECKS, { ...clean, mayNotInstall: known(mayNotInstall) }).map(({ id, verdict }) => [id, verdict]);
  t.strictSame(verdicts([]), [
    ['version', 'ok'],
    ['installed', 'ok'],
    ['install-rights', 'ok'],
  ]);
  t.strictSame(verdicts(['create namespaces']).at(-1), ['install-rights', 'failed']);
});

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}
const manifestsIn = (file: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(join(ROOT, 'manifests', file), 'utf8'), { merge: true }).map(
    (document) => document.toJS() as Manifest,
  );

t.test('the rights that are asked for the controller are those that its role gives', (t) => {
  const role = manifestsIn('rbac/controller.yaml').find(({ kind }) => kind === 'ClusterRole');
  const given = (role?.rules ?? []).flatMap(({ apiGroups, resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${apiGroups[0]}/${resource}`)),
  );
  const asked = CONTROLLER_RULES.flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => `${verb} ${group}/${resource}`),
  );
  t.strictSame(asked.toSorted(), given.toSorted());
  t.end();
});

t.test('the rights that a user is told of are those that the roles for people give on bundles', (t) => {
  const roles = manifestsIn('rbac/users.yaml').flatMap(({ rules }) => rules ?? []);
  const given = roles.filter(({ resources }) => resources.includes('werfbundles')).flatMap(({ verbs }) => verbs);
  const told = USER_RULES.filter(({ resource }) => resource === 'werfbundles').flatMap(({ verbs }) => verbs);
  t.strictSame(told.toSorted(), [...new Set(given)].filter((verb) => verb !== 'deletecollection').toSorted());
  t.end();
});

t.test('the kinds that --pre asks for are those of the manifests', (t) => {
  const folders = ['crd', 'rbac', 'webhook', 'controller', 'default'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, 'manifests', folder))
      .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
      .map((file) => `${folder}/${file}`),
  );
  const kinds = files.flatMap(manifestsIn).map(({ apiVersion, kind }) => {
    const group = apiVersion.includes('/') ? apiVersion.replace(/\/.*/, '') : '';
    return `${group}/${kind.toLowerCase()}s`;
  });
  t.strictSame(
    INSTALLED.map(({ group, resource }) => `${group}/${resource}`).toSorted(),
    [...new Set(kinds)].toSorted(),
  );
  t.end();
});

t.test('a cluster is read, and what was found is printed', async (t) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const terminal = createFakeTerminal({ clock });
  const { suspend: _, ...older } = SPEC_SCHEMA.properties ?? {};
  const schema = { openAPIV3Schema: { properties: { spec: { properties: older } } } };
  const name = 'werfbundles.werf.io';
  kube.seed(DEFINITIONS, { metadata: { name }, spec: { versions: [{ name: 'v1alpha1', schema }] } });
  const { certificate } = await issueAuthority(NOW - 400 * DAY);
  const clientConfig = {
    caBundle: Buffer.from(certificate).toString('base64'),
    service: { namespace: 'found', name: 's' },
  };
  for (const [type, named] of [
    [MUTATING_WEBHOOKS, 'werfbundle-mutating'],
    [VALIDATING_WEBHOOKS, 'werfbundle-validating'],
  ] as const)
    kube.seed(type, { metadata: { name: named }, webhooks: [{ name: 'w', clientConfig, failurePolicy: 'Ignore' }] });
  kube.seed(DEPLOYMENTS, {
    metadata: {
      namespace: 'found',
      name: 'webhook',
      labels: { 'app.kubernetes.io/part-of': 'werfbundle', 'app.kubernetes.io/name': 'werfbundle-webhook' },
    },
    spec: { replicas: 2 },
    status: { readyReplicas: 2 },
  });
  kube.seed(NAMESPACES, { metadata: { name: 'ops' } });
  kube.gitVersion = 'v1.29.3';
  kube.answer('selfsubjectaccessreviews', () => ({ status: { allowed: true } }));
  const forbidden = new KubeError('forbidden', 'create subjectaccessreviews: forbidden: no', { status: 403 });
  kube.failNext({ verb: 'ask', plural: 'subjectaccessreviews' }, forbidden, Number.POSITIVE_INFINITY);
  await checkCluster({ terminal, session: sessionOf(kube, terminal) }, {});
  const text = terminal.taken();
  t.match(
    text,
    /^FAILED {7}Kubernetes: v1\.29\.3 is older than 1\.30, the oldest that is supported\n {13}README\.md#install-on-a-cluster\nFAILED {7}Fields of bundles: .* lacks spec\.suspend\n {13}kubectl apply -k manifests\/crd\n {13}README\.md#install-on-a-cluster\nFAILED {7}Certificates: one has expired, at 2026-10-19T10:00:00Z\n/,
  );
  t.match(
    text,
    /\nwarning {6}Webhook configuration: werfbundle-mutating: [\s\S]*\nnot checked {2}Controller's rights: you have no right to create subjectaccessreviews\n[\s\S]*ok {11}Deployments: webhook: 2 of 2 replicas are ready\n[\s\S]*\nFirst: mend "Kubernetes"; README\.md#install-on-a-cluster says how\.\n$/,
  );
  await checkCluster({ terminal, session: sessionOf(kube, terminal) }, { pre: true, output: 'json' });
  t.match(JSON.parse(terminal.taken()), {
    server: 'https://cluster.example:6443',
    checks: [{ id: 'version', verdict: 'failed', commands: [] }],
  });
  t.strictSame(terminal.ended, [1, 1]);
});
