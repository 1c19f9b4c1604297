import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { established } from '../../playground/established.js';
import { type Cluster, startCluster } from '../kit/cluster.js';
import { metricFaults } from '../kit/exposition.js';
import { faultyLines } from '../kit/log-lines.js';
import { startWebhookProgram, type WebhookProgram } from '../kit/webhook-program.js';

const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'k8s-werf-operator-go-system';
const CONFIGURATIONS = [
  'mutatingwebhookconfiguration/werfbundle-mutating',
  'validatingwebhookconfiguration/werfbundle-validating',
];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built program, with an environment of its own. */
const start = (args: readonly string[]) =>
  spawn(process.execPath, [join(ROOT, 'dist', 'webhook.js'), ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const runToEnd = (args: readonly string[]): Promise<Ended> => {
  const child = start(args);
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      texts[name] += part;
    });
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
};

const startWebhook = async (kubeconfig: string, ...args: readonly string[]): Promise<WebhookProgram> => {
  const address = ['--advertise-url', 'https://127.0.0.1:0', '--shutdown-delay', '0s'];
  const webhook = await startWebhookProgram(cluster.dir, ['--kubeconfig', kubeconfig, ...address, ...args]);
  t.teardown(webhook.stop);
  return webhook;
};

const must = async (cluster: Cluster, args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};

/** A kubeconfig with the token of the webhook's ServiceAccount, and so with the rights of manifests/rbac. */
const serviceAccountKubeconfig = async (cluster: Cluster, account: string): Promise<string> => {
  const token = (await must(cluster, ['create', 'token', account, '-n', NAMESPACE])).trim();
  const config = JSON.parse(await must(cluster, ['config', 'view', '--raw', '-o', 'json']));
  const file = join(cluster.dir, `${account}.kubeconfig`);
  for (const { user } of config.users) {
    for (const key of Object.keys(user)) delete user[key];
    user.token = token;
  }
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};

const bundle = (name: string, spec: object, metadata: object = {}): string =>
  JSON.stringify({
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name, namespace: 'ops', ...metadata },
    spec,
  });

/** The apiserver takes a moment to notice that a webhook configuration came or went. */
const eventually = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen within ten seconds');
};

const cluster = await startCluster(t);
await must(cluster, ['apply', '-k', join(ROOT, 'manifests/crd')]);
await must(cluster, ['apply', '-k', join(ROOT, 'manifests/default')]);
await must(cluster, ['create', 'namespace', 'ops']);
// The target of the sample with four mistakes: a fifth would be that it is not there.
await must(cluster, ['create', 'namespace', 'production']);
if (!(await established(cluster.kubectl, 'werfbundles.werf.io'))) throw new Error('the CRD is not served');
const kubeconfig = await serviceAccountKubeconfig(cluster, 'werfbundle-webhook');

/** caBundle and URL of both configurations. */
const published = async () =>
  Promise.all(
    CONFIGURATIONS.map(async (name) => {
      const { webhooks } = JSON.parse(await must(cluster, ['get', name, '-o', 'json']));
      return {
        url: webhooks[0].clientConfig.url,
        ca: webhooks[0].clientConfig.caBundle,
        service: webhooks[0].clientConfig.service,
      };
    }),
  );

t.test('before the webhook runs, bundles are refused rather than stored unjudged', async (t) => {
  const { code, stderr } = await cluster.kubectl(
    ['apply', '-f', '-'],
    bundle('early', { registry: { url: 'ghcr.io/a/b', tag: 'v1' } }),
  );
  t.not(code, 0);
  t.match(stderr, /failed calling webhook "mutate\.werfbundles\.werf\.io"/);
});

t.test('bad starts are one clear line each, and exit code 2', async (t) => {
  const busy = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => busy.once('listening', resolve));
  t.teardown(() => new Promise((resolve) => busy.close(resolve)));
  const { port } = busy.address() as { port: number };
  const controller = await serviceAccountKubeconfig(cluster, 'werfbundle-controller');
  const local = ['--health-address', '127.0.0.1:0', '--listen', '127.0.0.1:0'];
  const cases: readonly { title: string; args: readonly string[]; stderr: RegExp }[] = [
    {
      title: 'wrong flags, all of them',
      args: ['--lissen', '1', '--max-in-flight=0'],
      stderr:
        /^--lissen: there is no such flag; did you mean --listen\?\n--max-in-flight: "0" is not a whole number from 1 to 10000\n$/,
    },
    {
      title: 'no kubeconfig',
      args: ['--kubeconfig', '/nonexistent/k'],
      stderr: /^kubeconfig \/nonexistent\/k: cannot be read: .+\n$/,
    },
    {
      title: 'a port in use',
      args: ['--kubeconfig', kubeconfig, ...local, '--listen', `127.0.0.1:${port}`],
      stderr: new RegExp(`^cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use; give another --listen\\n$`),
    },
    {
      title: 'a health port in use',
      args: ['--kubeconfig', kubeconfig, ...local, '--health-address', `127.0.0.1:${port}`],
      stderr: new RegExp(
        `^cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use; give another --health-address\\n$`,
      ),
    },
    {
      title: 'a webhook configuration that does not exist',
      args: ['--kubeconfig', cluster.kubeconfig, ...local, '--mutating-webhook-name', 'nope'],
      stderr: /^MutatingWebhookConfiguration nope does not exist or is empty: apply manifests\/webhook first\n$/,
    },
    {
      title: 'missing rights',
      args: ['--kubeconfig', controller, ...local],
      stderr: /^can't publish the certificates: .*forbidden.*\n$/,
    },
  ];
  for (const { title, args, stderr } of cases) {
    const ended = await runToEnd(args);
    t.equal(ended.code, 2, title);
    t.match(ended.stderr, stderr, title);
  }
});

t.test('admission, as kubectl shows it', async (t) => {
  const webhook = await startWebhook(kubeconfig);
  const health = (path: string) => fetch(`http://127.0.0.1:${webhook.healthPort}${path}`);
  t.equal((await health('/readyz')).status, 200, 'ready when it says so');
  const [mutating, validating] = await published();
  t.same(
    [mutating?.url, validating?.url],
    [`https://127.0.0.1:${webhook.port}/mutate`, `https://127.0.0.1:${webhook.port}/validate`],
  );
  t.ok(mutating?.ca && mutating.ca === validating?.ca);

  const plain = bundle('plain', { registry: { url: 'ghcr.io/acme/app' } });
  const created = await cluster.kubectl(['apply', '-f', '-'], plain);
  t.same(created, {
    code: 0,
    stdout: 'werfbundle.werf.io/plain created\n',
    stderr:
      'Warning: spec.registry: no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0)\n' +
      'Warning: spec.converge.serviceAccountName: none is named: the Job runs as ServiceAccount default of namespace ops, which may deploy nothing in most clusters; manifests/samples/werf-converge.yaml shows one with its Role\n',
  });
  t.same(JSON.parse(await must(cluster, ['get', 'wb', 'plain', '-n', 'ops', '-o', 'jsonpath={.spec}'])), {
    registry: { url: 'ghcr.io/acme/app', pollInterval: '15m', insecure: false },
    converge: {
      resourceLimits: { cpu: '1', memory: '1Gi' },
      logRetentionDays: 7,
      timeout: '30m',
      retries: 0,
      rollbackOnFailure: false,
      plan: 'Never',
      deletions: 'Allow',
      onFailure: 'Stay',
      driftDetection: { enabled: false, interval: '15m', correct: true, maxRetries: 3 },
    },
    deletionPolicy: 'Orphan',
    suspend: false,
  });
  t.equal(
    await must(cluster, ['apply', '-f', '-'], plain),
    'werfbundle.werf.io/plain unchanged\n',
    'applied again, nothing changes',
  );
  t.equal((await cluster.kubectl(['diff', '-f', '-'], plain)).code, 0, 'and nothing differs');

  const refused = await cluster.kubectl(['apply', '-f', join(ROOT, 'manifests/samples/invalid/four-mistakes.yaml')]);
  t.equal(refused.code, 1);
  t.same(
    refused.stderr.split('\n').filter((line) => !line.startsWith('Warning: ')),
    [
      'The WerfBundle "four-mistakes" is invalid: ',
      '* spec.registry.url: Invalid value: "https://ghcr.io/acme/my-app:v1": a repository without scheme and tag is needed; did you mean "ghcr.io/acme/my-app" with spec.registry.tag "v1"?',
      '* spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
      `* spec.converge.serviceAccountName: Required value: the ServiceAccount in namespace "production" that the deploy runs as; it may only be left out for a deploy into the bundle's own namespace "${NAMESPACE}"`,
      '* spec.converge.resourceLimits.memory: Invalid value: "-1Gi": must be greater than zero',
      '',
    ],
    'all four mistakes are named, whatever the schema would have said first',
  );
  const raw = await cluster.kubectl(
    ['create', '-f', '-', '-v=9'],
    bundle('raw', { registry: { url: 'ghcr.io/acme/app', tag: 'v1', pollInterval: '15' } }),
  );
  t.match(
    raw.stderr.replaceAll('\\"', '"'),
    'admission webhook "mutate.werfbundles.werf.io" denied the request: WerfBundle.werf.io "raw" is invalid: spec.registry.pollInterval: Invalid value: "15": a unit is missing; durations from "1m" to "24h", for example "15m"',
    'the message alone says it too',
  );

  const dry = bundle('dry', { registry: { url: 'ghcr.io/acme/app', tag: 'v1' } });
  t.equal(
    await must(cluster, ['apply', '--dry-run=server', '-f', '-'], dry),
    'werfbundle.werf.io/dry created (server dry run)\n',
  );
  t.match((await cluster.kubectl(['get', 'wb', 'dry', '-n', 'ops'])).stderr, 'not found');
  t.equal(
    await must(cluster, ['apply', '--server-side', '-f', '-'], dry),
    'werfbundle.werf.io/dry serverside-applied\n',
  );

  const wrong = ['patch', 'wb', 'plain', '-n', 'ops', '--type=merge', '-p', '{"spec":{"converge":{"retries":11}}}'];
  t.match(
    (await cluster.kubectl(wrong)).stderr,
    'spec.converge.retries: Invalid value: 11: must be less than or equal to 10',
  );
  const status = [
    'patch',
    'wb',
    'plain',
    '-n',
    'ops',
    '--subresource=status',
    '--type=merge',
    '-p',
    '{"status":{"consecutiveFailures":6}}',
  ];
  t.match(await must(cluster, status), 'patched', 'a status is not judged');
  t.match(await must(cluster, ['annotate', 'wb', 'plain', '-n', 'ops', 'team=a']), 'annotated');
  const metrics = await (await health('/metrics')).text();
  t.match(metrics, /^werfbundle_admission_requests_total\{webhook="mutate",allowed="false",verdict="deny"\} 3$/m);
  const [expiry] = /(?<=^werfbundle_certificate_expiry_timestamp_seconds )\d+/m.exec(metrics) ?? [];
  t.ok(metrics.includes(`\nwerfbundle_certificate_expiry_seconds ${expiry}`), 'by its old name, too');
  t.match(metrics, /^werfbundle_build_info\{version="\d+\.\d+\.\d+\S*",node="\d+\.\d+\.\d+"\} 1$/m);
  t.match(metrics, /^werfbundle_kube_requests_total\{verb="get",resource="secrets",code="(200|404)"\} \d+$/m);
  t.strictSame(metricFaults(metrics), [], 'by the names and labels of the reference');
  t.notMatch(JSON.stringify(webhook.log), /PRIVATE KEY|BEGIN/, 'nothing private is in the log');
  t.same(faultyLines(await readFile(webhook.logFile, 'utf8')), [], 'each line of it is JSON, with each key once');
  t.equal(await webhook.stop(), 0);
});

t.test('restarts and replicas serve with the same authority', async (t) => {
  const [before] = await published();
  const [first, second] = await Promise.all([startWebhook(kubeconfig), startWebhook(kubeconfig)]);
  const [after] = await published();
  t.equal(after?.ca, before?.ca);
  t.ok([first, second].some(({ port }) => after?.url === `https://127.0.0.1:${port}/mutate`));
  t.match(await must(cluster, ['annotate', 'wb', 'plain', '-n', 'ops', 'team=b', '--overwrite']), 'annotated');
  await Promise.all([first.stop(), second.stop()]);

  await must(cluster, ['delete', 'secret', '-n', NAMESPACE, 'werfbundle-webhook-certificates']);
  const replicas = await Promise.all([startWebhook(kubeconfig), startWebhook(kubeconfig), startWebhook(kubeconfig)]);
  const secret = JSON.parse(
    await must(cluster, ['get', 'secret', '-n', NAMESPACE, 'werfbundle-webhook-certificates', '-o', 'json']),
  );
  t.same(
    (await published()).map(({ ca }) => ca),
    Array(2).fill(secret.data['ca.crt']),
    'three that start at once agree on one',
  );
  t.match(await must(cluster, ['annotate', 'wb', 'plain', '-n', 'ops', 'team=c', '--overwrite']), 'annotated');
  await Promise.all(replicas.map(({ stop }) => stop()));

  await must(cluster, ['apply', '-k', join(ROOT, 'manifests/default')]);
  t.same(
    (await published()).map(({ url, service }) => [url, service.path]),
    [
      [undefined, '/mutate'],
      [undefined, '/validate'],
    ],
    'applying the manifests again goes back to the Service',
  );
  const again = await startWebhook(kubeconfig);
  t.equal((await published())[0]?.ca, secret.data['ca.crt'], 'and the next start to the URL');
  t.match(await must(cluster, ['annotate', 'wb', 'plain', '-n', 'ops', 'team=d', '--overwrite']), 'annotated');
  await again.stop();
});

t.test('an object that is being deleted loses its finalizer, though its spec has become invalid', async (t) => {
  const [mutating, validating] = CONFIGURATIONS;
  if (mutating === undefined || validating === undefined) throw new Error('there are two configurations');
  const webhook = await startWebhook(kubeconfig);
  const configurations = await readFile(join(ROOT, 'manifests/webhook/configurations.yaml'), 'utf8');
  await must(cluster, ['delete', mutating, validating]);
  // The schema has nothing against a pattern that is no RE2; only the webhook has.
  const going = bundle(
    'going',
    { registry: { url: 'ghcr.io/acme/app', tagPattern: '(' } },
    { finalizers: ['werf.io/test'] },
  );
  await eventually(async () => (await cluster.kubectl(['apply', '-f', '-'], going)).code === 0);
  await webhook.stop();
  await must(cluster, ['apply', '-f', '-'], configurations);
  const restarted = await startWebhook(kubeconfig);
  const change = ['patch', 'wb', 'going', '-n', 'ops', '--type=merge', '-p', '{"spec":{"suspend":true}}'];
  await eventually(async () => (await cluster.kubectl(change)).stderr.includes('spec.registry.tagPattern'));
  await must(cluster, ['delete', 'wb', 'going', '-n', 'ops', '--wait=false']);
  await must(cluster, ['patch', 'wb', 'going', '-n', 'ops', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  t.match((await cluster.kubectl(['get', 'wb', 'going', '-n', 'ops'])).stderr, 'not found');
  t.equal(await restarted.stop(), 0);
});
