import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { KubeClient } from '../../kube/client.js';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { SECRETS } from '../../kube/resources.js';
import { startNodeAgent } from '../../playground/node-agent/start.js';
import { publishBundle } from '../../playground/registry/publish.js';
import { startRegistry } from '../../playground/registry/start.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { findWerf, tellWerf } from '../../playground/werf/find.js';
import { systemClock } from '../../process/system-clock.js';
import { type WerfSubject, werfContract } from '../contract/werf.contract.js';
import { binariesOfThisRun, type Cluster, startCluster } from '../kit/cluster.js';
import { recordLog } from '../kit/record-log.js';

const ROOT = join(import.meta.dirname, '..', '..');
const STAND_IN = join(ROOT, 'dist', 'werf-stand-in.js');

/** A control plane, a registry, and what makes ServiceAccounts that may deploy. */
interface Fixture {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly registryHost: string;
  readonly namespaceSample: string;
  readonly signal: AbortSignal;
}

const startFixture = async (t: Test): Promise<Fixture> => {
  const { dockerRegistry } = await binariesOfThisRun();
  const cluster = await startCluster(t);
  const client = createKubeClient(await connect({ kubeconfig: cluster.kubeconfig }));
  t.teardown(() => client.close());
  const registry = await startRegistry({
    dir: join(cluster.dir, 'registry'),
    say: (line: string) => t.comment(line),
    ...(dockerRegistry !== undefined && { binary: dockerRegistry }),
  });
  t.teardown(() => registry.stop());
  const sample = await readFile(join(ROOT, 'playground', 'samples', 'namespace.yaml'), 'utf8');
  const namespaceSample = sample
    .split('\n---\n')
    .filter((document) => !document.includes('name: production'))
    .join('\n---\n');
  const { signal } = new AbortController();
  return { cluster, client, registryHost: registry.host, namespaceSample, signal };
};

type Account = { readonly namespace: string; readonly account: string; readonly key?: string | undefined };

/** Runs a program as a ServiceAccount, with what a Job's container would have. */
const startAs = (
  fixture: Fixture,
  { command, variables }: { readonly command: readonly string[]; readonly variables: Readonly<Record<string, string>> },
  { args, as }: { readonly args: readonly string[]; readonly as: Account },
): ReturnType<WerfSubject['start']> => {
  let log = '';
  let terminate = () => {};
  const ended = (async () => {
    const home = await mkdtemp(join(fixture.cluster.dir, 'home-'));
    const account = { namespace: as.namespace, name: as.account };
    const { server, ca } = fixture.cluster.controlPlane;
    const kubeconfig = join(home, 'kubeconfig');
    await writeKubeconfig(fixture.client, account, { server, ca, file: kubeconfig }, fixture.signal);
    const [program = '', ...words] = [...command, ...args];
    const env = {
      ...variables,
      ...(await inPod(home, kubeconfig, { server, ca })),
      HOME: home,
      TMPDIR: home,
      WERF_SECRET_KEY: as.key ?? '',
    };
    const child = spawn(program, words, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
    terminate = () => child.kill('SIGTERM');
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        log += part;
      });
    return await new Promise<{ code: number | null; signal: string | null; log: string }>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, log }));
    });
  })();
  return { log: () => log, terminate: () => terminate(), ended };
};

/** A kubeconfig for werf, and a Pod's own folder for the stand-in, which reads no kubeconfig. */
const inPod = async (
  home: string,
  kubeconfig: string,
  { server, ca }: { readonly server: string; readonly ca: string },
): Promise<Readonly<Record<string, string>>> => {
  const { users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as { users: { user: { token: string } }[] };
  const folder = join(home, 'service-account');
  await mkdir(folder);
  await writeFile(join(folder, 'token'), users[0]?.user.token ?? '');
  await writeFile(join(folder, 'ca.crt'), ca);
  const { hostname, port } = new URL(server);
  return {
    KUBECONFIG: kubeconfig,
    PLAYGROUND_SERVICE_ACCOUNT: folder,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    PATH: process.env['PATH'] ?? '',
    WERF_TELEMETRY: '0',
    WERF_BUILDAH_MODE: 'docker',
  };
};

/** What of the contract's subject is the same for every werf. */
const around = (fixture: Fixture): Omit<WerfSubject, 'name' | 'version' | 'start' | 'configMapOf'> => {
  const { cluster, client, registryHost, signal } = fixture;
  const kubectl = async (args: readonly string[], input?: string): Promise<void> => {
    const { code, stderr } = await cluster.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
  };
  return {
    registryHost,
    dir: cluster.dir,
    publish: (repository, tag, chart) => publishBundle({ host: registryHost, repository, tag, chart }),
    makeNamespace: async (name) => {
      await kubectl(['apply', '-f', '-'], fixture.namespaceSample.replaceAll('demo', name));
      await kubectl(['create', 'serviceaccount', 'powerless', '-n', name]);
    },
    forbidNamespaces: async (namespace) => {
      const { stdout } = await cluster.kubectl(['get', 'role', 'werf-converge', '-n', namespace, '-o', 'json']);
      const { rules } = JSON.parse(stdout) as { rules: { resources: readonly string[] }[] };
      const others = rules.filter(({ resources }) => !resources.includes('namespaces'));
      const patch = JSON.stringify({ rules: others });
      await kubectl(['patch', 'role', 'werf-converge', '-n', namespace, '--type=merge', '-p', patch]);
    },
    change: (namespace, configMap, data) =>
      kubectl(['patch', 'configmap', configMap, '-n', namespace, '--type=merge', '-p', JSON.stringify({ data })]),
    statuses: async (namespace, release) => {
      const { items } = await client.list(SECRETS, { namespace, labelSelector: `owner=helm,name=${release}` }, signal);
      const labels = items.map(({ metadata }) => metadata.labels ?? {});
      return labels.toSorted((a, b) => Number(a['version']) - Number(b['version'])).map(({ status = '' }) => status);
    },
  };
};

t.test('what is relied on of werf', async (t) => {
  const fixture = await startFixture(t);
  const found = await findWerf({
    env: process.env,
    download: false,
    signal: fixture.signal,
    say: (line: string) => t.comment(line),
  });
  t.comment(`this run's werf: ${tellWerf(found)}`);
  t.jobs = 3;
  const standIns = (['3', '2'] as const).map((version) => {
    const variables = { PLAYGROUND_IMAGE: `registry.werf.io/werf/werf:${version === '3' ? '3.2.0' : '2.77.1'}` };
    const command = [process.execPath, STAND_IN];
    return t.test(`the stand-in keeps the contract, as werf ${version}`, (t) =>
      werfContract(t, {
        ...around(fixture),
        name: `stand-in-${version}`,
        version,
        start: (args, as) => startAs(fixture, { command, variables }, { args, as }),
        configMapOf: (release) => `werf-stand-in-${release}`,
      }),
    );
  });
  await Promise.all(standIns);
  if (found.kind === 'stand-in') return;
  await t.test(`werf ${found.version} keeps the contract`, async (t) => {
    // Hooks and Deployments are real with a real werf.
    const agent = await startNodeAgent({
      client: fixture.client,
      clock: systemClock,
      log: recordLog(),
      werf: STAND_IN,
      realWerf: found.program,
      server: fixture.cluster.controlPlane.server,
      dir: join(fixture.cluster.dir, 'node'),
      ca: {
        cert: fixture.cluster.controlPlane.ca,
        key: await readFile(join(fixture.cluster.controlPlane.dir, 'ca.key'), 'utf8'),
      },
    });
    t.teardown(() => agent.stop());
    await werfContract(t, {
      ...around(fixture),
      name: 'real',
      version: found.version.startsWith('2') ? '2' : '3',
      start: (args, as) => startAs(fixture, { command: [found.program], variables: {} }, { args, as }),
      configMapOf: (release) => release,
    });
  });
});
