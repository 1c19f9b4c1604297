import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { issueAuthority } from '../../certs/issue.js';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { Kubectl } from '../../playground/kubectl.js';
import { OPERATOR_NAMESPACE, type OperatorDeps, startProgram, stopProgram } from '../../playground/operator.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { binariesOfThisRun, startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';
import { startWebhookProgram, type WebhookProgram } from '../kit/webhook-program.js';

// A cluster on its way: before the operator is installed, after it, and with one thing after another broken.

const ROOT = join(import.meta.dirname, '..', '..');
const cluster = await startCluster(t);
const { dir, controlPlane, kubeconfig } = cluster;
const client = createKubeClient(await connect({ kubeconfig }));
t.teardown(() => client.close());
const { signal } = new AbortController();

interface Found {
  readonly id: string;
  readonly verdict: string;
  readonly found: string;
}

const check = async (args: readonly string[] = [], config = kubeconfig) => {
  const { stdout, stderr, code } = await runWerfbundle(['check', '-o', 'json', ...args], {
    kubeconfig: config,
    cwd: dir,
  });
  if (stdout === '') throw new Error(`check ended with ${code}: ${stderr}`);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Found[] };
  t.equal(code, checks.some(({ verdict }) => verdict === 'failed') ? 1 : 0);
  return checks;
};
const brief = (checks: readonly Found[]) => Object.fromEntries(checks.map(({ id, verdict }) => [id, verdict]));
const bad = (checks: readonly Found[]) =>
  checks.filter(({ verdict }) => verdict === 'failed' || verdict === 'warning').map(({ id, found }) => ({ id, found }));
/** Only this is wrong, as soon as the apiserver has noticed. */
const only = async (id: string, words: RegExp) => {
  const found = await eventually(
    async () => bad(await check()),
    ([first]) => first?.id === id && words.test(first.found),
    30_000,
  );
  t.match(found, [{ id, found: words }]);
  t.equal(found.length, 1, JSON.stringify(found));
};
const isWell = async () =>
  t.strictSame(
    await eventually(
      async () => bad(await check()),
      (found) => found.length === 0,
      30_000,
    ),
    [],
  );
const must = async (...args: readonly string[]) => {
  const { code, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
};
const install = async (...files: readonly string[]) => {
  for (const file of files) await must('apply', file.endsWith('.yaml') ? '-f' : '-k', join(ROOT, 'manifests', file));
};
const CONFIGURATIONS = [
  'mutatingwebhookconfiguration/werfbundle-mutating',
  'validatingwebhookconfiguration/werfbundle-validating',
];

const webhookFlags = async () => {
  const file = join(dir, 'webhook.kubeconfig');
  const account = { namespace: OPERATOR_NAMESPACE, name: 'werfbundle-webhook' };
  await writeKubeconfig(client, account, { server: controlPlane.server, ca: controlPlane.ca, file }, signal);
  return ['--kubeconfig', file, '--shutdown-delay', '0s', '--advertise-url', 'https://127.0.0.1:0'];
};
const startWebhook = async () => {
  const webhook = await startWebhookProgram(dir, await webhookFlags());
  t.teardown(webhook.stop);
  return webhook;
};

t.test('before anything is installed', async (t) => {
  const pre = await check(['--pre']);
  t.strictSame(brief(pre), { version: 'ok', installed: 'ok', 'install-rights': 'ok' });
  t.equal(pre.find(({ id }) => id === 'installed')?.found, 'there is none yet');
  t.strictSame(
    bad(await check()).map(({ id }) => id),
    ['installation'],
    'nothing is said of what would be there',
  );
  for (const args of [['get'], ['status', 'shop'], ['suspend', 'shop']]) {
    const { code, stderr } = await runWerfbundle(args, { kubeconfig: cluster.kubeconfig, cwd: dir });
    t.equal(code, 1);
    t.match(stderr, /the apiserver does not serve this kind\nwerfbundle: is its CustomResourceDefinition installed \(/);
  }
});

t.test('installed, but neither webhook nor controller runs', async (t) => {
  await install('crd');
  await only('installation', /there is neither webhook nor controller, only the CustomResourceDefinition/);
  await install('default/namespace.yaml', 'rbac', 'webhook/configurations.yaml');
  await only('certificates', /no CA in caBundle/);
  const without = await check(['--operator-namespace', 'default']);
  t.match(without.find(({ id }) => id === 'deployments')?.found, /^there are none in namespace default/);
  t.match(without.find(({ id }) => id === 'controller-rights')?.found, /of namespace default may not get werfbundles/);
  const mistyped = await check(['--operator-namespace', 'elsewhere']);
  t.match(
    mistyped.find(({ id }) => id === 'operator-namespace'),
    { verdict: 'failed', found: /^elsewhere does not exist/ },
  );
  t.equal(mistyped.find(({ id }) => id === 'controller-rights')?.found, 'there is no namespace elsewhere to look in');
});

/** Until the spec ends. */
const startController = async (): Promise<void> => {
  await mkdir(join(dir, 'controller'));
  const kubectl = new Kubectl({
    program: (await binariesOfThisRun()).kubectl,
    kubeconfig,
    context: undefined,
    home: dir,
    cwd: ROOT,
  });
  const deps: OperatorDeps = {
    client,
    kubectl,
    server: controlPlane.server,
    ca: controlPlane.ca,
    root: ROOT,
    dir: join(dir, 'controller'),
    timeScale: 1,
    say: () => {},
  };
  const controller = await startProgram(deps, 'controller', signal);
  t.teardown(() => stopProgram(controller));
};

let running: WebhookProgram;

t.test('when all of it works nothing is wrong, and whoever may see little is told so', async (t) => {
  running = await startWebhook();
  await startController();
  await isWell();
  const all = await check();
  t.strictSame(brief(all.filter(({ verdict }) => verdict !== 'ok')), { deployments: 'not-checked' });
  t.match(
    all.find(({ id }) => id === 'certificates')?.found,
    /^the CAs, and the one by which the webhook is known, are good until /,
  );
  t.match(all.find(({ id }) => id === 'consent')?.found, /^bundles of namespace default deploy into it alone/);
  t.strictSame(bad(await check(['-n', 'nope'])), [
    { id: 'namespace', found: 'nope does not exist: create it, or give another one with -n' },
  ]);
  await must('create', 'namespace', 'production');
  await must('annotate', 'namespace', 'production', 'werf.io/accept-bundles-from=shops, default');
  t.match((await check()).find(({ id }) => id === 'consent')?.found, /are accepted by production$/);

  await must('create', 'serviceaccount', 'jane', '-n', 'production');
  await must(
    'create',
    'rolebinding',
    'jane',
    '-n',
    'production',
    '--clusterrole=view',
    '--serviceaccount=production:jane',
  );
  const file = join(dir, 'jane.kubeconfig');
  const janes = { namespace: 'production', name: 'jane' };
  await writeKubeconfig(client, janes, { server: controlPlane.server, ca: controlPlane.ca, file }, signal);
  const seen = await check([], file);
  t.strictSame(
    seen.filter(({ verdict }) => verdict === 'ok').map(({ id, found }) => [id, id === 'version' ? '' : found]),
    [
      ['version', ''],
      ['namespace', 'production exists'],
      [
        'own-rights',
        'in namespace production you may get, list, watch werfbundles.werf.io; get pods/log; not create, update, patch, delete, approve werfbundles.werf.io; create jobs.batch',
      ],
    ],
  );
  t.strictSame(bad(seen), []);
  t.match(bad(await check(['--pre'], file)), [
    { id: 'install-rights', found: /^you may not create customresourcedefinitions/ },
  ]);
});

t.test('what breaks is named: the CA, its end, the webhook, the CRD, the replicas', async (t) => {
  const setAuthority = async (certificate: string) => {
    const value = Buffer.from(certificate).toString('base64');
    const patch = JSON.stringify([{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value }]);
    for (const name of CONFIGURATIONS) await must('patch', name, '--type=json', '-p', patch);
  };
  // As cert-manager has it: the webhook itself no longer writes it.
  for (const name of CONFIGURATIONS) await must('annotate', name, 'cert-manager.io/inject-ca-from=a/b');
  await setAuthority((await issueAuthority(Date.now())).certificate);
  await only('webhook', /^no bundle can be created or changed: .*unknown authority/);
  await setAuthority((await issueAuthority(Date.now() - 800 * 24 * 3_600_000)).certificate);
  await only('certificates', /^one has expired, at \d{4}-/);
  for (const name of CONFIGURATIONS) await must('delete', name);
  const gone = async () => bad(await check());
  const both = await eventually(
    gone,
    (found) => found.length === 2 && found.every(({ id }) => id.startsWith('conf')),
    30_000,
  );
  t.strictSame(
    both.map(({ id, found }) => `${id}: ${found}`),
    ['configurations[0]: it does not exist', 'configurations[1]: it does not exist'],
  );
  await install('webhook/configurations.yaml');
  await isWell();

  const guard = async () => (await check()).find(({ id }) => id === 'values-guard');
  t.match(await guard(), { verdict: 'ok', found: /^it is not installed, and need not be: / });
  await install('webhook/values-guard/configuration.yaml');
  await only('values-guard', /does the webhook run with --guard-values/);
  await must('delete', '-f', join(ROOT, 'manifests', 'webhook/values-guard/configuration.yaml'));
  await isWell();

  await install('controller');
  await only('deployments[0]', /^0 of 2 replicas are ready$/);
  await must('delete', '-k', join(ROOT, 'manifests', 'controller'));
  await isWell();

  await running.stop();
  await only('webhook', /^no bundle can be created or changed: .*connection refused/);
});
