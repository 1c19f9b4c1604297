import type { ContainerStatus, Pod } from '../../api/objects.js';
import { timestamp } from './pod.js';

/** How a container ended; times in milliseconds since 1970. */
export interface Ended {
  readonly kind: 'ended';
  readonly exitCode: number;
  /** Completed, Error, OOMKilled, StartError, ContainerStatusUnknown. */
  readonly reason: string;
  readonly message?: string;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** A container's state. `ended` is final: a container that will be restarted is `waiting`, with its last end beside it. */
export type ContainerProgress = {
  readonly name: string;
  readonly image: string;
  readonly restarts: number;
  readonly last?: Ended;
  readonly state:
    | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
    | { readonly kind: 'running'; readonly startedAt: number }
    | Ended;
};

/** Everything that a Pod's status is made of. */
export interface PodProgress {
  readonly uid: string;
  /** When the agent took the Pod over, milliseconds since 1970. */
  readonly startedAt: number;
  readonly address: string;
  readonly init: readonly ContainerProgress[];
  readonly main: readonly ContainerProgress[];
  /** Why the node itself ended the Pod. */
  readonly verdict?: { readonly reason: string; readonly message: string };
}

/** The status as it is written; lists whole, since nobody else writes them. */
export type PodStatus = NonNullable<Pod['status']> & {
  readonly startTime: string;
  readonly containerStatuses: readonly ContainerStatus[];
  readonly conditions: readonly PodCondition[];
};

interface PodCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime: string;
}

const succeeded = (container: ContainerProgress): boolean =>
  container.state.kind === 'ended' && container.state.exitCode === 0;

const failed = (container: ContainerProgress): boolean =>
  container.state.kind === 'ended' && container.state.exitCode !== 0;

const isOver = (container: ContainerProgress): boolean => container.state.kind === 'ended';
const isRunning = (container: ContainerProgress): boolean => container.state.kind === 'running';

/** A Pod's phase. One that the node ended is Failed only when its last process is gone. */
export const phaseOf = (progress: PodProgress): 'Pending' | 'Running' | 'Succeeded' | 'Failed' => {
  const { init, main, verdict } = progress;
  if (verdict !== undefined && ![...init, ...main].some(isRunning)) return 'Failed';
  if (init.some(failed)) return 'Failed';
  if (!init.every(succeeded)) return 'Pending';
  if (main.every(isOver)) return main.some(failed) ? 'Failed' : 'Succeeded';
  return main.some((each) => each.state.kind !== 'waiting' || each.last !== undefined) ? 'Running' : 'Pending';
};

const terminated = (uid: string, ended: Ended) => ({
  exitCode: ended.exitCode,
  reason: ended.reason,
  ...(ended.message !== undefined && { message: ended.message }),
  startedAt: timestamp(ended.startedAt),
  finishedAt: timestamp(ended.finishedAt),
  containerID: `local-process://${uid}`,
});

const stateOf = (uid: string, state: ContainerProgress['state']) => {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message !== undefined && { message: state.message }) } };
    case 'running':
      return { running: { startedAt: timestamp(state.startedAt) } };
    case 'ended':
      return { terminated: terminated(uid, state) };
  }
};

const containerStatus = (uid: string, container: ContainerProgress, init: boolean): ContainerStatus => ({
  name: container.name,
  image: container.image,
  imageID: '',
  restartCount: container.restarts,
  ready: init ? succeeded(container) : isRunning(container),
  started: isRunning(container),
  state: stateOf(uid, container.state),
  ...(container.last !== undefined && { lastState: { terminated: terminated(uid, container.last) } }),
  ...((container.state.kind !== 'waiting' || container.last !== undefined) && {
    containerID: `local-process://${uid}`,
  }),
});

const readyCondition = (progress: PodProgress, phase: string) => {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' } as const;
  const unready = progress.main.filter((each) => !isRunning(each)).map((each) => each.name);
  if (unready.length === 0) return { status: 'True' } as const;
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotReady', message } as const;
};

const initializedCondition = (progress: PodProgress, phase: string) => {
  const waiting = progress.init.filter((each) => !succeeded(each)).map((each) => each.name);
  if (waiting.length === 0)
    return { status: 'True', ...(phase === 'Succeeded' && { reason: 'PodCompleted' }) } as const;
  const message = `containers with incomplete status: [${waiting.join(' ')}]`;
  return { status: 'False', reason: 'ContainersNotInitialized', message } as const;
};

/** Types of the conditions that a kubelet writes; it leaves others as they are. */
export const KUBELETS: ReadonlySet<string> = new Set(['Initialized', 'Ready', 'ContainersReady', 'PodScheduled']);

/**
 * The status that a kubelet would report. Pure.
 * @param previous - conditions reported before: the time of a condition moves only when its status does
 * @param now - milliseconds since 1970
 */
export const podStatus = (progress: PodProgress, previous: readonly PodCondition[], now: number): PodStatus => {
  const phase = phaseOf(progress);
  const ready = readyCondition(progress, phase);
  const conditions = [
    { type: 'Initialized', ...initializedCondition(progress, phase) },
    { type: 'Ready', ...ready },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', status: 'True' as const },
  ].map((condition) => {
    const before = previous.find((each) => each.type === condition.type && each.status === condition.status);
    return { ...condition, lastTransitionTime: before?.lastTransitionTime ?? timestamp(now) };
  });
  return {
    phase,
    ...progress.verdict,
    conditions,
    hostIP: progress.address,
    podIP: progress.address,
    podIPs: [{ ip: progress.address }],
    startTime: timestamp(progress.startedAt),
    ...(progress.init.length !== 0 && {
      initContainerStatuses: progress.init.map((each) => containerStatus(progress.uid, each, true)),
    }),
    containerStatuses: progress.main.map((each) => containerStatus(progress.uid, each, false)),
  };
};
