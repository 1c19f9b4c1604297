import { type AgentPod, timestamp } from './pod.js';
import type { NodeFacts } from './pod-facts.js';
import { quantity } from './quantity.js';

/** What is to be done with a Pod that the agent sees: `own` if it is bound to this node already. */
type Placement =
  | { readonly kind: 'own' }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'bind' }
  | { readonly kind: 'unschedulable'; readonly message: string };

/** The node's labels. */
export const nodeLabels = (node: NodeFacts): Readonly<Record<string, string>> => ({
  'kubernetes.io/hostname': node.node,
  'kubernetes.io/os': process.platform,
  'kubernetes.io/arch': process.arch === 'x64' ? 'amd64' : process.arch,
});

const requested = (pod: AgentPod, resource: 'cpu' | 'memory'): number => {
  const of = (each: (typeof pod.spec.containers)[number]) => quantity(each.resources?.requests?.[resource]) ?? 0;
  const main = pod.spec.containers.map(of).reduce((sum, each) => sum + each, 0);
  return Math.max(main, ...(pod.spec.initContainers ?? []).map(of));
};

/**
 * Decides as a scheduler with one node would. nodeSelector and requests are looked at; affinities, taints, and what other Pods
 * have requested are not. Pure.
 */
export const place = (pod: AgentPod, node: NodeFacts): Placement => {
  const { nodeName, nodeSelector = {}, schedulerName = 'default-scheduler' } = pod.spec;
  if (nodeName !== undefined && nodeName !== '') return { kind: nodeName === node.node ? 'own' : 'foreign' };
  if (schedulerName !== 'default-scheduler' || pod.metadata.deletionTimestamp !== undefined) return { kind: 'foreign' };
  const labels = nodeLabels(node);
  const unschedulable = (why: string): Placement => ({
    kind: 'unschedulable',
    message: `0/1 nodes are available: 1 ${why}.`,
  });
  if (Object.entries(nodeSelector).some(([key, value]) => labels[key] !== value)) {
    return unschedulable("node(s) didn't match Pod's node affinity/selector");
  }
  if (requested(pod, 'cpu') > node.cpus) return unschedulable('Insufficient cpu');
  if (requested(pod, 'memory') > node.memory) return unschedulable('Insufficient memory');
  return { kind: 'bind' };
};

/** The status of a Pod that no node can take. */
export const unschedulableStatus = (message: string, now: number) => ({
  conditions: [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastTransitionTime: timestamp(now) },
  ],
});
