import type { ContainerStatus, Pod } from '../../api/objects.js';
import { withoutMiddle } from './log-tail.js';

/** A workload with Pods, as an error of werf's names it: `"production/Deployment/web"`. */
interface Workload {
  readonly kind: string;
  readonly name: string;
}

/** Kinds whose Pods can be recognised without reading the object: it owns the Pod, or the Pod's owner is named after it. */
const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'Pod'];
const QUOTED = /"([\w.-]+)\/([A-Z]\w+)\/([\w.-]+)"/g;
const PLAIN = /\b([A-Z]\w+)\/([\w.-]+)(?: \(namespace=([\w.-]+)\))?/g;

/** The most Pods that are named: mostly all have the same reason. */
const NAMED = 2;
/** Limits for werf's error, and for all together, characters: a longer text would lose its end where it is recorded. */
const MOST_OF_ERROR = 550;
const MOST = 950;
/** Longer messages of Kubernetes are cut, characters. */
const MAX_WORDS = 300;

/** The workloads of a namespace that werf's error says it has waited for. */
export const workloadsIn = (error: string, namespace: string): readonly Workload[] => {
  const quoted = [...error.matchAll(QUOTED)].map(([, where, kind, name]) => ({ where, kind, name }));
  const plain = [...error.replaceAll(QUOTED, '').matchAll(PLAIN)].map(([, kind, name, where = namespace]) => ({
    where,
    kind,
    name,
  }));
  return [...quoted, ...plain].flatMap(({ where, kind = '', name = '' }) =>
    where === namespace && KINDS.includes(kind) ? [{ kind, name }] : [],
  );
};

/**
 * Why a Pod of one of these workloads is not ready, in Kubernetes' own words; without messages of a container's own.
 * @returns undefined if it is none of theirs, or ready
 */
export const unreadyPod = (pod: Pod, workloads: readonly Workload[]): string | undefined => {
  if (!workloads.some((workload) => isOf(pod, workload))) return undefined;
  const why = reasonOf(pod);
  return why === undefined ? undefined : `Pod ${pod.metadata.name} is not ready: ${why}`;
};

/** werf's error, followed by why the Pods that it waited for are not ready. */
export const withPodReasons = (error: string, reasons: readonly string[]): string =>
  reasons
    .toSorted()
    .slice(0, NAMED)
    .reduce(
      (text, reason) => (text.length + reason.length > MOST ? text : `${text}; ${reason}`),
      reasons.length === 0 ? error : withoutMiddle(error, MOST_OF_ERROR),
    );

/** A Deployment owns its Pods through a ReplicaSet, which is named after it and the hash of the template. */
const isOf = ({ metadata }: Pod, { kind, name }: Workload): boolean => {
  if (kind === 'Pod') return metadata.name === name;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (kind !== 'Deployment') return owner?.kind === kind && owner.name === name;
  const hash = metadata.labels?.['pod-template-hash'];
  return owner?.kind === 'ReplicaSet' && hash !== undefined && owner.name === `${name}-${hash}`;
};

const reasonOf = ({ status = {}, metadata }: Pod): string | undefined => {
  const { phase, reason, message, conditions = [], initContainerStatuses = [], containerStatuses = [] } = status;
  const is = (type: string) => conditions.find((condition) => condition.type === type);
  if (phase === 'Succeeded' || is('Ready')?.status === 'True' || metadata.deletionTimestamp !== undefined)
    return undefined;
  const scheduled = is('PodScheduled');
  if (scheduled?.status === 'False') return reasonText(scheduled.reason ?? 'Unschedulable', scheduled.message);
  if (phase === 'Failed' && reason !== undefined) return reasonText(reason, message);
  return [...initContainerStatuses, ...containerStatuses].map(stateOf).find((state) => state !== undefined) ?? phase;
};

/** Messages of containers that ended are left out: a program can write them, or its log ends in them. */
const stateOf = ({ name, ready, state = {}, lastState = {} }: ContainerStatus): string | undefined => {
  const { waiting, terminated, running } = state;
  if (waiting?.reason !== undefined) {
    const last = lastState.terminated === undefined ? '' : `; it ${endOf(lastState.terminated)}`;
    return `${reasonText(waiting.reason, waiting.message)}${last}`;
  }
  if (terminated !== undefined && terminated.exitCode !== 0) return `container ${name} ${endOf(terminated)}`;
  return running !== undefined && ready === false ? `container ${name} runs, and its readiness probe fails` : undefined;
};

const endOf = ({ exitCode, reason }: { readonly exitCode: number; readonly reason?: string }): string =>
  `ended with exit code ${exitCode}${reason === undefined || reason === 'Error' ? '' : ` (${reason})`}`;

const reasonText = (reason: string, message: string | undefined): string => {
  const words = (message ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS);
  return words === '' || words.startsWith(reason) ? words || reason : `${reason}: ${words}`;
};
