import type { Job, ObjectRef, Pod, Stored } from '../../api/objects.js';
import { problemOf } from '../../api/references/fault.js';
import { heldFault } from '../../api/references/release.js';
import type { ParsedSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { KubeError } from '../../kube/client.js';
import type { Reads } from '../../kube/get-once.js';
import { EVENTS, JOBS } from '../../kube/resources.js';
import type { Log } from '../../process/ports.js';
import type { Registry } from '../../registry/port.js';
import type { Lister } from '../cache/lister.js';
import type { JudgesByCharts } from '../charts/judges-by-charts.js';
import { openDeployment, wasStarted } from '../decide/deployment.js';
import { isPolled } from '../decide/interest.js';
import type { DeployJob, JobLog, Observation, PlanJob, PlanLog, Platform } from '../decide/observation.js';
import { driftFinding } from '../deploy/drift-finding.js';
import type { JobResult } from '../deploy/job-result.js';
import { type Proof, provenJob } from '../deploy/job-signature.js';
import { lastErrorLine, logTail } from '../deploy/log-tail.js';
import { belongsTo } from '../deploy/names.js';
import { newestPod } from '../deploy/newest-pod.js';
import { plannedChanges, withNamesHidden } from '../deploy/plan-changes.js';
import { checkOf, hasSavedPlan, isJobOfPlan, isPlanJob } from '../deploy/plan-job.js';
import { appliesBlindly, planFinding } from '../deploy/plan-summary.js';
import { isJobOf, jobResult } from '../deploy/result.js';
import { type SavedPlan, savedPlanOf } from '../deploy/saved-plan.js';
import { withPodReasons } from '../deploy/unready.js';
import { lateAt, needsWords, type WaitingWords, wordsOf } from '../deploy/waiting.js';
import type { ReadsValues } from '../values/delivered-values.js';
import { readAccess } from './access.js';
import { rightsMissing, unlessForbidden } from './forbidden.js';
import { readJobLog } from './job-log.js';
import { judge } from './judge.js';
import { knownJobs } from './known-jobs.js';
import { readPodReasons } from './pod-reasons.js';

export interface ObserveDeps {
  readonly client: KubeClient;
  /** Reads what bundles refer to. */
  readonly reads: Reads;
  readonly lister: Lister;
  readonly values: ReadsValues;
  readonly charts: JudgesByCharts;
  /** For what no scan tells. */
  readonly registry: Pick<Registry, 'readManifest'>;
  readonly platform: Platform;
  /** By what the controller knows its own Jobs. */
  readonly proof: () => Proof;
  readonly now: () => number;
  /** When this controller's term began; wall clock. */
  readonly startedAt: number;
  readonly log: Log;
}

/** What scans, watches and the process's own memory know. */
type Known = Pick<Observation, 'delivery' | 'latest' | 'heldBack' | 'sameScans' | 'deployedAt' | 'valuesChangedAt'> & {
  /** Name of the last Job whose Secrets are known to be gone. */
  readonly cleanedUp: string | undefined;
};

/**
 * Puts together what is known of one bundle. What a decision needs beyond that is looked up when it says so (`look-up.ts`).
 * @param known - what is known without a read, of one moment: a scan's result that comes later is for the next reconcile
 * @throws KubeError when the apiserver could not be asked: then nothing is known, and nothing is decided
 */
export const observe = async (
  deps: ObserveDeps,
  bundle: StoredBundle,
  { cleanedUp, ...known }: Known,
  signal: AbortSignal,
): Promise<Observation> => {
  const { reads, platform } = deps;
  const spec = withoutRival(judge(bundle, platform), deps.lister.olderHolder(bundle));
  const job = await unlessForbidden(readJob(deps, bundle, spec, signal), rightsMissing);
  const plans = await readPlans(deps, bundle, spec, signal);
  const polled = isPolled({ bundle, platform, spec }) && spec.kind === 'valid' ? spec.settings : undefined;
  const access =
    polled === undefined
      ? ({ kind: 'not-needed' } as const)
      : await unlessForbidden(readAccess(reads, { bundle, settings: polled, platform }, signal), rightsMissing);
  return {
    now: deps.now(),
    startedAt: deps.startedAt,
    bundle,
    platform,
    spec,
    access,
    ...known,
    jobs: knownJobs(deps.lister.jobsOf(bundle.metadata.uid), bundle, namespaceOf(bundle, spec)),
    job,
    plans,
    cleanupPending: jobToCleanUp(deps, bundle, { spec, cleanedUp }),
    slot: undefined,
    jobInputs: undefined,
    chart: undefined,
    dismissal: undefined,
    tagNow: undefined,
    kept: undefined,
    keptPlan: undefined,
  };
};

/** The spec, but invalid if another bundle holds its release. */
const withoutRival = (spec: ParsedSpec, holder: ObjectRef | undefined): ParsedSpec => {
  if (spec.kind === 'invalid' || holder === undefined) return spec;
  const { releaseName, targetNamespace } = spec.settings.converge;
  return {
    kind: 'invalid',
    problems: [problemOf(heldFault({ namespace: targetNamespace, name: releaseName }, holder))],
  };
};

/**
 * The Job of the open deployment. A name in the status is not enough: it has to be made for just this deployment.
 * The cache may lag behind our own writes: before a Job is called lost, or never made, the apiserver is asked.
 */
const readJob = async (
  deps: ObserveDeps,
  bundle: StoredBundle,
  spec: ParsedSpec,
  signal: AbortSignal,
): Promise<DeployJob> => {
  const deployment = openDeployment(bundle.status);
  if (deployment === undefined) return { kind: 'absent' };
  const ref = { namespace: namespaceOf(bundle, spec), name: deployment.jobName };
  const cached = deps.lister.job(ref);
  const job = cached ?? (await readLive(deps, ref, signal));
  if (job === undefined || !isJobOf(job, bundle.metadata.uid, deployment)) return { kind: 'absent' };
  // A Job that is being deleted before it was ever seen is not adopted: the next number is taken.
  if (!wasStarted(bundle.status) && job.metadata.deletionTimestamp !== undefined) return { kind: 'absent' };
  const pod = newestPod(deps.lister.podsOf(job));
  const result = jobResult(job, pod, deps.now());
  const log = await readLog(deps, { job, pod, result }, signal);
  const words = await readWords(deps, { job, pod, result }, signal);
  return { kind: 'present', job, pod, log, words, ...(cached === undefined && { isUnwatched: true }) };
};

const readLive = async (
  { client, proof }: ObserveDeps,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Stored<Job> | undefined> => {
  const job = await client.get(JOBS, ref, signal);
  return job && provenJob(job, proof());
};

/** The Job whose Secrets are still to be deleted, if a process ended between recording the result and deleting them. */
const jobToCleanUp = (
  { lister }: ObserveDeps,
  bundle: StoredBundle,
  { spec, cleanedUp }: { readonly spec: ParsedSpec; readonly cleanedUp: string | undefined },
): Stored<Job> | undefined => {
  const { uid } = bundle.metadata;
  const recorded = openDeployment(bundle.status) === undefined ? bundle.status?.deployment : undefined;
  if (recorded === undefined || recorded.jobName === cleanedUp) return undefined;
  const job = lister.job({ namespace: namespaceOf(bundle, spec), name: recorded.jobName });
  return job !== undefined && belongsTo(job, { uid, number: recorded.number }) ? job : undefined;
};

/** The namespace of the bundle's Jobs. */
export const namespaceOf = (bundle: StoredBundle, spec: ParsedSpec): string =>
  spec.kind === 'valid'
    ? spec.settings.converge.targetNamespace
    : (bundle.status?.resolvedTargetNamespace ?? bundle.metadata.namespace);

/** Reads why a Job does not start from events, if nothing else tells and it is late. A failure to read them is only logged. */
const readWords = async (
  { client, now, log }: ObserveDeps,
  {
    job,
    pod,
    result,
  }: { readonly job: Stored<Job>; readonly pod: Stored<Pod> | undefined; readonly result: JobResult },
  signal: AbortSignal,
): Promise<WaitingWords | undefined> => {
  if (result.kind !== 'waiting' || !needsWords(result) || now() < lateAt(job, pod, now())) return undefined;
  const { namespace, uid } = (pod ?? job).metadata;
  try {
    const { items } = await client.list(EVENTS, { namespace, fieldSelector: `regarding.uid=${uid}` }, signal);
    return wordsOf(items);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    log.warn('events could not be read', { job: job.metadata.name, error: error.message });
    return undefined;
  }
};

const readLog = async (
  deps: ObserveDeps,
  { job, pod, result }: { job: Job; pod: Pod | undefined; result: JobResult },
  signal: AbortSignal,
): Promise<JobLog> => {
  if ((result.kind !== 'succeeded' && result.kind !== 'failed') || pod === undefined) return { kind: 'not-needed' };
  const log = await readJobLog(deps, { job, pod }, signal);
  if (log.kind === 'unreadable') return { kind: 'unreadable', why: log.why };
  const error = result.kind === 'failed' ? lastErrorLine(log.text) : undefined;
  const reasons = error === undefined ? [] : await readPodReasons(deps, { job, error }, signal);
  const errorLine = error && withPodReasons(error, reasons.map(log.hide));
  return { kind: 'read', tail: logTail(log.text), errorLine };
};

/** The Jobs of the bundle's drift checks and plans, in the namespace of its Jobs. The log of one is read once it has found something. */
const readPlans = (
  deps: ObserveDeps,
  bundle: StoredBundle,
  spec: ParsedSpec,
  signal: AbortSignal,
): Promise<readonly PlanJob[]> => {
  const namespace = namespaceOf(bundle, spec);
  const jobs = deps.lister
    .jobsOf(bundle.metadata.uid)
    .filter((job) => isPlanJob(job) && job.metadata.namespace === namespace)
    .toSorted((a, b) => (checkOf(b) ?? 0) - (checkOf(a) ?? 0))
    .slice(0, MOST_PLANS);
  return Promise.all(
    jobs.map(async (job) => {
      const pod = newestPod(deps.lister.podsOf(job));
      return { job, pod, log: isRead(job, bundle) ? NO_LOG : await readPlanLog(deps, { job, pod, spec }, signal) };
    }),
  );
};

/** There is one at most, unless a crash or a second controller has left more: the others' turn comes when these are gone. */
const MOST_PLANS = 4;

/** Whether nothing is awaited of a Job's log any more. */
const isRead = (job: Job, { status }: StoredBundle): boolean => {
  const check = checkOf(job);
  if (check !== undefined) return check <= (status?.driftCheckCount ?? 0);
  const plan = status?.plan;
  return plan === undefined || plan.result !== undefined || !isJobOfPlan(job, plan);
};

const NO_LOG = { kind: 'not-needed' } as const;

/** Lines of a plan's log: each object that would go is to be found in it. */
const PLAN_LINES = 4_000;

const readPlanLog = async (
  deps: ObserveDeps,
  { job, pod, spec }: { readonly job: Job; readonly pod: Pod | undefined; readonly spec: ParsedSpec },
  signal: AbortSignal,
): Promise<PlanLog> => {
  const { kind } = jobResult(job, pod, deps.now());
  if (pod === undefined || !(kind === 'failed' || (kind === 'succeeded' && hasSavedPlan(job)))) return NO_LOG;
  const isCheck = checkOf(job) !== undefined;
  const log = await readJobLog(deps, { job, pod, lines: PLAN_LINES }, signal);
  return log.kind === 'read'
    ? {
        kind: 'read',
        finding: isCheck ? driftFinding(log.text) : planFinding(log.text),
        // What is hidden in a log can't be understood: an ordinary Secret could hide what would be deleted.
        ...(!isCheck && { changes: withNamesHidden(plannedChanges(log.raw), log.hide) }),
        ...(hasSavedPlan(job) && { saved: appliesBlindly(log.raw) ? BLIND : savedBy(log.printed, spec) }),
        errorLine: lastErrorLine(log.text),
      }
    : { kind: 'unreadable', why: log.why };
};

const BLIND: SavedPlan = {
  kind: 'unsaved',
  why: 'werf can not try out what it does to an object, and can not read such a plan again (it would be applied blindly)',
};

const savedBy = (printed: string | undefined, spec: ParsedSpec): SavedPlan | undefined => {
  if (spec.kind === 'invalid') return undefined;
  const { releaseName: name, targetNamespace: namespace } = spec.settings.converge;
  return savedPlanOf(printed, { name, namespace });
};
