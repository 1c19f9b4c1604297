import t from 'tap';
import { withoutAccountWarning } from '../kit/account-warning.js';
import { startAdmissionFixture } from '../kit/admission-fixture.js';
import { canary } from '../kit/canary.js';

const OPERATOR = 'k8s-werf-operator-go-system';
const fixture = await startAdmissionFixture(t);
const { must } = fixture;

/** As ServiceAccounts: tokens make them users of the real apiserver. */
const ADMIN = 'people/admin';
const TENANT = 'people/tenant';
const MALLORY = 'people/mallory';
const nameOf = (account: string): string => `system:serviceaccount:${account.replace('/', ':')}`;

const core = (kind: string, metadata: object, more: object = {}): object => ({
  apiVersion: 'v1',
  kind,
  metadata,
  ...more,
});
const binding = (account: string, role: string, namespace?: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: `${account.replace('/', '-')}-${role}`, ...(namespace !== undefined && { namespace }) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', namespace: 'people', name: account.replace('people/', '') }],
});
const applied = (objects: readonly object[]): Promise<string> =>
  must(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
const deployer = (namespace: string) => core('ServiceAccount', { namespace, name: 'deployer' });

await applied([
  ...['people', 'ops', 'team', 'attic', 'quiet'].map((name) => core('Namespace', { name })),
  core('Namespace', { name: 'production', annotations: { 'werf.io/accept-bundles-from': 'ops,team,attic' } }),
  ...[ADMIN, TENANT, MALLORY].map((account) =>
    core('ServiceAccount', { namespace: 'people', name: account.replace('people/', '') }),
  ),
  binding(ADMIN, 'cluster-admin'),
  binding(TENANT, 'edit', 'team'),
  binding(TENANT, 'edit', 'production'),
  binding(MALLORY, 'edit', 'attic'),
  // Enough to write bundles where the platform keeps its own, and for nothing else there.
  binding(MALLORY, 'werfbundle-editor', 'ops'),
  deployer('production'),
  deployer('quiet'),
  core(
    'Secret',
    { namespace: 'production', name: 'team-keys' },
    { stringData: { 'values.yaml': `a: ${canary('team')}` } },
  ),
  core('ConfigMap', { namespace: 'team', name: 'app-config' }, { data: { 'values.yaml': 'replicas: 2' } }),
]);
const webhook = await fixture.startWebhook();

const bundle = (namespace: string, name: string, converge: object, registry: object = {}): string =>
  JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { namespace, name },
    spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1.0.0', ...registry }, converge },
  });
const toProduction = { targetNamespace: 'production', serviceAccountName: 'deployer' };

/** What kubectl prints of a refusal. */
const refusal = (name: string, ...problems: readonly string[]): string =>
  problems.length === 1
    ? `The WerfBundle "${name}" is invalid: ${problems.join()}\n`
    : `The WerfBundle "${name}" is invalid: \n${problems.map((problem) => `* ${problem}\n`).join('')}`;
const noJobs = (account: string, namespace: string): string =>
  `spec.converge.targetNamespace: Forbidden: user "${nameOf(account)}" may not create jobs.batch in namespace "${namespace}"`;

t.test('an admin, and a tenant with the rights, may', async (t) => {
  const shop = bundle('ops', 'shop', toProduction);
  t.same(await fixture.as(ADMIN, ['apply', '-f', '-'], shop), {
    code: 0,
    stdout: 'werfbundle.werf.io/shop created\n',
    stderr: '',
  });
  const valuesFrom = [{ configMapRef: { name: 'app-config' } }, { secretRef: { name: 'team-keys' }, from: 'Target' }];
  const app = bundle('team', 'app', { ...toProduction, valuesFrom });
  t.same(await fixture.as(TENANT, ['apply', '-f', '-'], app), {
    code: 0,
    stdout: 'werfbundle.werf.io/app created\n',
    stderr: '',
  });
  const tag = ['patch', 'wb', 'app', '-n', 'team', '--type=merge', '-p', '{"spec":{"registry":{"tag":"v1.0.1"}}}'];
  t.equal((await fixture.as(TENANT, tag)).code, 0, 'and may change it');
});

t.test('a tenant without the rights learns only which are missing', async (t) => {
  const attempts: readonly { title: string; there: object; not: object; problems: readonly string[] }[] = [
    {
      title: 'another namespace\u2019s ServiceAccount',
      there: toProduction,
      not: { ...toProduction, serviceAccountName: 'nobody' },
      problems: [noJobs(MALLORY, 'production')],
    },
    {
      title: 'another namespace at all',
      there: toProduction,
      not: { ...toProduction, targetNamespace: 'nowhere' },
      problems: [noJobs(MALLORY, 'production')],
    },
    {
      title: 'another team\u2019s Secret',
      there: { ...toProduction, valuesFrom: [{ secretRef: { name: 'team-keys' }, optional: true }] },
      not: { ...toProduction, valuesFrom: [{ secretRef: { name: 'no-such-keys' }, optional: true }] },
      problems: [
        noJobs(MALLORY, 'production'),
        `spec.converge.valuesFrom[0].secretRef.name: Forbidden: user "${nameOf(MALLORY)}" may not get secrets "team-keys" in namespace "production", nor create pods there`,
      ],
    },
    {
      title: 'a release that another bundle has',
      there: { ...toProduction, releaseName: 'shop' },
      not: { ...toProduction, releaseName: 'no-shop' },
      problems: [noJobs(MALLORY, 'production')],
    },
  ];
  for (const { title, there, not, problems } of attempts) {
    const [told, other] = await Promise.all(
      [there, not].map((converge) => fixture.as(MALLORY, ['apply', '-f', '-'], bundle('attic', 'probe', converge))),
    );
    t.same(told, { code: 1, stdout: '', stderr: refusal('probe', ...problems) }, title);
    const alike = other?.stderr.replaceAll('no-such-keys', 'team-keys').replaceAll('nowhere', 'production');
    t.equal(alike, told?.stderr, `${title}: the same where there is none`);
  }
  const own = await fixture.as(MALLORY, ['apply', '-f', '-'], bundle('attic', 'own', {}));
  t.equal(own.code, 0, 'in their own namespace they may do what they like');
  const missing = await fixture.as(
    MALLORY,
    ['apply', '-f', '-'],
    bundle('attic', 'own', {}, { secretRef: { name: 'creds' } }),
  );
  t.equal(
    missing.stderr,
    refusal('own', 'spec.registry.secretRef.name: Not found: Secret creds does not exist in namespace attic'),
    'and are told what is missing there',
  );
});

t.test('a user who may write a bundle may not use the rights of its creator', async (t) => {
  const patch = (what: object) => ['patch', 'wb', 'shop', '-n', 'ops', '--type=merge', '-p', JSON.stringify(what)];
  const told = { code: 1, stdout: '', stderr: refusal('shop', noJobs(MALLORY, 'production')) };
  t.same(await fixture.as(MALLORY, patch({ spec: { registry: { tag: 'v6.6.6' } } })), told, 'the tag');
  t.same(await fixture.as(MALLORY, patch({ spec: { converge: { values: { a: 1 } } } })), told, 'the values');
  const annotation = { metadata: { annotations: { 'werf.io/allow-downgrade': 'true' } } };
  t.same(await fixture.as(MALLORY, patch(annotation)), told, 'an annotation that steers it');
  const { code, stderr } = await fixture.as(
    MALLORY,
    patch({ spec: { converge: { valuesFrom: [{ secretRef: { name: 'werfbundle-checksum-key' } }] } } }),
  );
  t.same(
    { code, stderr },
    {
      code: 1,
      stderr: refusal(
        'shop',
        noJobs(MALLORY, 'production'),
        ...['ops', 'production'].map(
          (namespace) =>
            `spec.converge.valuesFrom[0].secretRef.name: Forbidden: user "${nameOf(MALLORY)}" may not get secrets "werfbundle-checksum-key" in namespace "${namespace}", nor create pods there`,
        ),
      ),
    },
    'a Secret beside it',
  );
  const harmless = { metadata: { labels: { seen: 'yes' }, annotations: { 'werf.io/reconcile-requested-at': 'now' } } };
  t.equal((await fixture.as(MALLORY, patch(harmless))).code, 0, 'a label and a request to reconcile are harmless');
  t.equal(
    await must(['get', 'wb', 'shop', '-n', 'ops', '-o', 'jsonpath={.spec.registry.tag}']),
    'v1.0.0',
    'nothing of it was stored',
  );
});

t.test('the operator\u2019s own Secrets are not even the admin\u2019s to name', async (t) => {
  const valuesFrom = [{ secretRef: { name: 'werfbundle-webhook-certificates' } }];
  const { code, stderr } = await fixture.as(ADMIN, ['apply', '-f', '-'], bundle(OPERATOR, 'thief', { valuesFrom }));
  t.same(
    { code, stderr: withoutAccountWarning(stderr) },
    {
      code: 1,
      stderr: refusal(
        'thief',
        `spec.converge.valuesFrom[0].secretRef.name: Forbidden: Secret werfbundle-webhook-certificates in namespace ${OPERATOR} is the operator's own, which no bundle may use`,
      ),
    },
  );
});

t.test('a namespace has to accept bundles from elsewhere, though not from the operator\u2019s', async (t) => {
  const toQuiet = { targetNamespace: 'quiet', serviceAccountName: 'deployer' };
  const { stderr } = await fixture.as(ADMIN, ['apply', '-f', '-'], bundle('team', 'loud', toQuiet));
  t.equal(
    stderr,
    refusal(
      'loud',
      'spec.converge.targetNamespace: Forbidden: namespace quiet does not accept bundles from namespace team; if it accepts others, add this one to its annotation, else: kubectl annotate namespace quiet werf.io/accept-bundles-from=team',
    ),
  );
  t.equal((await fixture.as(ADMIN, ['apply', '-f', '-'], bundle(OPERATOR, 'loud', toQuiet))).code, 0);
});

t.test('the guide\u2019s reset of a failed bundle', async (t) => {
  const status = '{"status":{"consecutiveFailures":6,"phase":"Failed"}}';
  await must(['patch', 'wb', 'shop', '-n', 'ops', '--subresource=status', '--type=merge', '-p', status]);
  await must(['annotate', 'wb', 'shop', '-n', 'ops', 'werf.io/reconcile-requested-at-']);
  const reset = '{"status":{"consecutiveFailures":0}}';
  const { code, stderr } = await fixture.as(MALLORY, [
    'patch',
    'wb',
    'shop',
    '-n',
    'ops',
    '--type',
    'merge',
    '-p',
    reset,
  ]);
  t.equal(code, 0);
  t.equal(
    stderr,
    'Warning: status.consecutiveFailures: a status can only be changed with --subresource=status; the annotation werf.io/reconcile-requested-at was set instead, which asks for a poll\n',
  );
  const { metadata, status: after } = JSON.parse(await must(['get', 'wb', 'shop', '-n', 'ops', '-o', 'json']));
  t.match(metadata.annotations['werf.io/reconcile-requested-at'], /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  t.equal(after.consecutiveFailures, 6, 'the controller does the rest');
});

t.test('the webhook has no more rights than it needs, and counts what it asks', async (t) => {
  const account = `--as=${nameOf(`${OPERATOR}/werfbundle-webhook`)}`;
  const rights = [
    'list secrets',
    'watch secrets',
    'list configmaps',
    'create jobs',
    'create pods',
    'update werfbundles',
    'patch namespaces',
  ];
  const can = (right: string) =>
    fixture.cluster.kubectl(['auth', 'can-i', ...right.split(' '), '-A', account]).then(({ stdout }) => stdout);
  t.same(await Promise.all(rights.map(can)), Array(rights.length).fill('no\n'), rights.join(', '));
  const metrics = await webhook.metrics();
  for (const [kind, result] of [
    ['SubjectAccessReview', 'allowed'],
    ['SubjectAccessReview', 'denied'],
    ['Secret', 'found'],
    ['Secret', 'absent'],
    ['Namespace', 'found'],
  ] as const) {
    t.match(metrics, new RegExp(`^werfbundle_lookups_total\\{kind="${kind}",result="${result}"\\} [1-9]`, 'm'));
  }
  t.notMatch(metrics, /result="failed"/);
  t.notMatch(JSON.stringify(webhook.log), 'BEGIN', 'no certificate is in the log');
});
