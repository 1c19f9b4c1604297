import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueAuthority } from '../certs/issue.js';
import type { KubeClient } from '../kube/client.js';
import { type Connection, connect } from '../kube/connect.js';
import { createKubeClient } from '../kube/http-client.js';
import { NODES } from '../kube/resources.js';
import type { Clock } from '../process/ports.js';
import { StartError } from '../process/start-error.js';
import { GatherError, type Gathering } from './binaries/find.js';
import { ControlPlaneError } from './control-plane/control-plane-error.js';
import { startControlPlane } from './control-plane/start.js';
import type { PlaygroundOptions } from './options.js';

/** The cluster that the playground runs on. */
interface PlayCluster {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly context: string | undefined;
  readonly server: string;
  readonly serverCa: string | undefined;
  /** Authority for the node agent's certificate. */
  readonly nodeCa: { readonly cert: string; readonly key: string };
  /** Stops what was started for it. */
  stop(): Promise<void>;
}

interface Wish {
  readonly options: PlaygroundOptions;
  readonly programs: Gathering;
  readonly dir: string;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Starts a cluster of the playground's own, or opens the one that was asked for. @throws StartError */
export const openCluster = (wish: Wish): Promise<PlayCluster> =>
  wish.options.kubeconfig === undefined && wish.options.context === undefined ? ownCluster(wish) : givenCluster(wish);

const ownCluster = async ({ programs, dir, clock, say }: Wish): Promise<PlayCluster> => {
  const home = join(dir, 'control-plane');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const { binaries, arrived } = programs;
  let begun = clock.monotonic();
  const whenArrived: typeof arrived = async (program) => {
    await arrived(program);
    if (program === 'kube-apiserver') begun = clock.monotonic();
  };
  const controlPlane = await startControlPlane({ dir: home, binaries, arrived: whenArrived, say }).catch(
    (error: unknown) => {
      if (error instanceof ControlPlaneError) throw new StartError([error.message]);
      throw error instanceof GatherError ? new StartError(error.message.split('\n')) : error;
    },
  );
  const { kubeconfig, server, ca } = controlPlane;
  const seconds = ((clock.monotonic() - begun) / 1_000).toFixed(1);
  say(`control plane: etcd, kube-apiserver and kube-controller-manager at ${server}, ready in ${seconds} s`);
  const client = createKubeClient(await connect({ kubeconfig }));
  const nodeCa = { cert: ca, key: await readFile(join(home, 'ca.key'), 'utf8') };
  const stop = async () => {
    await client.close();
    await controlPlane.stop();
  };
  return { client, kubeconfig, context: undefined, server, serverCa: ca, nodeCa, stop };
};

const givenCluster = async ({ options, clock, say, signal }: Wish): Promise<PlayCluster> => {
  const { kubeconfig, context } = options;
  const connection = await connect({ kubeconfig, context });
  requireLocal(connection);
  const client = createKubeClient(connection);
  try {
    await requireEmpty(client, signal);
  } catch (error) {
    await client.close();
    throw error;
  }
  const server = connection.server.href.replace(/\/$/, '');
  say(`uses the cluster at ${server}`);
  const authority = await issueAuthority(clock.now());
  return {
    client,
    kubeconfig: kubeconfig ?? process.env['KUBECONFIG'] ?? join(process.env['HOME'] ?? '', '.kube', 'config'),
    context,
    server,
    serverCa: connection.tls.ca?.toString(),
    nodeCa: { cert: authority.certificate, key: authority.key },
    stop: () => client.close(),
  };
};

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const ELSEWHERE =
  'the playground\u2019s webhook and registry are on 127.0.0.1; on such a cluster install manifests/ (README, "Install on a cluster")';

const requireLocal = ({ server }: Connection): void => {
  if (!LOCAL.test(server.hostname))
    throw new StartError([`the API server ${server.host} does not run on this machine: ${ELSEWHERE}`]);
};

const requireEmpty = async (client: KubeClient, signal: AbortSignal): Promise<void> => {
  const { items } = await client.list(NODES, {}, signal);
  const nodes = items.map(({ metadata }) => metadata.name).filter((name) => name !== 'playground');
  if (nodes.length > 0) throw new StartError([`the cluster has nodes of its own (${nodes.join(', ')}): ${ELSEWHERE}`]);
};
