import type { V1Container } from '@kubernetes/client-node';
import { type AgentPod, refOf } from './pod.js';
import { quantity } from './quantity.js';

/** The node's part of the data that Pods can refer to. */
export interface NodeFacts {
  readonly node: string;
  /** The address of node and Pods alike: there is one network. */
  readonly address: string;
  /** Number of cores. */
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
}

const KEYED = /^metadata\.(labels|annotations)\['([^']+)'\]$/;

const lines = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}\n`)
    .join('');

/**
 * The value of a downward API fieldPath: `metadata.name`, `metadata.labels['app']`, `status.podIP`.
 * @returns '' for a field that the Pod does not have; undefined for a path that Kubernetes does not know either
 */
export const fieldOf = (pod: AgentPod, node: NodeFacts, path: string): string | undefined => {
  const keyed = KEYED.exec(path);
  if (keyed !== null) return pod.metadata[keyed[1] === 'labels' ? 'labels' : 'annotations']?.[keyed[2] ?? ''] ?? '';
  const { name, namespace, uid } = refOf(pod);
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    'metadata.uid': uid,
    'metadata.labels': lines(pod.metadata.labels),
    'metadata.annotations': lines(pod.metadata.annotations),
    'spec.nodeName': node.node,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.hostIP': node.address,
    'status.podIP': node.address,
    'status.podIPs': node.address,
  };
  return fields[path];
};

/**
 * The value of a resourceFieldRef: `limits.memory`, `requests.cpu`; whole numbers, rounded up, of the divisor.
 * A limit that is not set is the node's, as with a kubelet.
 */
export const resourceOf = (
  container: V1Container | undefined,
  node: NodeFacts,
  field: { readonly resource: string; readonly divisor?: string },
): string | undefined => {
  const [kind, resource] = field.resource.split('.', 2);
  if ((kind !== 'limits' && kind !== 'requests') || (resource !== 'cpu' && resource !== 'memory')) return undefined;
  const own = quantity(container?.resources?.[kind]?.[resource]);
  const value = own ?? (kind === 'requests' ? 0 : resource === 'cpu' ? node.cpus : node.memory);
  const divisor = quantity(field.divisor) ?? 0;
  return String(Math.ceil(value / (divisor === 0 ? 1 : divisor)));
};
