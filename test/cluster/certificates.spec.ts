import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../api/objects.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import { certificatesIn } from '../../certs/inspect.js';
import { issueAuthority, issueLeafUntil, type KeyPair } from '../../certs/issue.js';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { established } from '../../playground/established.js';
import { startBalancer } from '../kit/balancer.js';
import { startCluster } from '../kit/cluster.js';
import { eventually } from '../kit/eventually.js';
import { startWebhookProgram, type WebhookProgram } from '../kit/webhook-program.js';

const ROOT = join(import.meta.dirname, '..', '..');
const NAMESPACE = 'k8s-werf-operator-go-system';
const SERVICE = `werfbundle-webhook.${NAMESPACE}.svc`;
const WRITES_BETWEEN_RESTARTS = 200;
const SECRET = { namespace: NAMESPACE, name: 'werfbundle-webhook-certificates' };
const CONFIGURATIONS = [
  'mutatingwebhookconfiguration/werfbundle-mutating',
  'validatingwebhookconfiguration/werfbundle-validating',
];

/** With the rights of manifests/rbac, and no others. */
const webhookKubeconfig = async (): Promise<string> => {
  const token = (await must(['create', 'token', 'werfbundle-webhook', '-n', NAMESPACE])).trim();
  const config = JSON.parse(await must(['config', 'view', '--raw', '-o', 'json']));
  for (const entry of config.users) entry.user = { token };
  const file = join(cluster.dir, 'webhook.kubeconfig');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};

const cluster = await startCluster(t);
const must = async (args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
};
await must(['apply', '-k', join(ROOT, 'manifests/crd')]);
await must(['apply', '-k', join(ROOT, 'manifests/default')]);
await must(['create', 'namespace', 'ops']);
if (!(await established(cluster.kubectl, 'werfbundles.werf.io'))) throw new Error('the CRD is not served');
const kubeconfig = await webhookKubeconfig();
const kube = createKubeClient(await connect({ kubeconfig: cluster.kubeconfig }));
t.teardown(() => kube.close());
const signal = new AbortController().signal;

const startWebhook = async (...args: readonly string[]): Promise<WebhookProgram> => {
  const webhook = await startWebhookProgram(cluster.dir, ['--kubeconfig', kubeconfig, ...args]);
  t.teardown(webhook.stop);
  return webhook;
};

const bundle = (name: string): WerfBundle => ({
  apiVersion: 'werf.io/v1alpha1',
  kind: 'WerfBundle',
  metadata: { name, namespace: 'ops' },
  spec: { registry: { url: 'ghcr.io/acme/app', tag: 'v1' } },
});

/** clientConfig of both configurations. */
const clientConfigs = () =>
  Promise.all(
    CONFIGURATIONS.map(async (name) => {
      const { webhooks } = JSON.parse(await must(['get', name, '-o', 'json']));
      return webhooks[0].clientConfig as { readonly caBundle?: string; readonly url?: string };
    }),
  );

const authoritiesOf = ({ caBundle = '' }: { readonly caBundle?: string }): readonly string[] =>
  certificatesIn(Buffer.from(caBundle, 'base64').toString());

t.test('10,000 admissions, three rotations and five restarts: no call fails', { timeout: 500_000 }, async (t) => {
  // An authority that has a third of its life before it in a few seconds, as if the webhooks had run for 243 days.
  const old = await issueAuthority(Date.now() - 60_000, 120_000);
  const leaf = await issueLeafUntil({
    authority: old,
    names: [SERVICE, `${SERVICE}.cluster.local`, '127.0.0.1'],
    now: Date.now(),
    until: Date.now() + 30_000,
  });
  const data = { 'ca.crt': old.certificate, 'ca.key': old.key, 'tls.crt': leaf.certificate, 'tls.key': leaf.key };
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  await kube.create(
    SECRETS,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: SECRET,
      type: 'kubernetes.io/tls',
      data: Object.fromEntries(encoded),
    },
    signal,
  );
  const balancer = await startBalancer(t);
  const flags = ['--advertise-url', `https://127.0.0.1:${balancer.port}`, '--shutdown-delay', '2s'];
  const start = () => startWebhook(...flags, '--time-scale', '40000');
  const replicas: Awaited<ReturnType<typeof start>>[] = [];
  const addReplica = async () => {
    const webhook = await start();
    balancer.add(webhook);
    replicas.push(webhook);
    return webhook;
  };
  const [first, second] = await Promise.all([addReplica(), addReplica()]);
  const names = Array.from({ length: 20 }, (_, index) => `rotation-${index}`);
  await eventually(
    () => kube.create(WERFBUNDLES, bundle('first'), signal).catch(() => undefined),
    (created) => created !== undefined,
  );
  for (const name of names) await kube.create(WERFBUNDLES, bundle(name), signal);
  const answered = () =>
    replicas.flatMap(({ log }) => log).filter(({ message }) => message === 'admission answered').length;
  const answeredBefore = answered();
  // The first bundle may have come before the balancer had asked anybody.
  const turnedAwayBefore = balancer.turnedAway.length;

  const count = { writes: 0 };
  const failures: string[] = [];
  let writing = true;
  const write = async (name: string): Promise<void> => {
    while (writing) {
      const metadata = { annotations: { count: String(count.writes) } };
      await kube.mergePatch(WERFBUNDLES, { namespace: 'ops', name }, { metadata }, {}, signal).then(
        () => {
          count.writes += 1;
        },
        (error: Error) => failures.push(error.message),
      );
    }
  };
  const logged = () => replicas.flatMap(({ log }) => log);
  const issued = (kind: 'authority' | 'leaf') =>
    logged().filter((entry) => entry['message'] === 'certificates issued' && entry[kind] === true).length;
  const writers = names.slice(0, 6).map(write);
  let restarting = second;
  for (const restart of [1, 2, 3, 4, 5]) {
    const writes = count.writes;
    await eventually(
      () => Promise.resolve(count.writes),
      (now) => now >= writes + WRITES_BETWEEN_RESTARTS,
      120_000,
    );
    const code = await restarting.stop();
    balancer.remove(restarting);
    t.equal(code, 0, `restart ${restart}`);
    restarting = await addReplica();
    if (restart !== 3) continue;
    // The old authority's time comes 20 s after the start; only then may its successor be lost.
    await eventually(
      () => Promise.resolve(issued('authority')),
      (count) => count >= 1,
      120_000,
    );
    await must(['delete', 'secret', SECRET.name, '-n', NAMESPACE]);
  }
  const served = () => first.log.filter(({ message }) => message === 'serving with a certificate');
  const done = () =>
    Promise.resolve(count.writes >= 5000 && issued('authority') >= 2 && issued('leaf') >= 3 && served().length >= 4);
  await eventually(done, (isDone) => isDone, 300_000);
  writing = false;
  await Promise.all(writers);

  t.same(failures.slice(0, 3), [], 'no write failed');
  // failurePolicy Fail: nothing is stored for which one of the two calls failed. A write that finds the object changed asks again.
  const answers = answered() - answeredBefore;
  t.ok(count.writes >= 5000 && answers >= 2 * count.writes, `${answers} answers for ${count.writes} writes`);
  t.same(balancer.turnedAway.slice(turnedAwayBefore), [], 'somebody was ready all the time');
  t.ok(issued('authority') >= 2, `${issued('authority')} new authorities: one was old, one was lost`);
  t.ok(issued('leaf') >= 3, `${issued('leaf')} new leaves`);
  t.ok(served().length >= 4, `the replica that was never restarted served ${served().length} leaves`);
  t.same(
    first.log.filter(({ level }) => level === 'error'),
    [],
    'without an error',
  );
  // At this time scale an authority may end, and be let go, between two looks.
  const look = async () => ({ configs: await clientConfigs(), secret: await kube.get(SECRETS, SECRET, signal) });
  const areSame = ({ configs, secret }: Awaited<ReturnType<typeof look>>) =>
    configs.every(({ caBundle }) => caBundle === secret?.data?.['ca.crt']);
  t.ok(areSame(await eventually(look, areSame)), 'both caBundles hold what the Secret holds');

  await t.test('what somebody overwrites is restored', async (t) => {
    const before = await clientConfigs();
    const foreign = Buffer.from((await issueAuthority(Date.now())).certificate).toString('base64');
    const change = JSON.stringify([{ op: 'replace', path: '/webhooks/0/clientConfig/caBundle', value: foreign }]);
    for (const name of CONFIGURATIONS) await must(['patch', name, '--type=json', '-p', change]);
    const { configs, secret } = await eventually(look, areSame);
    const caBundle = secret?.data?.['ca.crt'];
    t.same(
      configs,
      before.map((config) => ({ ...config, caBundle })),
      'caBundle is what the Secret holds again, and nothing else has changed',
    );
    await must(['apply', '-k', join(ROOT, 'manifests/webhook')]);
    t.same(
      (await eventually(clientConfigs, (seen) => seen.every(({ url }) => url !== undefined))).map(({ url }) => url),
      before.map(({ url }) => url),
      'the URL, after the manifests were applied again',
    );
    const works = await eventually(
      () => cluster.kubectl(['annotate', 'wb', 'first', '-n', 'ops', 'again=true', '--overwrite']),
      ({ code }) => code === 0,
    );
    t.equal(works.stderr, '', 'and admission goes on');
  });
  t.same(await Promise.all([first.stop(), restarting.stop()]), [0, 0]);
});

t.test('files from outside: a fault is logged once, and the previous pair is served while it is valid', async (t) => {
  const directory = join(cluster.dir, 'certificates');
  await mkdir(directory);
  const authority = await issueAuthority(Date.now());
  const pair = (seconds: number, names = ['127.0.0.1']) =>
    issueLeafUntil({ authority, names, now: Date.now(), until: Date.now() + seconds * 1000 });
  const put = async (file: string, text: string): Promise<void> => {
    await writeFile(join(directory, `.${file}`), text);
    await rename(join(directory, `.${file}`), join(directory, file));
  };
  const give = async ({ certificate, key }: KeyPair): Promise<void> => {
    await put('tls.key', key);
    await put('tls.crt', certificate);
  };
  await put('ca.crt', authority.certificate);
  await give(await pair(600));
  const flags = ['--cert-dir', directory, '--time-scale', '10', '--shutdown-delay', '0s'];
  const webhook = await startWebhook(...flags, '--advertise-url', 'https://127.0.0.1:0');
  const readyz = async () => {
    const response = await fetch(`http://127.0.0.1:${webhook.healthPort}/readyz`);
    return `${response.status} ${await response.text()}`;
  };
  const expiry = async (): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${webhook.healthPort}/metrics`)).text();
    return Number(/^werfbundle_certificate_expiry_timestamp_seconds (\S+)$/m.exec(metrics)?.[1]);
  };
  const faults = () => webhook.log.filter(({ level }) => level === 'warn' || level === 'error').slice(1);
  const admitted = () => cluster.kubectl(['annotate', 'wb', 'first', '-n', 'ops', `at=${Date.now()}`, '--overwrite']);
  t.equal((await eventually(admitted, ({ code }) => code === 0)).stderr, '');
  const published = (await clientConfigs()).map(authoritiesOf);
  t.ok(
    published.every((pems) => pems.includes(authority.certificate.trim())),
    'ca.crt is published',
  );
  const before = await expiry();

  await put('tls.key', (await pair(600)).key);
  await eventually(
    () => Promise.resolve(faults()),
    (seen) => seen.length > 0,
  );
  // Each change of a file makes the webhook look again, and an admission is answered after that.
  for (const key of [await pair(600), await pair(600), await pair(600)].map(({ key }) => key)) {
    await put('tls.key', key);
    await admitted();
  }
  t.same(
    faults().map(({ message, reason }) => [message, reason]),
    [["can't read the certificates", `${directory}/tls.key: is not the private key of tls.crt`]],
    'a key that does not fit is one line',
  );
  t.equal(await readyz(), '200 ok\n');
  t.equal((await admitted()).stderr, '', 'and what was there before is served');
  t.equal(await expiry(), before);

  const brief = await pair(8);
  await give(brief);
  const swapped = await eventually(expiry, (seen) => seen !== before);
  t.ok(swapped < before, 'a pair that fits is served, and the metric follows');
  const again = webhook.log.filter(({ message }) => message === 'works again: read the certificates');
  t.equal(again.length, 1, 'and the log says so');
  t.equal((await admitted()).stderr, '');
  const unready = await eventually(readyz, (seen) => seen.startsWith('503'), 30_000);
  t.equal(unready, '503 a TLS handshake with ourselves as 127.0.0.1 failed: certificate has expired\n');
  t.match(
    faults().map(({ reason }) => String(reason)),
    [/tls\.key/, /tls\.crt: has expired \(/, /certificate has expired/],
    'an expired one is one line, and one that it is not ready',
  );
  await give(await pair(600));
  t.equal(await eventually(readyz, (seen) => seen.startsWith('200')), '200 ok\n', 'until a valid one is there');
  t.equal((await eventually(admitted, ({ code }) => code === 0)).stderr, '');
  t.equal(await webhook.stop(), 0);

  await give(brief);
  await t.rejects(startWebhook(...flags), {
    message: new RegExp(`^the webhook ended with 2: ${directory}/tls\\.crt: has expired \\(.+\\)\\n$`),
  });
});

interface Manifest extends KubeObject {
  readonly spec?: unknown;
  readonly webhooks?: readonly Readonly<Record<string, unknown>>[];
}

/** What `kubectl kustomize` makes of manifests/default with these components, in another namespace. */
const overlay = async (...components: readonly string[]): Promise<readonly Manifest[]> => {
  const inner = join(cluster.dir, 'overlay', 'namespace');
  const outer = join(cluster.dir, 'overlay', 'all');
  await mkdir(inner, { recursive: true });
  await mkdir(outer, { recursive: true });
  const to = (from: string, path: string) => relative(from, join(ROOT, 'manifests', path));
  await writeFile(
    join(inner, 'kustomization.yaml'),
    JSON.stringify({ namespace: 'elsewhere', resources: [to(inner, 'default')] }),
  );
  await writeFile(
    join(outer, 'kustomization.yaml'),
    JSON.stringify({ resources: ['../namespace'], components: components.map((path) => to(outer, path)) }),
  );
  return parseAllDocuments(await must(['kustomize', outer])).map((document) => document.toJS() as Manifest);
};

t.test('the components fit together, in any namespace', async (t) => {
  const all = await overlay('webhook/values-guard', 'certs');
  const hooks = all.filter(({ kind }) => kind?.endsWith('WebhookConfiguration'));
  t.same(
    hooks.map(({ metadata }) => [metadata.name, metadata.annotations]),
    ['werfbundle-mutating', 'werfbundle-validating', 'werfbundle-values-guard'].map((name) => [
      name,
      { 'cert-manager.io/inject-ca-from': 'elsewhere/werfbundle-webhook' },
    ]),
  );
  const certificate = all.find(
    ({ kind, metadata }) => kind === 'Certificate' && metadata.name === 'werfbundle-webhook',
  );
  t.match(certificate, {
    metadata: { namespace: 'elsewhere' },
    spec: {
      secretName: 'werfbundle-webhook-tls',
      dnsNames: ['werfbundle-webhook.elsewhere.svc', 'werfbundle-webhook.elsewhere.svc.cluster.local'],
    },
  });
  const deployment = all.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'werfbundle-webhook');
  t.match(deployment?.spec, {
    template: {
      spec: {
        containers: [
          {
            args: [
              ...['--listen=0.0.0.0:9443', '--health-address=0.0.0.0:8081', '--guard-values'],
              '--cert-dir=/etc/werfbundle/certificates',
            ],
            volumeMounts: [{ name: 'certificates', mountPath: '/etc/werfbundle/certificates', readOnly: true }],
          },
        ],
        volumes: [{ name: 'certificates', secret: { secretName: 'werfbundle-webhook-tls' } }],
      },
    },
  });
});
