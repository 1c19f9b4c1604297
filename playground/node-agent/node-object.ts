import { arch, release, type as systemType } from 'node:os';
import type { Node } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { NODES } from '../../kube/resources.js';
import type { Clock, Log } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';
import { timestamp } from './pod.js';
import type { NodeFacts } from './pod-facts.js';
import { nodeLabels } from './scheduling.js';

/** How often the node sends a heartbeat, milliseconds; a node controller waits 40 s. */
const HEARTBEAT_MS = 10_000;

/** What the Node's status is made of. */
export interface NodeState {
  readonly facts: NodeFacts;
  /** Port of the log server. */
  readonly port: number;
  readonly ready: boolean;
  /** When it became (un)ready, milliseconds since 1970. */
  readonly since: number;
}

/** The Node's status. Pure. @param now - milliseconds since 1970 */
export const nodeStatus = (state: NodeState, now: number) => {
  const { facts } = state;
  const resources = { cpu: String(facts.cpus), memory: `${Math.floor(facts.memory / 1024)}Ki`, pods: '110' };
  const [reason, message] = state.ready
    ? ['KubeletReady', 'Pods are run as local processes by the playground']
    : ['NodeAgentStopped', 'the node agent of the playground was stopped'];
  return {
    addresses: [
      { type: 'InternalIP', address: facts.address },
      { type: 'Hostname', address: facts.node },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: state.port } },
    capacity: resources,
    allocatable: resources,
    conditions: [
      {
        type: 'Ready',
        status: state.ready ? 'True' : 'False',
        reason,
        message,
        lastHeartbeatTime: timestamp(now),
        lastTransitionTime: timestamp(state.since),
      },
    ],
    nodeInfo: {
      kubeletVersion: 'playground',
      kubeProxyVersion: '',
      containerRuntimeVersion: 'local-processes://1',
      operatingSystem: process.platform,
      architecture: arch(),
      kernelVersion: release(),
      osImage: systemType(),
      machineID: '',
      systemUUID: '',
      bootID: '',
    },
  };
};

/** Makes the Node object, or finds it. @throws KubeError */
export const registerNode = async (client: KubeClient, facts: NodeFacts, signal: AbortSignal): Promise<void> => {
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: facts.node, labels: nodeLabels(facts) },
  };
  try {
    await client.create(NODES, node, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'already-exists') throw error;
  }
};

/** Writes the Node's status once. @throws KubeError */
export const reportNode = async (
  client: KubeClient,
  state: NodeState,
  now: number,
  signal: AbortSignal,
): Promise<void> => {
  const status = nodeStatus(state, now);
  await client.mergePatch(NODES, { name: state.facts.node }, { status }, { subresource: 'status' }, signal);
};

/** Writes the Node's status again and again until `signal` is aborted. */
export const keepNodeReady = async (given: {
  readonly client: KubeClient;
  readonly state: NodeState;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { client, state, clock, signal } = given;
  while (!signal.aborted) {
    await pause(clock, HEARTBEAT_MS, signal);
    if (signal.aborted) return;
    try {
      await reportNode(client, state, clock.now(), signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      given.log.debug('the Node could not be reported ready', { error: error.message });
    }
  }
};
