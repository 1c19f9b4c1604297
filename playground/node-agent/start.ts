import { createPrivateKey } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { issueLeaf } from '../../certs/issue.js';
import type { KubeClient } from '../../kube/client.js';
import { createReflector } from '../../kube/reflector.js';
import { PODS } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { findIsolation } from './isolation.js';
import { startLogServer } from './log-server.js';
import { keepNodeReady, type NodeState, registerNode, reportNode } from './node-object.js';
import type { AgentPod } from './pod.js';
import { PodEvents } from './pod-events.js';
import type { NodeFacts } from './pod-facts.js';
import { PodFleet } from './pod-fleet.js';
import type { Isolation } from './sandbox.js';
import { prepareWerf } from './werf-program.js';

interface NodeAgentDeps {
  readonly client: KubeClient;
  /** The apiserver's URL as Pods reach it. */
  readonly server: string;
  /** Folder for everything that the agent writes. */
  readonly dir: string;
  /** The node's name; `playground` if left out. */
  readonly node?: string;
  /** The cluster's CA, PEM, on P-256: what the apiserver's --kubelet-certificate-authority trusts. */
  readonly ca: { readonly cert: string; readonly key: string };
  /** The bundled stand-in for werf. */
  readonly werf: string;
  /** A real werf, which the Jobs run instead. */
  readonly realWerf?: string | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** `none` does not use namespaces even if they are available; `detect` if left out. */
  readonly isolation?: 'detect' | 'none';
}

export interface NodeAgent {
  /** The port on which the apiserver finds Pods' logs. */
  readonly port: number;
  /** Ends all Pods, which fail; resolves when no process, mount, port or file of the agent is left. Never rejects. */
  stop(): Promise<void>;
}

/** The only address: the agent, the apiserver and all Pods are on one machine. */
const ADDRESS = '127.0.0.1';
/** How long the apiserver may take for the last writes of a node that stops, milliseconds. */
const FAREWELL_MS = 3000;

const isolationFor = async (deps: NodeAgentDeps): Promise<Isolation> => {
  const found =
    deps.isolation === 'none'
      ? ({ kind: 'unavailable', why: 'it was asked to do without' } as const)
      : await findIsolation(deps.dir, deps.clock);
  if (found.kind === 'found') return found.isolation;
  deps.log.warn(
    'containers run without namespaces: volumes are not mounted, their paths in arguments and variables are replaced; ' +
      'runAsUser and readOnlyRootFilesystem are not honoured',
    { why: found.why },
  );
  return 'none';
};

const servingCertificate = (deps: NodeAgentDeps, node: string) => {
  const key = createPrivateKey(deps.ca.key).export({ type: 'pkcs8', format: 'pem' }).toString();
  return issueLeaf({ certificate: deps.ca.cert, key }, [ADDRESS, node], deps.clock.now());
};

/**
 * Starts a node whose Pods are local processes: registers it, binds Pods to it, runs them, reports, serves their logs.
 * @throws KubeError if the node can't be registered; Error if the stand-in or the CA can't be read
 */
export const startNodeAgent = async (deps: NodeAgentDeps): Promise<NodeAgent> => {
  const { client, clock, log, dir } = deps;
  const facts: NodeFacts = {
    node: deps.node ?? 'playground',
    address: ADDRESS,
    cpus: cpus().length,
    memory: totalmem(),
  };
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const werf = await prepareWerf({ dir, standIn: deps.werf, real: deps.realWerf });
  const isolation = await isolationFor(deps);
  const following = new AbortController();
  const calls = new AbortController();
  const events = new PodEvents({ client, clock, log, node: facts.node });
  const environment = { client, clock, log, node: facts, server: deps.server, dir, isolation, werf, events };
  const fleet = new PodFleet({ ...environment, signal: calls.signal });
  const certificate = await servingCertificate(deps, facts.node);
  const server = await startLogServer({
    certificate,
    address: ADDRESS,
    clock,
    log,
    find: (request) => fleet.findLog(request),
  });
  const state: NodeState = { facts, port: server.port, ready: true, since: clock.now() };
  try {
    await registerNode(client, facts, calls.signal);
    await reportNode(client, state, clock.now(), calls.signal);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const reflector = createReflector({
    client,
    type: PODS,
    clock,
    log,
    random: { uniform: Math.random },
    // The apiserver sends the whole Pod; our own type has a part of it.
    project: (pod) => pod as unknown as AgentPod,
    onChange: ({ before, after }) => fleet.onChange(before, after),
  });
  const loops = Promise.all([
    reflector.start(following.signal),
    keepNodeReady({ client, state, clock, log, signal: following.signal }),
  ]).catch((error: unknown) => log.error('the node agent does not follow the cluster any more', { error }));
  log.info('node agent started', { node: facts.node, port: server.port, isolation, werf: werf.real ?? 'stand-in' });

  const stop = async () => {
    following.abort();
    await loops;
    const farewell = AbortSignal.timeout(FAREWELL_MS);
    farewell.addEventListener('abort', () => calls.abort());
    await fleet.stop();
    const stopped = { ...state, ready: false, since: clock.now() };
    await reportNode(client, stopped, clock.now(), calls.signal).catch((error: unknown) =>
      log.debug('the Node could not be reported as stopped', { error: String(error) }),
    );
    calls.abort();
    await fleet.ended();
    await server.stop();
    await rm(join(dir, 'pods'), { recursive: true, force: true });
    await rm(join(dir, 'bin'), { recursive: true, force: true });
  };
  let stopping: Promise<void> | undefined;
  return {
    port: server.port,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
};
