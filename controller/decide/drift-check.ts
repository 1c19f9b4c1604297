import { planJobNameOf, targetNamespaceOf } from '../../api/names.js';
import type { Job } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import { type WerfVersion, werfVersionIn } from '../../api/werf-version.js';
import { ANNOTATIONS } from '../deploy/names.js';
import { type Applied, hasSavedPlan } from '../deploy/plan-job.js';
import { isReleaseOnlyByCode, type PlanResult, planResult } from '../deploy/plan-result.js';
import { imageOf, jobResult } from '../deploy/result.js';
import { secretNamesOf } from '../deploy/secret-names.js';
import type { Cleanup } from './decision.js';
import { deadlineOf, deletionOf, LOG_PATIENCE_MS, secretsOf } from './deployment.js';
import { appliedOf, type CheckResult, nextCheckNumber } from './drift-state.js';
import type { Observation, PlanJob } from './observation.js';
import { type PartialDecision, soonest } from './partial-decision.js';

/** The progress of a drift check. */
type Check =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly recheckAt: number }
  | { readonly kind: 'ended'; readonly result: CheckResult };

/**
 * Splits the plans of a bundle: the one whose result is awaited, and all others, which are obsolete; one that is being deleted is among
 * these.
 */
export const sortPlans = (
  seen: Observation,
  status: NonNullable<Observation['bundle']['status']>,
  applied: Applied,
): { readonly awaited: PlanJob | undefined; readonly passed: readonly PlanJob[] } => {
  const { name: bundleName, uid } = seen.bundle.metadata;
  const check = nextCheckNumber(status);
  const name = planJobNameOf({ bundleName, uid, tag: applied.tag, check });
  const awaited = seen.plans.find(
    ({ job: { metadata } }) =>
      metadata.name === name &&
      metadata.annotations?.[ANNOTATIONS.number] === String(applied.number) &&
      metadata.deletionTimestamp === undefined,
  );
  return { awaited, passed: seen.plans.filter((plan) => plan !== awaited) };
};

/** The progress of the check that is awaited, and its result. */
export const followCheck = (seen: Observation, plan: PlanJob | undefined): Check => {
  if (plan === undefined) return { kind: 'none' };
  const { job, pod, log } = plan;
  const result = jobResult(job, pod, seen.now);
  switch (result.kind) {
    case 'waiting':
    case 'running': {
      const begun = result.kind === 'running';
      const deadline = deadlineOf(seen, { deployment: { reason: 'DriftCheck' }, job, begun });
      if (seen.now < deadline) return { kind: 'running', recheckAt: Math.min(deadline, result.recheckAt ?? deadline) };
      return failed(`Job ${job.metadata.name} did not ${begun ? 'end' : 'start'} within spec.converge.timeout`);
    }
    case 'succeeded':
      return awaitsSaved(plan, { until: result.finishedAt + LOG_PATIENCE_MS, now: seen.now })
        ? { kind: 'running', recheckAt: seen.now + 1_000 }
        : IN_SYNC;
    case 'failed': {
      const ended = { result, job, pod, version: versionOf(seen, job) };
      const awaitsLog = log.kind === 'unreadable' && (!isReleaseOnlyByCode(ended) || hasSavedPlan(job));
      if (awaitsLog && seen.now < result.finishedAt + LOG_PATIENCE_MS)
        return { kind: 'running', recheckAt: seen.now + 1_000 };
      return found(planResult(ended, log.kind === 'read' ? log : undefined));
    }
    case 'lost':
      return failed(result.message);
  }
};

/** Whether the log may still be read in which a saved plan is. */
const awaitsSaved = (
  { job, log }: PlanJob,
  { until, now }: { readonly until: number; readonly now: number },
): boolean => hasSavedPlan(job) && log.kind === 'unreadable' && now < until;

const IN_SYNC: Check = { kind: 'ended', result: { kind: 'in-sync' } };
const failed = (message: string): Check => ({ kind: 'ended', result: { kind: 'failed', message } });

const found = (result: PlanResult): Check => {
  switch (result.kind) {
    case 'release-only':
      return IN_SYNC;
    case 'changes':
      return { kind: 'ended', result: { kind: 'drifted', finding: result.finding } };
    case 'failed':
      return failed(result.message);
  }
};

/** The version of the image that a Job runs; the spec may have changed since. */
const versionOf = ({ platform }: Observation, job: Job): WerfVersion => {
  const image = imageOf(job);
  return image === undefined
    ? { kind: 'unknown', why: `Job ${job.metadata.name} does not say which image it ran` }
    : werfVersionIn(image, platform);
};

/** Why the bundle's version of werf can't check for drift; undefined: it can. */
export const planLack = ({ platform }: Observation, { converge }: Settings): string | undefined => {
  const version = werfVersionIn(converge.image ?? platform.werfImage, platform);
  return version.kind === 'known' && version.plan === 'none'
    ? `werf ${version.text} has no "bundle plan": 2.53 or later is needed`
    : undefined;
};

/**
 * All Secrets that may have been made for the check that was read last, and for the next one, if drift is looked for. A check keeps nothing,
 * and saves no plan.
 */
export const secretsOfChecks = ({ bundle }: Pick<Observation, 'bundle'>): readonly Cleanup[] => {
  const { status = {}, spec, metadata } = bundle;
  const applied = appliedOf(status);
  const used = spec.converge?.driftDetection?.enabled === true || status.driftCheckCount !== undefined;
  if (!used || applied === undefined) return [];
  const next = nextCheckNumber(status);
  return [next - 1, next].map((check) => {
    const jobName = planJobNameOf({ bundleName: metadata.name, uid: metadata.uid, tag: applied.tag, check });
    const { kept: _, plan: __, ...names } = secretNamesOf(jobName);
    const of = { namespace: targetNamespaceOf(bundle), bundleUid: metadata.uid };
    return { kind: 'delete-secrets', ...of, names: Object.values(names) };
  });
};

/** How soon to check whether a deleted plan is gone, milliseconds. */
const GOING_RECHECK_MS = 1_000;

/** Deletes plans: their results were read, or something else comes first. */
export const withoutPlans = (
  seen: Observation,
  partial: PartialDecision,
  plans: readonly PlanJob[],
): PartialDecision => {
  if (plans.length === 0) return partial;
  const jobs = plans.map(({ job }) => job);
  const left = jobs.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return {
    ...partial,
    actions: [...left.map(deletionOf), ...(partial.actions ?? [])],
    cleanup: [...(partial.cleanup ?? []), ...left.map((job) => secretsOf(seen, job))],
    recheck: soonest(partial.recheck, seen.now + GOING_RECHECK_MS),
  };
};
