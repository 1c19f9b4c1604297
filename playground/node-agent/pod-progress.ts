import type { V1Container } from '@kubernetes/client-node';
import { type AgentPod, refOf } from './pod.js';
import type { ContainerProgress, Ended, PodProgress } from './pod-status.js';

const waiting = (container: V1Container, reason: string): ContainerProgress => ({
  name: container.name,
  image: container.image ?? '',
  restarts: 0,
  state: { kind: 'waiting', reason },
});

/** A Pod that the agent has just taken over. @param now - milliseconds since 1970 */
export const firstProgress = (pod: AgentPod, address: string, now: number): PodProgress => {
  const init = pod.spec.initContainers ?? [];
  const started = Date.parse(pod.status?.startTime ?? '');
  return {
    uid: refOf(pod).uid,
    startedAt: Number.isNaN(started) ? now : started,
    address,
    init: init.map((each) => waiting(each, 'PodInitializing')),
    main: pod.spec.containers.map((each) => waiting(each, init.length === 0 ? 'ContainerCreating' : 'PodInitializing')),
  };
};

const isOver = (pod: AgentPod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Whether an earlier agent, whose processes are gone, has started a container of the Pod. */
export const wasStarted = (pod: AgentPod): boolean =>
  isOver(pod) ||
  [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].some(
    (each) => each.state?.running !== undefined || each.state?.terminated !== undefined || (each.restartCount ?? 0) > 0,
  );

/**
 * The progress to report for a Pod that an earlier agent has started, in a kubelet's words.
 * @returns undefined if the Pod has ended: then nothing is reported
 */
export const lostProgress = (pod: AgentPod, first: PodProgress, now: number): PodProgress | undefined => {
  if (isOver(pod)) return undefined;
  const state: Ended = {
    kind: 'ended',
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    startedAt: now,
    finishedAt: now,
  };
  const lost = (each: ContainerProgress): ContainerProgress => ({ ...each, state });
  return { ...first, init: first.init.map(lost), main: first.main.map(lost) };
};
