import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { established } from '../../playground/established.js';
import { binariesOfThisRun, startCluster } from '../kit/cluster.js';
import { documentedRelease, documentedUninstall } from '../kit/documented-uninstall.js';
import { eventually } from '../kit/eventually.js';
import { bundle } from '../kit/webhook-fixture.js';

// Removed by the documented commands, in each state that it may be in: nothing is left, and nothing is blocked. No webhook and no controller
// is there, as after a crash; test/cluster/pains.spec.ts does it while they run.

const ROOT = join(import.meta.dirname, '..', '..');
const OPERATOR = 'k8s-werf-operator-go-system';
const cluster = await startCluster(t);
const { kubectl } = cluster;
const must = async (args: readonly string[], input?: object): Promise<string> => {
  const { code, stdout, stderr } = await kubectl(args, input && JSON.stringify(input));
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};
const [configurations = [], operator = [], crd = [], ...others] = await documentedUninstall();
const uninstall = (command: readonly string[]) => must([...command, '--timeout=60s']);
const WERF = { registry: { url: 'ghcr.io/acme/app' } };
const pending = { finalizers: ['werf.io/deletion'] };

/** Bundles come before the webhook configurations: nobody answers these. */
const install = async (metadata: object = {}): Promise<void> => {
  await must(['apply', '-k', join(ROOT, 'manifests/crd')]);
  if (!(await established(kubectl, 'werfbundles.werf.io'))) throw new Error('the CRD is not served');
  for (const namespace of ['ops', OPERATOR]) {
    await eventually(
      async () => (await kubectl(['create', 'namespace', namespace])).stderr,
      (fault) => fault === '' || /exists/.test(fault),
    );
    await must(['create', '-f', '-'], bundle('app', WERF, { namespace, ...metadata }));
  }
  await must(['apply', '-k', join(ROOT, 'manifests/default')]);
};

const KINDS =
  'namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,deployments,services,serviceaccounts,secrets,roles,rolebindings,leases,poddisruptionbudgets,resourcequotas';
/** All that there is in the cluster of our names. */
const left = async (): Promise<readonly string[]> =>
  (await must(['get', KINDS, '-A', '-o', 'name']))
    .split('\n')
    .filter((name) => /werfbundle|k8s-werf-operator/.test(name));
const change = () => kubectl(['patch', 'wb', 'app', '-n', 'ops', '--type=merge', '-p', '{"spec":{"suspend":true}}']);

t.test('the README has three commands for it', (t) => {
  t.strictSame(others, []);
  t.ok(crd.length > 0);
  t.end();
});

t.test(
  'with a webhook that is dead: nothing is left, and bundles elsewhere can be changed until the CRD goes',
  async (t) => {
    await install();
    t.match((await change()).stderr, 'failed calling webhook', 'it is dead');
    await uninstall(configurations);
    t.match(await change(), { code: 0 });
    await uninstall(operator);
    t.match((await kubectl(['get', 'namespace', OPERATOR])).stderr, 'not found', 'with the bundle in it');
    t.match(await change(), { code: 0 });
    await uninstall(crd);
    t.strictSame(await left(), []);
  },
);

t.test(
  'the namespace deleted first: bundles may go, and once the configurations are deleted all is as it should be',
  async (t) => {
    await install();
    await must(['delete', 'namespace', OPERATOR, '--timeout=60s']);
    t.match((await change()).stderr, 'failed calling webhook');
    t.match(await must(['delete', 'wb', 'app', '-n', 'ops', '--timeout=30s']), 'deleted', 'nobody is asked about that');
    await uninstall(configurations);
    await uninstall(operator);
    await must(['create', '-f', '-'], bundle('app', WERF));
    t.match(await change(), { code: 0 });
    await uninstall(crd);
    t.strictSame(await left(), []);
  },
);

t.test('install.yaml takes all away that it has brought, once the configurations are deleted', async (t) => {
  await install();
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'release/install.mjs')]);
  await uninstall(configurations);
  const gone = await kubectl(['delete', '-f', '-', '--ignore-not-found', '--timeout=60s'], stdout);
  t.match(gone, { code: 0 });
  t.strictSame(await left(), []);
});

t.test(
  'a Dismiss that nobody is there to do keeps namespace and CRD, which say so, until it is let go as documented',
  async (t) => {
    await install(pending);
    await uninstall(configurations);
    const stuck = await kubectl([...operator, '--timeout=5s']);
    t.equal(stuck.code, 1);
    const said = await eventually(
      () => must(['get', 'namespace', OPERATOR, '-o', 'jsonpath={.status.conditions[*].message}']),
      (text) => text.includes('werf.io/deletion'),
    );
    t.match(said, 'werf.io/deletion in 1 resource instances');
    await kubectl([...crd, '--wait=false']);
    const env = { ...process.env, PATH: `${dirname((await binariesOfThisRun()).kubectl)}:${process.env['PATH']}` };
    const script = await documentedRelease();
    t.match(script, 'kubectl patch wb');
    await promisify(execFile)('bash', ['-ec', script], {
      env: { ...env, HOME: cluster.dir, KUBECONFIG: cluster.kubeconfig },
    });
    const gone = await eventually(left, (names) => names.length === 0);
    t.strictSame(gone, []);
  },
);
