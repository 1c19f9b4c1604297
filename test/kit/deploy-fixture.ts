import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { API_VERSION, KIND } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { BundleWatch } from '../../playground/bundle-watch.js';
import type { SupervisedProcess } from '../../playground/control-plane/supervised-process.js';
import { Kubectl } from '../../playground/kubectl.js';
import { startNodeAgent } from '../../playground/node-agent/start.js';
import {
  installManifests,
  OPERATOR_NAMESPACE,
  type OperatorDeps,
  startProgram,
  uninstallWebhooks,
} from '../../playground/operator.js';
import type { RegistryAuth } from '../../playground/registry/auth.js';
import { publishBundle } from '../../playground/registry/publish.js';
import { type RunningRegistry, startRegistry } from '../../playground/registry/start.js';
import { writeKubeconfig } from '../../playground/service-account.js';
import { systemClock, systemRandom } from '../../process/system-clock.js';
import { keepMetrics } from './canary.js';
import { binariesOfThisRun, type Cluster, startCluster } from './cluster.js';
import { eventually } from './eventually.js';
import { recordLog } from './record-log.js';
import { type ServerProgram, startServerProgram } from './server-program.js';
import { startWebhookProgram, type WebhookProgram } from './webhook-program.js';

/** A control plane with everything that a deployment needs, and controllers that come and go. */
export interface DeployFixture {
  readonly cluster: Cluster;
  /** Of a cluster-admin. */
  readonly client: KubeClient;
  readonly bundles: BundleWatch;
  /** `127.0.0.1:PORT` of a registry that is open to all. */
  readonly registryHost: string;
  /** Aborted when the spec file is done. */
  readonly signal: AbortSignal;
  /** Starts dist/controller.js under its own ServiceAccount, and waits until it is ready. It ends with the spec, if not before. */
  startController(options?: ControllerWish): Promise<RunningController>;
  /**
   * Installs the webhook configurations and starts dist/webhook.js under its own ServiceAccount; resolves when bundles are judged. It ends
   * with the spec.
   */
  startWebhook(env?: Readonly<Record<string, string>>): Promise<WebhookProgram>;
  /** Starts a registry of its own. */
  startRegistry(options: {
    readonly name: string;
    readonly auth?: RegistryAuth;
    readonly port?: number;
    /** Whom it tells of pushes; needs docker-registry. */
    readonly notify?: { readonly url: string; readonly token: string };
  }): Promise<RunningRegistry>;
  /** Whether docker-registry is on this machine. */
  readonly hasDockerRegistry: boolean;
  /**
   * Applies manifests/receiver but its Deployment, and starts dist/receiver.js under its own ServiceAccount with the receivers of a folder;
   * resolves when it is ready. It ends with the spec.
   */
  startReceiver(folder: string, env?: Readonly<Record<string, string>>): Promise<ServerProgram>;
  /** Makes a namespace with a ServiceAccount `werf-converge` that may deploy into it. */
  makeNamespace(name: string): Promise<void>;
  /** Publishes a bundle. `behaviour` is what the stand-in for werf is to do with it. */
  publish(bundle: PublishWish): Promise<{ readonly digest: string }>;
}

interface ControllerWish {
  /** Where it finds the apiserver, if that is not the apiserver itself. */
  readonly through?: { readonly server: string; readonly ca: string };
  readonly timeScale?: number;
  /** true: stands for election, as it does by default. Without, another one may work at the same time, or right after a kill. */
  readonly leaderElect?: boolean;
  /** More of its flags. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningController {
  readonly process: SupervisedProcess;
  /** All that it has logged. */
  log(): Promise<string>;
  /** What it answers at its health address: `/metrics`. */
  get(path: string): Promise<string>;
  send(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; @returns how it ended, and after how many milliseconds */
  stop(): Promise<{ readonly how: string; readonly ms: number }>;
}

interface PublishWish {
  readonly host?: string;
  readonly auth?: RegistryAuth;
  readonly repository: string;
  /** `v1.0.0`: the chart's own version too, so that each tag has a digest of its own. */
  readonly tag: string;
  readonly behaviour?: string;
  readonly files?: Readonly<Record<string, string>>;
}

const ROOT = join(import.meta.dirname, '..', '..');
const KILL = { signal: 'SIGKILL', patienceMs: 0 } as const;
const PATIENCE_MS = 20_000;

/**
 * Starts the control plane, a registry and a node agent, and installs manifests/ without the webhook configurations: what the
 * webhook would refuse is to reach the controller. Everything ends with the spec file.
 */
export const startDeployFixture = async (t: Test): Promise<DeployFixture> => {
  const binaries = await binariesOfThisRun();
  const cluster = await startCluster(t);
  const { dir, controlPlane } = cluster;
  const say = (line: string) => t.comment(line);
  const client = createKubeClient(await connect({ kubeconfig: cluster.kubeconfig }));
  t.teardown(() => client.close());
  const ending = new AbortController();
  const { signal } = ending;
  const kubectl = new Kubectl({
    program: binaries.kubectl,
    kubeconfig: cluster.kubeconfig,
    context: undefined,
    home: dir,
    cwd: ROOT,
  });
  const operator: OperatorDeps = {
    client,
    kubectl,
    root: ROOT,
    dir,
    say,
    timeScale: 1,
    server: controlPlane.server,
    ca: controlPlane.ca,
  };
  const registryIn = async (name: string, options: Omit<Parameters<DeployFixture['startRegistry']>[0], 'name'>) => {
    const binary = binaries.dockerRegistry;
    const registry = await startRegistry({
      ...options,
      dir: join(dir, name),
      say,
      ...(binary !== undefined && { binary }),
    });
    t.teardown(() => registry.stop());
    return registry;
  };
  const [registry] = await Promise.all([
    registryIn('registry', {}),
    installManifests(operator).then(() => uninstallWebhooks(operator)),
    startNode(t, { client, cluster, dir }),
  ]);
  const log = recordLog();
  const bundles = new BundleWatch({ client, clock: systemClock, random: systemRandom, log });
  const watching = bundles.start(signal);
  t.teardown(async () => {
    ending.abort();
    await watching;
  });
  const samples = await readFile(join(ROOT, 'playground', 'samples', 'namespace.yaml'), 'utf8');
  // The namespace of the sample's own: two that make it at the same time would meet.
  const namespaceSample = samples
    .split('\n---\n')
    .filter((document) => !document.includes('name: production'))
    .join('\n---\n');
  let started = 0;
  return {
    cluster,
    client,
    bundles,
    signal,
    registryHost: registry.host,
    startRegistry: ({ name, ...options }) => registryIn(name, options),
    makeNamespace: async (name) => {
      const apply = () => kubectl.run(['apply', '-f', '-'], namespaceSample.replaceAll('demo', name));
      const first = await apply();
      // Two scenarios at once: the sample has a second namespace, which each of them makes.
      const made = first.text.includes('AlreadyExists') ? await apply() : first;
      if (made.code !== 0) throw new Error(made.text);
    },
    publish: ({ host = registry.host, auth, repository, tag, behaviour, files }) => {
      const name = repository.split('/').at(-1) ?? '';
      const annotations = behaviour === undefined ? {} : { 'playground.werf.io/behaviour': behaviour };
      const version = tag.replace(/^v/, '');
      const chart = JSON.stringify({ apiVersion: 'v2', name, version, annotations });
      return publishBundle({
        host,
        repository,
        tag,
        ...(auth !== undefined && { credential: auth }),
        chart: { name, version, files: { 'Chart.yaml': chart, ...files } },
      });
    },
    startWebhook: async (env) => {
      const file = join(dir, 'webhook.kubeconfig');
      const account = { namespace: OPERATOR_NAMESPACE, name: 'werfbundle-webhook' };
      const { server, ca } = controlPlane;
      await writeKubeconfig(client, account, { server, ca, file }, signal);
      await kubectl.run(['apply', '-f', join(ROOT, 'manifests/webhook/configurations.yaml')]);
      const flags = ['--kubeconfig', file, '--namespace', OPERATOR_NAMESPACE, '--shutdown-delay', '0s'];
      const webhook = await startWebhookProgram(dir, [...flags, '--advertise-url', 'https://127.0.0.1:0'], env);
      t.teardown(webhook.stop);
      const refused = {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { name: 'probe', namespace: 'default' },
        spec: {},
      };
      const ask = () => kubectl.run(['create', '--dry-run=server', '-f', '-'], JSON.stringify(refused));
      await eventually(ask, ({ text }) => text.includes('is invalid'));
      return webhook;
    },
    hasDockerRegistry: binaries.dockerRegistry !== undefined,
    startReceiver: async (folder, env = {}) => {
      const file = join(dir, 'receiver.kubeconfig');
      const account = { namespace: OPERATOR_NAMESPACE, name: 'werfbundle-receiver' };
      const { server, ca } = controlPlane;
      for (const part of ['rights', 'pushes'])
        await kubectl.run(['apply', '-f', join(ROOT, `manifests/receiver/${part}.yaml`)]);
      await writeKubeconfig(client, account, { server, ca, file }, signal);
      const args = ['--kubeconfig', file, '--namespace', OPERATOR_NAMESPACE, '--shutdown-delay', '0s'];
      const receiver = await startServerProgram('receiver', { dir, args: [...args, '--receivers-dir', folder], env });
      t.teardown(receiver.stop);
      return receiver;
    },
    startController: async ({ through, timeScale = 1, leaderElect = false, flags = [], env = {} } = {}) => {
      started += 1;
      const home = join(dir, `controller-${started}`);
      await mkdir(home);
      const process = await startProgram(
        {
          ...operator,
          ...through,
          dir: home,
          timeScale,
          env,
          say: () => {},
          // Polls are told at this level only.
          flags: ['--log-level=debug', ...(leaderElect ? [] : ['--no-leader-elect']), ...flags],
        },
        'controller',
        signal,
      );
      const metrics = async () => keepMetrics(join(home, 'controller.metrics'), await healthPortOf(process));
      t.teardown(async () => {
        await metrics();
        await process.stop(KILL);
      });
      return {
        process,
        log: () => readFile(process.logFile, 'utf8'),
        send: (signal) => process.send(signal),
        get: async (path) => (await fetch(`http://127.0.0.1:${await healthPortOf(process)}${path}`)).text(),
        kill: () => process.stop(KILL),
        stop: async () => {
          await metrics();
          const start = performance.now();
          await process.stop({ signal: 'SIGTERM', patienceMs: PATIENCE_MS });
          return { how: await process.ended, ms: performance.now() - start };
        },
      };
    },
  };
};

/** It may listen on any port, and says on which. */
const healthPortOf = async ({ logFile }: SupervisedProcess): Promise<string> => {
  const [, port = ''] = /"health":(\d+)/.exec(await readFile(logFile, 'utf8')) ?? [];
  return port;
};

const startNode = async (
  t: Test,
  { client, cluster, dir }: { readonly client: KubeClient; readonly cluster: Cluster; readonly dir: string },
): Promise<void> => {
  const { ca, server } = cluster.controlPlane;
  const agent = await startNodeAgent({
    client,
    server,
    dir: join(dir, 'node'),
    log: recordLog(),
    clock: systemClock,
    ca: { cert: ca, key: await readFile(join(cluster.controlPlane.dir, 'ca.key'), 'utf8') },
    werf: join(ROOT, 'dist', 'werf-stand-in.js'),
  });
  t.teardown(() => agent.stop());
};
