import { formatDuration } from '../../api/duration.js';
import { targetNamespaceOf } from '../../api/names.js';
import type { Job, Stored } from '../../api/objects.js';
import { parseTime } from '../../api/timestamp.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import { DISMISS_LIMIT_MS } from '../deploy/dismiss-job.js';
import type { FailedJob, JobResult } from '../deploy/job-result.js';
import { withRightsAdvice } from '../deploy/missing-rights.js';
import { isPlanRefused } from '../deploy/plan-result.js';
import { checksumOf, isSuspended, jobResult, withErrorLine } from '../deploy/result.js';
import { secretNamesOf } from '../deploy/secret-names.js';
import { withWords } from '../deploy/waiting.js';
import { conclude } from './conclusion.js';
import { secretNamesIn } from './create-job.js';
import type { Action, Cleanup, Recheck } from './decision.js';
import type { Finding } from './finding.js';
import type { Blocker, DeployJob, JobLog, Observation } from './observation.js';

/** How long after its timeout a Job that has begun is given up, milliseconds: a minute after its own deadline. */
const OVERTIME_MS = 6 * 60_000;
const LONGEST_TIMEOUT_MS = 24 * 60 * 60_000;
/** How long to wait for a log that cannot be read, once the Job has ended, milliseconds. */
export const LOG_PATIENCE_MS = 30_000;
/** How often to look at a Job that no watch brings, milliseconds. */
const UNWATCHED_LOOK_MS = 30_000;

/** The progress of the deployment of status.deployment. */
export type Work =
  /** There is none, or its result is recorded. */
  | { readonly kind: 'none' }
  /** A Job belongs to a later deployment than the status has, which was lost or restored: that one is followed next. */
  | { readonly kind: 'recovered'; readonly status: WerfBundleStatus }
  /** The intent is written, but has no Job yet: it is carried out, not decided again. */
  | { readonly kind: 'to-carry-out'; readonly deployment: Deployment }
  /** The controller can't find out whether there is a Job: nothing is begun, and nothing is given up. */
  | { readonly kind: 'unreadable'; readonly blocker: Blocker }
  | {
      readonly kind: 'active';
      readonly status: WerfBundleStatus;
      readonly finding: Finding<'job-active'>;
      readonly recheck: Recheck;
    }
  | {
      readonly kind: 'concluded';
      readonly status: WerfBundleStatus;
      readonly actions: readonly Action[];
      readonly cleanup: readonly Cleanup[];
      /** werf has refused the saved plan that it was to apply, and has begun nothing. */
      readonly planRefused?: true;
    };

/** The deployment whose result is not recorded yet. */
export const openDeployment = (status: WerfBundleStatus | undefined): Deployment | undefined => {
  const deployment = status?.deployment;
  if (deployment === undefined) return undefined;
  const recorded = status?.lastJobName === deployment.jobName && status.lastJobStatus !== 'Running';
  return recorded && status?.lastJobStatus !== undefined ? undefined : deployment;
};

/** Whether the Job of the open deployment was seen to exist: then its absence is a loss, not a crash before its creation. */
export const wasStarted = (status: WerfBundleStatus | undefined): boolean =>
  status?.deployment !== undefined && status.lastJobName === status.deployment.jobName;

/**
 * @param status - the status with this poll accounted for
 * @param supersededBy - why the deployment is not wanted any more, if it is not: then it is superseded, unless werf was started
 */
export const followDeployment = (
  seen: Observation,
  status: WerfBundleStatus,
  supersededBy: string | undefined,
): Work => {
  const deployment = openDeployment(status);
  const { job } = seen;
  const { newest } = seen.jobs;
  if (newest !== undefined && newest.number > (status.deployment?.number ?? 0))
    return { kind: 'recovered', status: { ...status, deployment: newest } };
  if (deployment !== undefined && job.kind === 'present') {
    const made = { ...deployment, checksum: checksumOf(job.job) ?? deployment.checksum };
    const known = { ...status, deployment: made };
    return supersededBy !== undefined && maySupersede(job, seen.now)
      ? supersede(seen, known, { deployment: made, supersededBy, job })
      : followJob(seen, known, made, job);
  }
  if (deployment === undefined) return { kind: 'none' };
  if (job.kind === 'blocker') return { kind: 'unreadable', blocker: job };
  if (!wasStarted(status))
    return supersededBy === undefined
      ? { kind: 'to-carry-out', deployment }
      : supersede(seen, status, { deployment, supersededBy, job });
  const message = `Job ${deployment.jobName} is gone without a result`;
  const next = conclude(status, deployment, { result: 'Lost', message, finishedAt: seen.now });
  return concluded(next, [secretsWithoutJob(seen, deployment)]);
};

type UnendedJob = Extract<JobResult, { kind: 'waiting' | 'running' }>;
type PresentJob = Extract<DeployJob, { kind: 'present' }>;

/** Whether werf has surely not been started: a Pod in phase Unknown may well be running. */
const maySupersede = ({ job, pod }: PresentJob, now: number): boolean =>
  jobResult(job, pod, now).kind === 'waiting' && (pod?.status?.phase ?? 'Pending') === 'Pending';

/** Deletes the Job and its Secrets before the status is written: after a crash in between, the Job counts as lost. */
const supersede = (
  seen: Observation,
  status: WerfBundleStatus,
  { deployment, supersededBy, job }: { deployment: Deployment; supersededBy: string; job: DeployJob },
): Work => {
  const what =
    job.kind === 'present' ? `Job ${deployment.jobName} gave way before werf was started` : 'no Job was made';
  const message = `${what}: ${supersededBy}`;
  const actions: readonly Action[] =
    job.kind === 'present'
      ? [{ ...deletionOf(job.job), unlessBegun: true }, secretsOf(seen, job.job)]
      : [secretsWithoutJob(seen, deployment)];
  return concluded(conclude(status, deployment, { result: 'Superseded', message, finishedAt: seen.now }), actions);
};

/** The action that deletes a Job. */
export const deletionOf = ({ metadata }: Stored<Job>) =>
  ({
    kind: 'delete-job',
    ref: { namespace: metadata.namespace, name: metadata.name },
    uid: metadata.uid,
  }) as const;

const followJob = (
  seen: Observation,
  status: WerfBundleStatus,
  deployment: Deployment,
  { job, pod, log, words, isUnwatched }: PresentJob,
): Work => {
  const result = withWords(jobResult(job, pod, seen.now), words);
  switch (result.kind) {
    case 'waiting':
    case 'running': {
      const deadline = deadlineOf(seen, { deployment, job, begun: result.kind === 'running' });
      if (seen.now >= deadline) return overtime(seen, status, { deployment, job, result });
      return {
        kind: 'active',
        status: active(status, deployment),
        finding: activeFinding(deployment, result),
        recheck: {
          kind: 'at',
          time: Math.min(deadline, result.recheckAt ?? deadline, isUnwatched ? seen.now + UNWATCHED_LOOK_MS : deadline),
        },
      };
    }
    case 'succeeded':
    case 'failed': {
      if (log.kind === 'unreadable' && seen.now < result.finishedAt + LOG_PATIENCE_MS) {
        const finding = activeFinding(deployment, { kind: 'running' });
        return {
          kind: 'active',
          status: active(status, deployment),
          finding,
          recheck: { kind: 'at', time: seen.now + 1_000 },
        };
      }
      const errorLine = errorLineOf(log);
      if (result.kind === 'failed' && isPlanRefused({ result, job, pod }, errorLine)) {
        const message = `werf has not taken the plan that was saved, and has changed nothing: ${errorLine}`;
        const end = { result: 'Superseded', message, finishedAt: result.finishedAt } as const;
        const next = concluded(conclude(status, deployment, end), [], [secretsOf(seen, job)]);
        return { ...next, planRefused: true };
      }
      const outcome = result.kind === 'failed' ? explained(result, job, log) : result;
      const message = outcome.kind === 'failed' ? outcome.message : undefined;
      const end = {
        result: outcome.kind === 'failed' ? 'Failed' : 'Succeeded',
        message,
        finishedAt: result.finishedAt,
        log: tailOf(log),
      } as const;
      return concluded(conclude(status, deployment, end), [], [secretsOf(seen, job)]);
    }
    case 'lost': {
      const end = { result: 'Lost', message: result.message, finishedAt: seen.now } as const;
      return concluded(conclude(status, deployment, end), [], [secretsOf(seen, job)]);
    }
  }
};

/** The Secrets that were made for a Job. */
export const secretsOf = ({ bundle }: Pick<Observation, 'bundle'>, job: Job): Cleanup => ({
  kind: 'delete-secrets',
  namespace: job.metadata.namespace,
  names: secretNamesIn(job),
  bundleUid: bundle.metadata.uid,
});

/** All Secrets that may have been created for a Job that does not exist: a crash may have come after any of them. */
export const secretsWithoutJob = (
  { bundle }: Pick<Observation, 'bundle'>,
  { jobName }: Pick<Deployment, 'jobName'>,
): Cleanup => ({
  kind: 'delete-secrets',
  namespace: targetNamespaceOf(bundle),
  names: Object.values(secretNamesOf(jobName)),
  bundleUid: bundle.metadata.uid,
});

const concluded = (
  status: WerfBundleStatus,
  actions: readonly Action[] = [],
  cleanup: readonly Cleanup[] = [],
): Extract<Work, { kind: 'concluded' }> => ({
  kind: 'concluded',
  status,
  actions,
  cleanup,
});

const limitOf = (seen: Observation, { reason }: { readonly reason: string }): number => {
  const timeoutMs = seen.spec.kind === 'valid' ? seen.spec.settings.converge.timeoutMs : LONGEST_TIMEOUT_MS;
  return reason === 'Dismiss' ? Math.min(timeoutMs, DISMISS_LIMIT_MS) : timeoutMs;
};

/**
 * When the controller gives up a Job, wall clock: the Pod's deadline starts with the Pod, and the Job's own does not end it everywhere.
 * Never while somebody has it suspended, which may take as long as a queue does; only an uninstall holds up a deletion no longer for it.
 */
export const deadlineOf = (
  seen: Observation,
  {
    deployment,
    job,
    begun,
  }: { readonly deployment: { readonly reason: string }; readonly job: Job; readonly begun: boolean },
): number =>
  isSuspended(job) && deployment.reason !== 'Dismiss'
    ? Number.POSITIVE_INFINITY
    : (beginningOf(job) ?? seen.now) + limitOf(seen, deployment) + (begun ? OVERTIME_MS : 0);

/** When a Job began to count: at its creation, or when it was resumed, which makes it start anew. */
const beginningOf = ({ metadata, status }: Job): number | undefined => {
  const wasSuspended = status?.conditions?.some(({ type }) => type === 'Suspended') === true;
  return (wasSuspended ? parseTime(status?.startTime) : undefined) ?? parseTime(metadata.creationTimestamp);
};

const overtime = (
  seen: Observation,
  status: WerfBundleStatus,
  { deployment, job, result }: Pick<PresentJob, 'job'> & { deployment: Deployment; result: UnendedJob },
): Work => {
  const limit = formatDuration(limitOf(seen, deployment));
  const message =
    result.kind === 'running'
      ? `Job ${deployment.jobName} did not end within ${limit}`
      : `Job ${deployment.jobName} did not start within ${limit}${result.message === '' ? '' : `: ${result.reason}: ${result.message}`}`;
  const next = conclude(status, deployment, { result: 'Failed', message, finishedAt: seen.now });
  const deletion = { ...deletionOf(job), ...(result.kind === 'waiting' && { unlessBegun: true as const }) };
  return concluded(next, [deletion], [secretsOf(seen, job)]);
};

const explained = (result: FailedJob, job: Job, log: JobLog): FailedJob =>
  withRightsAdvice(withErrorLine(result, errorLineOf(log)), log.kind === 'read' ? log : {}, job);

const errorLineOf = (log: JobLog): string | undefined => (log.kind === 'read' ? log.errorLine : undefined);
const tailOf = (log: JobLog): string | undefined => (log.kind === 'read' ? log.tail : undefined);

const active = (status: WerfBundleStatus, deployment: Deployment): WerfBundleStatus => ({
  ...status,
  activeJobName: deployment.jobName,
  lastJobName: deployment.jobName,
  lastJobStatus: 'Running',
  lastAttemptedTag: deployment.tag,
});

/** The status once the Job exists, whether or not its Pod was seen. */
export const started = (
  status: WerfBundleStatus,
  deployment: Deployment,
): { status: WerfBundleStatus; finding: Finding<'job-active'> } => ({
  status: active(status, deployment),
  finding: activeFinding(deployment, { kind: 'running' }),
});

const whatOf = ({ tag, reason }: Deployment): string =>
  reason === 'Dismiss' ? 'uninstalling' : `deploying ${tag} (${reason})`;

/** The finding of a deployment that waits for a slot; its message does not change with the queue. */
export const queued = (deployment: Deployment): Finding<'job-active'> & { readonly reason: 'Queued' } => ({
  kind: 'job-active',
  reason: 'Queued',
  message: `${whatOf(deployment)}: waits until fewer Jobs run than --max-jobs and --max-jobs-per-namespace allow`,
});

const activeFinding = (
  deployment: Deployment,
  state: { readonly kind: 'running' } | { readonly kind: 'waiting'; readonly reason: string; readonly message: string },
): Finding<'job-active'> => {
  const what = whatOf(deployment);
  return state.kind === 'waiting' && state.message !== ''
    ? { kind: 'job-active', reason: 'WaitingForJob', message: `${what}: ${state.reason}: ${state.message}` }
    : { kind: 'job-active', reason: 'Deploying', message: what };
};
