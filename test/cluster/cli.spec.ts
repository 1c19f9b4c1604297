import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startAdmissionFixture } from '../kit/admission-fixture.js';
import { canary } from '../kit/canary.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

const fixture = await startAdmissionFixture(t);
const { cluster, must } = fixture;

const core = (kind: string, metadata: object, more: object = {}) => ({ apiVersion: 'v1', kind, metadata, ...more });
const binding = (account: string, role: string, namespace?: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: `${account}-${role}`, ...(namespace !== undefined && { namespace }) },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', namespace: 'people', name: account }],
});
const listOf = (...items: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

await must(
  ['apply', '-f', '-'],
  listOf(
    ...['people', 'ops', 'team', 'closed'].map((name) => core('Namespace', { name })),
    core('Namespace', { name: 'production', annotations: { 'werf.io/accept-bundles-from': 'ops,team' } }),
    ...['admin', 'tenant', 'guest'].map((name) => core('ServiceAccount', { namespace: 'people', name })),
    binding('admin', 'cluster-admin'),
    binding('tenant', 'edit', 'team'),
    binding('tenant', 'edit', 'production'),
    // Bundles may be written, and nothing else.
    binding('guest', 'werfbundle-editor', 'ops'),
    core('ServiceAccount', { namespace: 'production', name: 'deployer' }),
    core('ConfigMap', { namespace: 'ops', name: 'config' }, { data: { 'values.yaml': 'a: b: c' } }),
    core('Secret', { namespace: 'team', name: 'keys' }, { stringData: { 'values.yaml': `a: ${canary('keys')}` } }),
  ),
);
await fixture.startWebhook();

/** A kubeconfig of a ServiceAccount; `namespace` is that of the context. */
const kubeconfigOf = async (account: string, namespace: string): Promise<string> => {
  const token = (await must(['create', 'token', account, '-n', 'people'])).trim();
  const config = JSON.parse(await must(['config', 'view', '--raw', '-o', 'json']));
  for (const { context } of config.contexts) context.namespace = namespace;
  for (const entry of config.users) entry.user = { token };
  const file = join(cluster.dir, `cli-${account}.kubeconfig`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};
const [admin, tenant, guest] = await Promise.all([
  kubeconfigOf('admin', 'ops'),
  kubeconfigOf('tenant', 'team'),
  kubeconfigOf('guest', 'ops'),
]);

const werfbundle = (args: readonly string[], input: string) => runWerfbundle(args, { cwd: cluster.dir, input });

interface Told {
  readonly code: number | null;
  readonly problems: readonly string[];
  /** All problems of one bundle in one line, as the apiserver's messages have them. */
  readonly refusals: readonly string[];
  readonly unresolved: readonly string[];
}

const inOneLine = (problems: readonly string[]): readonly string[] =>
  problems.length < 2 ? problems : [`[${problems.join(', ')}]`];

const validate = async (kubeconfig: string, input: string, ...args: readonly string[]): Promise<Told> => {
  const run = ['validate', '--cluster', '--kubeconfig', kubeconfig, '-o', 'json', ...args, '-'];
  const { code, stdout, stderr } = await werfbundle(run, input);
  if (stderr !== '') throw new Error(stderr);
  const { results } = JSON.parse(stdout) as {
    readonly results: readonly Record<'problems' | 'unresolved', readonly Record<string, string>[]>[];
  };
  const linesOf = (items: readonly Record<string, string>[]): readonly string[] =>
    items.filter(({ severity }) => severity !== 'warning').map(({ field, message }) => `${field}: ${message}`);
  return {
    code,
    problems: results.flatMap(({ problems }) => linesOf(problems)),
    refusals: results.map(({ problems }) => linesOf(problems)).flatMap(inOneLine),
    unresolved: results.flatMap(({ unresolved }) => linesOf(unresolved)),
  };
};

/** What kubectl prints of a refusal, one problem a line. */
const refusedBy = async (kubeconfig: string, input: string): Promise<readonly string[]> => {
  const { stderr } = await cluster.kubectl(['--kubeconfig', kubeconfig, 'apply', '-f', '-'], input);
  const lines = stderr.split('\n').map((line) => line.replace(/^(The WerfBundle "[^"]*" is invalid: |\* )/, ''));
  return lines.filter((line) => line !== '' && !line.startsWith('Warning: '));
};

/** What it prints of several: a line for each object. */
const allRefusedBy = async (kubeconfig: string, input: string): Promise<readonly string[]> => {
  const { stderr } = await cluster.kubectl(['--kubeconfig', kubeconfig, 'apply', '-f', '-'], input);
  return [...stderr.matchAll(/ is invalid: (.*)$/gm)].map(([, text = '']) => text);
};

const bundle = (name: string, converge: object, metadata: object = {}) => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name, ...metadata },
  spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1.0.0' }, converge },
});
const toProduction = { targetNamespace: 'production', serviceAccountName: 'deployer' };

t.test('an admin gets the findings that kubectl apply would get', async (t) => {
  const good = bundle('good', toProduction);
  const applied = await cluster.kubectl(['--kubeconfig', admin, 'apply', '-f', '-'], listOf(good));
  t.equal(applied.code, 0, applied.stderr);

  const bad = listOf(
    bundle('missing-or-broken', {
      targetNamespace: 'nowhere',
      serviceAccountName: 'nobody',
      werfSecretKeyRef: { name: 'none' },
      valuesFrom: [{ configMapRef: { name: 'config' } }, { secretRef: { name: 'none' } }],
    }),
    bundle('no-consent', { targetNamespace: 'closed', serviceAccountName: 'default' }),
    bundle('no-release', { ...toProduction, releaseName: 'good' }),
    bundle('no-retries', { ...toProduction, serviceAccountName: 'nobody', retries: 11 }),
  );
  const [told, refused] = await Promise.all([validate(admin, bad), allRefusedBy(admin, bad)]);
  t.strictSame([told.code, told.refusals, told.unresolved], [1, refused, []]);
  t.equal(refused.length, 4, refused.join('\n'));

  const config = core('ConfigMap', { namespace: 'ops', name: 'config' }, { data: { 'values.yaml': 'a: 1' } });
  const mended = bundle('mended', { valuesFrom: [{ configMapRef: { name: 'config' } }] });
  const fine = await validate(admin, listOf(good, config, mended));
  t.strictSame(
    [fine.code, fine.problems, fine.unresolved],
    [0, [], []],
    'a stored bundle has its release, and what the input holds counts as applied',
  );
});

t.test('somebody without rights is refused as by kubectl apply', async (t) => {
  const input = JSON.stringify(
    bundle('guests', { ...toProduction, valuesFrom: [{ configMapRef: { name: 'config' } }] }),
  );
  const { code, problems } = await validate(guest, input);
  t.equal(code, 1);
  t.strictSame(problems, await refusedBy(guest, input));
  const user = 'user "system:serviceaccount:people:guest" may not';
  t.strictSame(problems, [
    `spec.converge.targetNamespace: Forbidden: ${user} create jobs.batch in namespace "production"`,
    `spec.converge.valuesFrom[0].configMapRef.name: Forbidden: ${user} get configmaps "config" in namespace "ops", nor create pods there`,
    `spec.converge.valuesFrom[0].configMapRef.name: Forbidden: ${user} get configmaps "config" in namespace "production", nor create pods there`,
  ]);
});

t.test('a tenant learns what could not be checked', async (t) => {
  const input = listOf(
    bundle('tenants', { ...toProduction, valuesFrom: [{ secretRef: { name: 'keys' } }] }),
    bundle('nobodys', { ...toProduction, serviceAccountName: 'nobody' }),
  );
  const open = `spec.converge.releaseName: whether the release is another bundle's could not be checked: list werfbundles.werf.io: forbidden: werfbundles.werf.io is forbidden: User "system:serviceaccount:people:tenant" cannot list resource "werfbundles" in API group "werf.io" at the cluster scope`;
  const strictly = open.replace(': ', ': Internal error: ');
  const missing =
    'spec.converge.serviceAccountName: Not found: ServiceAccount nobody does not exist in namespace production';
  const [loose, strict] = await Promise.all([validate(tenant, input), validate(tenant, input, '--strict')]);
  t.strictSame(
    [loose.code, loose.problems, loose.unresolved],
    [1, [missing], [open, open]],
    'what may be looked up is judged',
  );
  t.strictSame(
    [strict.code, strict.problems, strict.unresolved],
    [1, [strictly, missing, strictly], []],
    'a problem with --strict',
  );
});

t.test('a cluster that can not be reached is misuse', async (t) => {
  const file = join(cluster.dir, 'wrong.kubeconfig');
  const config = JSON.parse(await must(['config', 'view', '--raw', '-o', 'json']));
  for (const entry of config.users) entry.user = { token: 'wrong' };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  const input = JSON.stringify(bundle('a', {}));
  t.match(await werfbundle(['validate', '-', '--cluster', '--kubeconfig', file], input), {
    code: 2,
    stdout: '',
    stderr: /^werfbundle: can't ask the cluster: .*unauthorized.*\n$/,
  });
  for (const entry of config.clusters) entry.cluster = { server: 'https://127.0.0.1:1' };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  t.match(await werfbundle(['validate', '-', '--cluster', '--kubeconfig', file], input), {
    code: 2,
    stdout: '',
    stderr: /^werfbundle: can't ask the cluster: .*127\.0\.0\.1:1.*\n$/,
  });
});
