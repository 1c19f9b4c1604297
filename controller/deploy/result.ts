import type { ContainerStatus, Job, Pod } from '../../api/objects.js';
import { nextMemory } from '../../api/quantity.js';
import { parseTime } from '../../api/timestamp.js';
import type { FailedJob, JobResult } from './job-result.js';
import { ANNOTATIONS, CONTAINER, KUEUE_QUEUE, madeFor } from './names.js';
import { IMAGE_PULL, lateAt, nextLookAt } from './waiting.js';

/** Reasons of kubelet and scheduler for ending a Pod that are not the fault of its containers. */
const NOT_ITS_FAULT = new Set([
  'Evicted',
  'Preempting',
  'Preempted',
  'NodeLost',
  'NodeShutdown',
  'Shutdown',
  'Terminated',
  'NodeAffinity',
  'UnexpectedAdmissionError',
]);
/** How much later than the Job's a Pod's last state may be seen, milliseconds: they come by two watches. */
const POD_LAG_MS = 10_000;
/** Longer words of Kubernetes are cut. */
const MAX_WORDS = 500;

/**
 * The state or outcome of a Job. Container `werf`'s exit code decides as soon as there is one; the Job's own conditions only if
 * there is no Pod, or its Pod does not tell.
 *
 * @param pod - the Job's newest Pod; undefined if there is none (any more)
 * @param now - wall clock, milliseconds
 */
export const jobResult = (job: Job, newest: Pod | undefined, now: number): JobResult => {
  const pod = newest !== undefined && isOfBefore(job, newest) ? undefined : newest;
  const ended = (pod && endOfPod(job, pod, now)) ?? endOfJob(job, pod, now);
  // The suspension has ended the Pod; the Job gets another one when it is resumed.
  if (isSuspended(job) && (ended === undefined || ended.kind === 'lost')) return suspended(job, pod, now);
  return ended ?? progress(job, pod, now);
};

/** Whether somebody has suspended a Job. The condition stays until the Job controller has noticed that the Job was resumed. */
export const isSuspended = (job: Job): boolean =>
  job.spec?.suspend === true || conditionOf(job, 'Suspended') !== undefined;

/**
 * Whether a Pod is from before its Job was suspended and resumed: then it says nothing about the outcome. The condition is checked as
 * well as the times, which are taken by the clocks of two machines.
 */
const isOfBefore = (job: Job, { metadata }: Pod): boolean =>
  job.status?.conditions?.some(({ type }) => type === 'Suspended') === true &&
  metadata.deletionTimestamp !== undefined &&
  (parseTime(metadata.creationTimestamp) ?? 0) < (parseTime(job.status?.startTime) ?? 0);

/** The state of a Job that a person has suspended, or a queueing system of the platform. */
const suspended = (job: Job, pod: Pod | undefined, now: number): JobResult => ({
  kind: 'waiting',
  reason: 'Suspended',
  message: `Job ${job.metadata.name} ${suspensionOf(job)}, and not by this controller${queueOf(job)}`,
  recheckAt: nextLookAt(job, pod, now),
});

const suspensionOf = (job: Job): string =>
  job.spec?.suspend === true
    ? 'is suspended (its spec.suspend is true)'
    : 'was suspended (its condition Suspended is True)';

/** A name that Kueue takes; anything else that somebody may have written is not repeated. */
const QUEUE_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whom to ask: the queue that the Job's label names, if it does. That it was the queue that suspended the Job, nothing proves. */
const queueOf = ({ metadata: { labels = {}, annotations = {} } }: Job): string => {
  const queue = labels[KUEUE_QUEUE] ?? annotations[KUEUE_QUEUE] ?? '';
  return QUEUE_NAME.test(queue) ? `; by its ${KUEUE_QUEUE} it waits for LocalQueue "${queue}" of Kueue` : '';
};

/** Adds werf's last error (redacted, in one line) to a failure that only an exit code tells of. */
export const withErrorLine = (result: FailedJob, line: string | undefined): FailedJob =>
  result.reason === 'ExitCode' && line !== undefined ? { ...result, message: `${result.message}: ${line}` } : result;

const endOfPod = (job: Job, pod: Pod, now: number): JobResult | undefined => {
  const ended = werfOf(pod)?.state?.terminated;
  const finishedAt = parseTime(ended?.finishedAt) ?? now;
  const podName = pod.metadata.name;
  // In a Succeeded Pod the exit code was 0, even if the status has no containers any more.
  if (ended?.exitCode === 0 || (ended === undefined && pod.status?.phase === 'Succeeded'))
    return { kind: 'succeeded', podName, finishedAt };
  if (isTimeout(job, pod)) return { ...timedOut(job), podName, finishedAt };
  if (ended?.reason === 'OOMKilled')
    return { kind: 'failed', reason: 'OOMKilled', message: outOfMemory(job), podName, finishedAt };
  const lost = lostPod(pod, ended?.exitCode);
  if (lost !== undefined) return { kind: 'lost', message: lost };
  if (ended === undefined) return undefined;
  const message = `pod failed with exit code ${ended.exitCode}`;
  // Only the runtime's own message, for a container that never ran: the message of a container that ran might hold secrets.
  return ended.reason === 'StartError' || ended.reason === 'ContainerCannotRun'
    ? {
        kind: 'failed',
        reason: 'Error',
        message: `${message}: ${ended.reason}: ${words(ended.message)}`,
        podName,
        finishedAt,
      }
    : { kind: 'failed', reason: 'ExitCode', message, podName, finishedAt };
};

const isTimeout = (job: Job, pod: Pod): boolean =>
  pod.status?.reason === 'DeadlineExceeded' || conditionOf(job, 'Failed')?.reason === 'DeadlineExceeded';

/** Why a Pod's end says nothing about the deployment; undefined if it does, or the Pod has not ended. */
const lostPod = (pod: Pod, exitCode: number | undefined): string | undefined => {
  const name = `Pod ${pod.metadata.name}`;
  const { phase, reason = '', message } = pod.status ?? {};
  if (phase === 'Failed' && NOT_ITS_FAULT.has(reason))
    return `${name} was ended: ${reason}${message ? `: ${words(message)}` : ''}`;
  const disrupted = pod.status?.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  const ended = exitCode !== undefined || phase === 'Failed';
  if (disrupted !== undefined && ended) return `${name} was ended: ${disrupted.reason ?? 'DisruptionTarget'}`;
  // 128 + signal: it was stopped, as by a drain, and did not fail by itself.
  const stopped = exitCode === undefined ? phase === 'Failed' : exitCode > 128;
  if (pod.metadata.deletionTimestamp !== undefined && stopped) return `${name} was deleted while it ran`;
  return phase === 'Failed' && exitCode === undefined
    ? `${name} failed without an exit code${reason === '' ? '' : `: ${reason}`}`
    : undefined;
};

/** Whether a Job is complete or failed by its own conditions. */
export const hasEnded = (job: Job): boolean =>
  conditionOf(job, 'Complete') !== undefined || conditionOf(job, 'Failed') !== undefined;

/**
 * Whether a Job is that of a deployment. One that runs is, even if it was made of other values: these may have changed since, and
 * there must be no second Job beside it. One that has ended must have been made of just these values.
 */
export const isJobOf = (
  job: Job,
  uid: string,
  deployment: { readonly number: number; readonly digest: string; readonly checksum: string },
): boolean => {
  const checksum = hasEnded(job) ? deployment.checksum : checksumOf(job);
  return checksum !== undefined && madeFor(job, uid, { ...deployment, checksum });
};

/** The checksum of the inputs that a Job was made of. */
export const checksumOf = (job: Job): string | undefined => job.metadata.annotations?.[ANNOTATIONS.checksum];

const endOfJob = (job: Job, pod: Pod | undefined, now: number): JobResult | undefined => {
  const complete = conditionOf(job, 'Complete');
  if (complete !== undefined) {
    const finishedAt = parseTime(job.status?.completionTime) ?? parseTime(complete.lastTransitionTime) ?? now;
    return { kind: 'succeeded', ...podNameOf(pod), finishedAt };
  }
  const failed = conditionOf(job, 'Failed');
  if (failed === undefined) return undefined;
  const finishedAt = parseTime(failed.lastTransitionTime) ?? now;
  if (failed.reason === 'DeadlineExceeded') return { ...timedOut(job), ...podNameOf(pod), finishedAt };
  if (pod !== undefined && now < finishedAt + POD_LAG_MS) {
    return { kind: 'running', podName: pod.metadata.name, recheckAt: finishedAt + POD_LAG_MS };
  }
  const why = pod === undefined ? 'its Pod is gone' : `Pod ${pod.metadata.name} has no exit code`;
  return { kind: 'lost', message: `Job ${job.metadata.name} ended without a result: ${why}` };
};

const progress = (job: Job, pod: Pod | undefined, now: number): JobResult => {
  const recheckAt = nextLookAt(job, pod, now);
  const waits = (reason: string, message: string): JobResult => ({ kind: 'waiting', reason, message, recheckAt });
  if (pod === undefined) {
    const late = now >= lateAt(job, pod, now);
    return waits('NoPod', late ? `Job ${job.metadata.name} has no Pod yet; see its events` : '');
  }
  const state = werfOf(pod)?.state;
  if (state?.running !== undefined) return { kind: 'running', podName: pod.metadata.name };
  const waiting = state?.waiting;
  if (waiting !== undefined) {
    const reason = waiting.reason === 'ErrImagePull' ? IMAGE_PULL : (waiting.reason ?? 'Waiting');
    return waits(reason, words(waiting.message));
  }
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) return waits(unscheduled.reason ?? 'Unschedulable', words(unscheduled.message));
  return waits(pod.status?.phase ?? 'Pending', '');
};

/** Whether container `werf` runs, or ever ran. */
export const hasBegun = (pod: Pod): boolean => {
  const state = werfOf(pod)?.state;
  return state?.running !== undefined || state?.terminated !== undefined;
};

/** @returns undefined as long as container `werf` has not ended */
export const exitCodeOf = (pod: Pod): number | undefined => werfOf(pod)?.state?.terminated?.exitCode;

const werfOf = (pod: Pod): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === CONTAINER);

const conditionOf = (job: Job, type: string) =>
  job.status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');

const podNameOf = (pod: Pod | undefined): { readonly podName?: string } =>
  pod?.metadata.name === undefined ? {} : { podName: pod.metadata.name };

const outOfMemory = (job: Job): string => {
  const limit = memoryLimitOf(job);
  return limit === undefined
    ? 'pod failed with OOMKilled: it has no memory limit of its own, the node ran out of memory'
    : `pod failed with OOMKilled: memory limit ${limit}; set spec.converge.resourceLimits.memory to ${nextMemory(limit)}`;
};

/** The image that the Job runs; the spec may have changed since. */
export const imageOf = (job: Job): string | undefined => {
  const image = containerOf(job)?.image;
  return typeof image === 'string' ? image : undefined;
};

const containerOf = (job: Job) => {
  const containers = job.spec?.template.spec['containers'];
  if (!Array.isArray(containers)) return undefined;
  return containers.find((container: { name?: unknown }) => container.name === CONTAINER) as
    | { readonly image?: unknown; readonly resources?: { readonly limits?: { readonly memory?: unknown } } }
    | undefined;
};

/** The memory limit of the Job; the spec may have changed since. */
const memoryLimitOf = (job: Job): string | undefined => {
  const limit = containerOf(job)?.resources?.limits?.memory;
  return typeof limit === 'string' || typeof limit === 'number' ? String(limit) : undefined;
};

const timedOut = (job: Job): Pick<FailedJob, 'kind' | 'reason' | 'message'> => {
  const seconds = job.spec?.template.spec['activeDeadlineSeconds'];
  const time = typeof seconds === 'number' ? ` after ${goDuration(seconds)}` : ' in time';
  return {
    kind: 'failed',
    reason: 'Timeout',
    message: `pod failed with DeadlineExceeded: not done${time}; set spec.converge.timeout to more, if it needs more`,
  };
};

/** `90m` is 1h30m: as a spec would have it. */
const goDuration = (seconds: number): string => {
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.flatMap(([amount, unit]) => (amount === 0 ? [] : [`${amount}${unit}`])).join('') || '0s';
};

const words = (message: string | undefined): string => (message ?? '').replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS);
