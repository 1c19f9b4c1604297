import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredBundle } from '../../../api/werfbundle.js';
import type { KubeClient } from '../../../kube/client.js';
import { connect } from '../../../kube/connect.js';
import { createKubeClient } from '../../../kube/http-client.js';
import { createReflector } from '../../../kube/reflector.js';
import { WERFBUNDLES } from '../../../kube/resources.js';
import type { Binaries } from '../../../playground/binaries/binaries.js';
import { type ControlPlane, startControlPlane } from '../../../playground/control-plane/start.js';
import { Kubectl } from '../../../playground/kubectl.js';
import { installManifests, OPERATOR_NAMESPACE, uninstallWebhooks } from '../../../playground/operator.js';
import { publishBundle } from '../../../playground/registry/publish.js';
import { writeKubeconfig } from '../../../playground/service-account.js';
import { createLog } from '../../../process/json-log.js';
import { systemClock, systemRandom } from '../../../process/system-clock.js';
import { asDeployed } from '../deployment.js';
import { Program } from '../program.js';
import { AUDIT_POLICY, CallCounter } from './calls.js';
import { type Progress, PULLER, progressOf } from './fleet.js';
import { inParallel } from './in-parallel.js';
import { JobRunner, type MadeJob } from './job-runner.js';
import { startNodeLogs } from './node-logs.js';
import type { Listing } from './registry.js';

/** A control plane, a registry and what runs Jobs, without a bundle to begin with; and controllers that come and go. */
export interface Fixture {
  readonly client: KubeClient;
  /** `127.0.0.1:PORT` */
  readonly registryHost: string;
  /** A process that does nothing. */
  readonly idle: Program;
  /** Aborted when the fixture goes. */
  readonly signal: AbortSignal;
  /** All Jobs that were made so far. */
  readonly jobs: readonly MadeJob[];
  bundles(): IterableIterator<Progress>;
  /** Calls of controllers since the question before. */
  readonly calls: CallCounter;
  /** Listings of tags that the registry has answered since the question before. */
  listings(): Promise<readonly Listing[]>;
  publish(repositories: readonly string[], tag: string): Promise<void>;
  /** Starts a controller as its manifest has it, and waits until it is ready. */
  startController(name: string): Promise<Program>;
}

interface FixtureOptions {
  /** For files of this run; whoever made it removes it. */
  readonly folder: string;
  /** The checkout. */
  readonly root: string;
  readonly binaries: Binaries;
  readonly timeScale: number;
  /** Folder for CPU profiles, if they are wanted. */
  readonly profile: string | undefined;
}

/** Requests of the benchmark to the registry at once. */
const PUSHES_AT_ONCE = 8;

/** Runs `use` on a fixture, of which nothing is left afterwards. */
export const withFixture = async <T>(options: FixtureOptions, use: (fixture: Fixture) => Promise<T>): Promise<T> => {
  const ends: (() => Promise<unknown>)[] = [];
  try {
    return await use(await build(options, (end) => ends.push(end)));
  } finally {
    for (const end of ends.toReversed()) await end();
  }
};

const build = async (
  { folder, root, binaries, timeScale, profile }: FixtureOptions,
  atEnd: (end: () => Promise<unknown>) => void,
): Promise<Fixture> => {
  await mkdir(folder, { recursive: true });
  const controlPlane = await startControlPlane({
    dir: join(folder, 'control-plane'),
    binaries,
    say: (line) => console.error(line),
    peculiarities: { auditPolicy: AUDIT_POLICY, withoutControllers: true },
  });
  atEnd(() => controlPlane.stop());
  const client = createKubeClient(await connect({ kubeconfig: controlPlane.kubeconfig }));
  atEnd(() => client.close());
  await install({ client, controlPlane, folder, root, binaries });
  const start = async (order: Parameters<typeof Program.start>[0]): Promise<Program> => {
    const program = await Program.start(order, { folder });
    atEnd(() => program.stop());
    return program;
  };
  const { username, password } = PULLER;
  const content = join(folder, 'registry');
  const registry = await start({
    name: 'registry',
    file: 'registry.js',
    args: [content, username, password],
    metered: false,
  });
  const idle = await start({ name: 'idle', file: 'idle.js', args: [], metered: false, watched: true });
  const { signal, jobs, bundles } = await follow({ client, controlPlane }, atEnd);
  const registryHost = `127.0.0.1:${registry.port}`;
  const account = { namespace: OPERATOR_NAMESPACE, name: 'werfbundle-controller' };
  const kubeconfig = join(folder, 'controller.kubeconfig');
  const { server, ca } = controlPlane;
  await writeKubeconfig(client, account, { server, ca, file: kubeconfig }, signal);
  const { nodeFlags, args } = asDeployed(root, 'controller');
  const flags = [
    ...args.filter((arg) => !arg.startsWith('--health-address=')),
    ...[`--kubeconfig=${kubeconfig}`, `--namespace=${OPERATOR_NAMESPACE}`, '--health-address=127.0.0.1:0'],
    ...['--allow-networks=127.0.0.0/8', `--time-scale=${timeScale}`],
  ];
  return {
    client,
    registryHost,
    idle,
    signal,
    jobs,
    bundles,
    calls: new CallCounter(controlPlane.dir),
    listings: () => registry.ask<readonly Listing[]>({}),
    publish: (repositories, tag) =>
      inParallel(PUSHES_AT_ONCE, repositories, (repository) =>
        publishBundle({
          host: registryHost,
          repository,
          tag,
          credential: PULLER,
          chart: { name: 'app', version: '1.0.0', files: { 'templates/note.yaml': `# ${repository}:${tag}\n` } },
        }),
      ),
    startController: (name) =>
      start({ name, file: 'controller.js', args: flags, nodeFlags, metered: true, watched: true, profile }),
  };
};

/** manifests/ without the webhook: the bundles get the CRD's defaults and nothing else. */
const install = async ({
  client,
  controlPlane: { kubeconfig, server, ca },
  folder,
  root,
  binaries,
}: Pick<FixtureOptions, 'folder' | 'root' | 'binaries'> & {
  readonly client: KubeClient;
  readonly controlPlane: ControlPlane;
}): Promise<void> => {
  const kubectl = new Kubectl({ program: binaries.kubectl, kubeconfig, context: undefined, home: folder, cwd: root });
  await installManifests({ client, kubectl, server, ca, root, timeScale: 1, dir: folder, say: () => {} });
  await uninstallWebhooks({ kubectl, root });
};

/** Runs Jobs, and keeps an eye on the bundles. */
const follow = async (
  { client, controlPlane }: { readonly client: KubeClient; readonly controlPlane: ControlPlane },
  atEnd: (end: () => Promise<unknown>) => void,
): Promise<Pick<Fixture, 'signal' | 'jobs' | 'bundles'>> => {
  const ending = new AbortController();
  const { signal } = ending;
  const node = await startNodeLogs(client, controlPlane, signal);
  atEnd(() => node.stop());
  const log = createLog({ level: 'error', name: 'bench' });
  const runner = new JobRunner({ client, log });
  const reflector = createReflector<StoredBundle, Progress>({
    client,
    clock: systemClock,
    random: systemRandom,
    log,
    type: WERFBUNDLES,
    project: progressOf,
    onChange: () => {},
  });
  const following = Promise.all([runner.start(signal), reflector.start(signal)]);
  atEnd(() => {
    ending.abort();
    return following;
  });
  await reflector.whenSynced(signal);
  return { signal, jobs: runner.made, bundles: () => reflector.values() };
};
