import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Report } from '../../cli/impact/report.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { canary } from '../kit/canary.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

// What `werfbundle impact` says of a change, and then what the controller makes of that change.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
for (const namespace of ['shops', 'webs']) await fixture.makeNamespace(namespace);
await fixture.publish({ repository: 'demo/shop', tag: 'v1.0.0' });

const must = async (args: readonly string[], input?: unknown): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input === undefined ? undefined : JSON.stringify(input));
  if (code !== 0) throw new Error(stderr);
  return stdout;
};

const listOf = (...items: readonly object[]) => ({ apiVersion: 'v1', kind: 'List', items });
const configMap = (namespace: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name: 'platform' },
  data: { 'values.yaml': text },
});
const secret = (namespace: string, text: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name: 'keys' },
  stringData: { 'values.yaml': `password: ${text}\n` },
});
const bundleOf = (namespace: string, name: string, values: NonNullable<WerfBundleSpec['converge']>['values'] = {}) => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { namespace, name },
  spec: {
    registry: { url: `${registryHost}/demo/shop`, insecure: true, versionConstraint: '>=1.0.0' },
    converge: {
      serviceAccountName: 'werf-converge',
      valuesFrom: [{ configMapRef: { name: 'platform' } }, { secretRef: { name: 'keys' } }],
      values,
    },
  },
});

const BUNDLES = [bundleOf('shops', 'one'), bundleOf('shops', 'overrides', { level: 7 }), bundleOf('webs', 'two')];
const REFS = BUNDLES.map(({ metadata }) => metadata);

const isDeployed =
  (number: number) =>
  ({ phase, deployment }: WerfBundleStatus) =>
    phase === 'Synced' && deployment?.number === number;

const until = async (name: string, number: number): Promise<void> => {
  const ref = REFS.find((one) => one.name === name);
  if (ref === undefined) throw new Error(`there is no bundle ${name}`);
  await fixture.bundles.until(ref, { what: `deployment ${number}`, withinMs: 90_000, is: isDeployed(number) }, signal);
};

const fileOf = async (name: string, content: object): Promise<string> => {
  const file = join(cluster.dir, name);
  await writeFile(file, JSON.stringify(content));
  return file;
};

/** All that was printed: searched for canaries at the end. */
const printed: string[] = [];
const run = async (args: readonly string[], kubeconfig = cluster.kubeconfig) => {
  const result = await runWerfbundle(args, { kubeconfig, cwd: cluster.dir });
  printed.push(result.stdout, result.stderr);
  return result;
};
const impact = async (...args: readonly string[]): Promise<Report> => {
  const { code, stdout, stderr } = await run(['impact', '-o', 'json', ...args]);
  t.strictSame([code, stderr], [0, '']);
  return JSON.parse(stdout);
};
const effects = ({ objects }: Report) =>
  objects.flatMap(({ bundles }) => bundles.map(({ namespace, name, effect }) => `${namespace}/${name} ${effect}`));

t.test('what is new is deployed, and so it is', async (t) => {
  await must(
    ['apply', '-f', '-'],
    listOf(...['shops', 'webs'].flatMap((of) => [configMap(of, 'level: 1\n'), secret(of, canary(`password-${of}`))])),
  );
  const file = await fileOf('bundles.json', listOf(...BUNDLES));
  t.strictSame(effects(await impact(file)), ['shops/one deploys', 'shops/overrides deploys', 'webs/two deploys']);
  await must(['apply', '-f', file]);
  await fixture.startController();
  for (const { name } of REFS) await until(name, 1);
  t.strictSame(effects(await impact(file)), [], 'nothing has changed since');
});

t.test('a changed ConfigMap deploys those that were told, and not the one that overrides it', async (t) => {
  const written = await fileOf('written.json', listOf(configMap('shops', '# the same\n"level": 1\n')));
  t.strictSame(effects(await impact(written)), []);
  const file = await fileOf('platform.json', listOf(...['shops', 'webs'].map((of) => configMap(of, 'level: 2\n'))));
  const report = await impact(file);
  t.strictSame(effects(report), ['shops/one deploys', 'webs/two deploys']);
  t.strictSame([report.hit, report.namespaces, report.complete], [2, 2, true]);
  const above = await run(['impact', file, '--max-impact', '0']);
  t.equal(above.code, 1);
  t.match(above.stderr, /^ConfigMap shops\/platform hits 1 bundle, more than --max-impact 0; to confirm/);
  await must(['apply', '-f', file]);
  await until('one', 2);
  await until('two', 2);
  const { items } = JSON.parse(await must(['get', 'wb', '-A', '-o', 'json']));
  t.strictSame(
    items.map(({ metadata, status }: { metadata: { name: string }; status: WerfBundleStatus }) => [
      metadata.name,
      status.deployment?.number,
      status.deployment?.reason,
    ]),
    [
      ['one', 2, 'NewValues'],
      ['overrides', 1, 'NewTag'],
      ['two', 2, 'NewValues'],
    ],
  );
});

t.test('a Secret is judged, and nothing of it is printed', async (t) => {
  const file = await fileOf('keys.json', secret('shops', canary('another')));
  t.strictSame(effects(await impact(file)), ['shops/one deploys', 'shops/overrides deploys']);
  const { code, stdout } = await run(['impact', file]);
  t.equal(code, 0);
  t.match(stdout, /^Secret shops\/keys deploys 2 bundles in 1 namespace\n/);
});

t.test('what is missing blocks', async (t) => {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'webs', name: 'werf-converge' } };
  const { code, stdout } = await run(['impact', '--delete', await fileOf('account.json', account)]);
  t.equal(code, 0);
  t.match(stdout, /^ServiceAccount webs\/werf-converge keeps 1 bundle from being deployed in 1 namespace\n/);
  t.match(stdout, /webs +two +blocked +.*ServiceAccount werf-converge does not exist in namespace webs/);
});

t.test('who may see one namespace is told of that one, and that it is not all', async (t) => {
  const meta = { metadata: { namespace: 'webs', name: 'viewer' } };
  await must(
    ['apply', '-f', '-'],
    listOf(
      { apiVersion: 'v1', kind: 'ServiceAccount', ...meta },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        ...meta,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'werfbundle-viewer' },
        subjects: [{ kind: 'ServiceAccount', ...meta.metadata }],
      },
    ),
  );
  const kubeconfig = join(cluster.dir, 'viewer.kubeconfig');
  const { server, ca } = cluster.controlPlane;
  await writeKubeconfig(client, meta.metadata, { server, ca, file: kubeconfig }, signal);
  const file = await fileOf('third.json', configMap('webs', 'level: 3\n'));
  const { code, stdout, stderr } = await run(['impact', file, '-n', 'webs', '--max-impact', '5'], kubeconfig);
  t.equal(code, 2);
  t.match(stdout, /^ConfigMap webs\/platform may deploy 1 bundle in 1 namespace\n/);
  t.match(stdout, /webs +two +may-deploy +(ConfigMap|Secret) webs\/\w+ may not be read by you/);
  t.match(stderr, /^you may not list the bundles of all namespaces: only those of webs were looked at$/m);
});

t.test('nothing that was printed came from a Secret', async (t) => {
  t.notMatch(printed.join('\n'), /canary/i);
});
