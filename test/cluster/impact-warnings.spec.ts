import { join } from 'node:path';
import t from 'tap';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';

// What kubectl shows when something changes that bundles refer to, and then what the controller makes of that change.

const ROOT = join(import.meta.dirname, '..', '..');
const HUB = 'warned-hub';
const [ONE, TWO] = ['warned-one', 'warned-two'];

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
for (const namespace of [HUB, ONE, TWO]) await fixture.makeNamespace(namespace);
await fixture.publish({ repository: 'demo/warned', tag: 'v1.0.0' });

const must = async (args: readonly string[], input?: unknown): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? undefined : JSON.stringify(input));
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
const apply = (input: object, ...flags: readonly string[]) =>
  cluster.kubectl(['apply', ...flags, '-f', '-'], JSON.stringify(input));

const meta = (name: string, more: object = {}) => ({
  namespace: HUB,
  name,
  labels: { 'werf.io/values': 'true' },
  ...more,
});
const configMap = (level: number, zone = 'a', more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: meta('platform', more),
  data: { 'values.yaml': `level: ${level}\nzone: ${zone}\n` },
});
const secret = (text: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: meta('keys'),
  stringData: { 'values.yaml': `password: ${text}\n` },
});
const bundleOf = (namespace: string, name: string, values: NonNullable<WerfBundleSpec['converge']>['values'] = {}) => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace, name },
  spec: {
    registry: { url: `${registryHost}/demo/warned`, insecure: true, versionConstraint: '>=1.0.0' },
    converge: {
      targetNamespace: HUB,
      serviceAccountName: 'werf-converge',
      valuesFrom: [
        { configMapRef: { name: 'platform' }, from: 'Target' },
        { secretRef: { name: 'keys' }, from: 'Target' },
      ],
      values,
    },
  },
});
const BUNDLES = [
  bundleOf(ONE, 'cart'),
  bundleOf(ONE, 'shop'),
  bundleOf(TWO, 'blog'),
  bundleOf(TWO, 'overrides', { level: 7 }),
];

const numbers = async (): Promise<readonly (readonly [string, number | undefined])[]> => {
  const { items } = JSON.parse(await must(['get', 'wb', '-A', '-o', 'json']));
  return items.map(({ metadata, status }: { metadata: { name: string }; status: WerfBundleStatus }) => [
    metadata.name,
    status.deployment?.number,
  ]);
};
const until = async (name: string, number: number): Promise<void> => {
  const { metadata: ref } = BUNDLES.find(({ metadata }) => metadata.name === name) ?? bundleOf('', '');
  const is = ({ phase, deployment }: WerfBundleStatus) => phase === 'Synced' && deployment?.number === number;
  await fixture.bundles.until(ref, { what: `deployment ${number}`, withinMs: 90_000, is }, signal);
};

await must(['annotate', 'namespace', HUB, `werf.io/accept-bundles-from=${ONE},${TWO}`]);
await must(['apply', '-f', '-'], {
  apiVersion: 'v1',
  kind: 'List',
  items: [configMap(1), secret(canary('first')), ...BUNDLES],
});
await fixture.startController();
for (const { metadata } of BUNDLES) await until(metadata.name, 1);
await fixture.startWebhook({ WERFBUNDLE_GUARD_VALUES: 'true', WERFBUNDLE_MAX_IMPACT: '3' });
await must(['apply', '-f', join(ROOT, 'manifests/webhook/values-guard/configuration.yaml')]);

const ALL = `${ONE}/cart, ${ONE}/shop, ${TWO}/blog`;
const THREE = `Warning: data: deploys 3 bundles in 2 namespaces: ${ALL}\n`;

t.test('kubectl says what a changed ConfigMap deploys, and that is deployed', async (t) => {
  const dryRun = () => apply(configMap(2), '--dry-run=server');
  const first = await eventually(dryRun, ({ stderr }) => stderr !== '');
  t.equal(first.stderr, THREE, 'in a dry run');
  const written = { ...configMap(1), data: { 'values.yaml': '# the same\n"level": 1\nzone: a\n' } };
  t.equal((await apply(written, '--dry-run=server')).stderr, '', 'what is only written otherwise');
  t.equal((await apply(configMap(1, 'a', { annotations: { note: 'x' } }), '--dry-run=server')).stderr, '', 'a note');
  t.strictSame(await apply(configMap(2)), { code: 0, stdout: 'configmap/platform configured\n', stderr: THREE });
  for (const name of ['cart', 'shop', 'blog']) await until(name, 2);
  t.strictSame(await numbers(), [
    ['cart', 2],
    ['shop', 2],
    ['blog', 2],
    ['overrides', 1],
  ]);
});

/** kubectl as somebody who may edit the hub, and do something in other namespaces. */
const kubectlAs = async (name: string, roles: Readonly<Record<string, string>>) => {
  const account = { namespace: HUB, name };
  const bindings = Object.entries(roles).map(([namespace, role]) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { namespace, name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  }));
  await must(['apply', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account }, ...bindings],
  });
  const kubeconfig = join(cluster.dir, `${name}.kubeconfig`);
  const { server, ca } = cluster.controlPlane;
  await writeKubeconfig(client, account, { server, ca, file: kubeconfig }, signal);
  return (input: object) =>
    cluster.kubectl(['--kubeconfig', kubeconfig, 'apply', '--dry-run=server', '-f', '-'], JSON.stringify(input));
};

t.test('bundles are named to who may see them', async (t) => {
  const cases = [
    { name: 'nobody-elses', roles: { [HUB]: 'edit' }, says: 'deploys 3 bundles in 2 namespaces' },
    {
      name: 'one-of-two',
      roles: { [HUB]: 'edit', [TWO]: 'werfbundle-viewer' },
      says: `deploys 3 bundles in 2 namespaces: ${TWO}/blog and 2 more`,
    },
  ];
  for (const { name, roles, says } of cases) {
    const run = await kubectlAs(name, roles);
    const answer = await eventually(
      () => run(configMap(3)),
      ({ code }) => code === 0,
    );
    t.equal(answer.stderr, `Warning: data: ${says}\n`, name);
  }
});

t.test('what somebody may not read is not looked at for them', async (t) => {
  await must(['apply', '-f', '-'], {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'warned-configmaps' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'create', 'update', 'patch'] }],
  });
  const run = await kubectlAs('without-secrets', { [HUB]: 'warned-configmaps' });
  const answer = await eventually(
    () => run(configMap(3)),
    ({ stderr }) => stderr.includes('deploy'),
  );
  // They would also hear of four, of which one overrides it: what a Secret says, nobody knows.
  t.match(answer.stderr, /may deploy 4 bundles in 2 namespaces/);
});

t.test('above --max-impact a change has to confirm its content', async (t) => {
  const refused = await apply(configMap(2, 'b'));
  t.equal(refused.code, 1);
  const said = `The ConfigMap "platform" is invalid: data: Forbidden: deploys 4 bundles in 2 namespaces: ${ALL} and 1 more; one change may hit at most 3 bundles here (--max-impact); to confirm this very content, give the ConfigMap the annotation werf.io/confirm-impact: `;
  t.equal(refused.stderr.slice(0, said.length), said);
  const [, code = ''] = /werf\.io\/confirm-impact: "([0-9a-f]{16})"/.exec(refused.stderr) ?? [];
  const annotations = { 'werf.io/confirm-impact': code };
  t.equal((await apply(configMap(2, 'c', { annotations }), '--dry-run=server')).code, 1, 'another content');
  t.strictSame(await apply(configMap(2, 'b', { annotations })), {
    code: 0,
    stdout: 'configmap/platform configured\n',
    stderr: `Warning: data: deploys 4 bundles in 2 namespaces: ${ALL} and 1 more\n`,
  });
  for (const [name, number] of [
    ['cart', 3],
    ['shop', 3],
    ['blog', 3],
    ['overrides', 2],
  ] as const)
    await until(name, number);
});

t.test('a Secret can not be confirmed, and nothing of it is told', async (t) => {
  const { code, stderr } = await apply(secret(canary('second')));
  t.equal(code, 1);
  t.match(stderr, /deploys 4 bundles in 2 namespaces.*; a Secret can not confirm it, since a code/);
  t.notMatch(stderr, /canary|[0-9a-f]{16}/);
});

t.test('what keeps bundles from being deployed is told, and never refused', async (t) => {
  const keeps = `keeps 4 bundles from being deployed in 2 namespaces: ${ALL} and 1 more`;
  const dryRun = (...args: readonly string[]) => cluster.kubectl([...args, '--dry-run=server']);
  t.equal((await dryRun('delete', 'configmap', 'platform', '-n', HUB)).stderr, `Warning: data: ${keeps}\n`);
  t.equal(
    (await dryRun('delete', 'serviceaccount', 'werf-converge', '-n', HUB)).stderr,
    `Warning: metadata.name: ${keeps}\n`,
  );
  const consent = 'metadata.annotations[werf.io/accept-bundles-from]';
  t.equal(
    (await dryRun('annotate', 'namespace', HUB, '--overwrite', `werf.io/accept-bundles-from=${ONE}`)).stderr,
    `Warning: ${consent}: keeps 2 bundles from being deployed in 1 namespace: ${TWO}/blog, ${TWO}/overrides\n`,
  );
  t.equal((await dryRun('annotate', 'namespace', HUB, 'note=x')).stderr, '', 'of a namespace only its consent');
  t.equal((await dryRun('create', 'serviceaccount', 'another', '-n', HUB)).stderr, '', 'what no bundle names');
});
