import { openPlan } from '../../api/open-plan.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, DeployReason, Plan, WerfBundleStatus } from '../../api/werfbundle.js';
import { NO_CHANGES, type PlannedChanges } from '../deploy/plan-changes.js';
import { hasSavedPlan, isJobOfPlan } from '../deploy/plan-job.js';
import type { SavedPlan } from '../deploy/saved-plan.js';
import type { Need } from './decision.js';
import { followCheck, planLack } from './drift-check.js';
import { isLookAsked } from './drift-schedule.js';
import type { CheckResult } from './drift-state.js';
import type { Due } from './due.js';
import type { Idle } from './facts.js';
import { needsFinalizerToCheck } from './finalizer.js';
import { givenFor } from './given.js';
import type { Hold } from './hold-list.js';
import { type JobInputs, type Observation, type PlanJob, slotFor } from './observation.js';
import { isApproved, isHeld, isOutdated, needsApproval } from './plan-approval.js';
import { isUnasked, nextPlanTry, type PlanEnd, standingPlan } from './plan-record.js';
import { whyNotSaved } from './saved-plans.js';

/** States of a bundle whose next deployment is planned first. */
export type PlanState =
  /** Something is to be deployed that no plan shows. */
  | {
      readonly kind: 'plan-decided';
      readonly due: Extract<Due, { kind: 'deploy' }>;
      /** What is held from now on, since this returns from it. */
      readonly hold?: Hold;
    }
  /** What was planned is not to be deployed any more. */
  | { readonly kind: 'plan-obsolete' }
  | { readonly kind: 'plan-finalizer-missing'; readonly plan: Plan }
  | { readonly kind: 'plan-queued'; readonly plan: Plan }
  /** The inputs of the plan's Job are known. */
  | {
      readonly kind: 'plan-due';
      readonly plan: Plan;
      readonly settings: Settings;
      readonly jobInputs: JobInputs;
      /** Why its Job does not save it, for people; undefined: it does. */
      readonly unsaved: string | undefined;
    }
  /** Its Job runs, or is tried again at `recheckAt`, wall clock. */
  | { readonly kind: 'planning'; readonly plan: Plan; readonly recheckAt: number }
  /** It would delete what is guarded, and nobody has approved that. */
  | { readonly kind: 'approval-awaited'; readonly plan: Plan }
  /** It could not be made, and deletions are held. */
  | { readonly kind: 'plan-withheld'; readonly plan: Plan }
  | { readonly kind: 'plan-ended'; readonly plan: Plan; readonly end: PlanEnd; readonly settings: Settings }
  /** A deployment was decided that has no Job yet, and its plan does not hold any more: it is planned first. `why` is for people. */
  | {
      readonly kind: 'intent-unplanned';
      readonly deployment: Deployment;
      readonly checksum: string;
      readonly why: string;
    };

/** How soon to look whether other Jobs of the bundle have gone, milliseconds. */
const GOING_RECHECK_MS = 1_000;

/** Whether the bundle's deployments are planned first. */
export const isPlanned = (settings: Settings): boolean => settings.converge.plan === 'Show' || isHeld(settings);

/**
 * Whether a deployment is planned first. What a correction of drift does, the check has shown that has found the drift; but not in a way
 * that could be approved.
 */
const needsPlan = (settings: Settings, reason: DeployReason): boolean =>
  isHeld(settings) || (isPlanned(settings) && reason !== 'DriftCorrection');

/** The Job of the plan that is being made. */
export const awaitedPlan = ({ plans }: Pick<Observation, 'plans'>, status: WerfBundleStatus): PlanJob | undefined => {
  const plan = openPlan(status);
  if (plan === undefined || plan.result !== undefined) return undefined;
  return plans.find(({ job }) => job.metadata.deletionTimestamp === undefined && isJobOfPlan(job, plan));
};

/**
 * The state of a bundle for which a deployment is due, as far as its plan says; undefined: nothing of the kind holds it up.
 * @param due - undefined: nothing has happened that could have made a difference
 */
export const planState = (idle: Idle, due: Due | undefined): PlanState | Need | undefined => {
  const { seen, polled, settings } = idle;
  const open = openPlan(polled.status);
  if (due === undefined) return undefined;
  if (due.kind !== 'deploy')
    return open === undefined || isUnasked(polled.status) ? undefined : { kind: 'plan-obsolete' };
  if (!needsPlan(settings, due.reason)) return undefined;
  const plan = standingPlan(polled.status, { due, isHeld: isHeld(settings) });
  if (plan === undefined) return { kind: 'plan-decided', due };
  if (plan.result === undefined) return making(idle, plan);
  if (plan === open && isLookAsked(seen)) return { kind: 'plan-decided', due };
  return isHeld(settings) ? withheld(idle, { plan, due }) : undefined;
};

/** The plan has a result, and deletions are held. */
const withheld = (
  { seen, polled }: Idle,
  { plan, due }: { readonly plan: Plan; readonly due: Extract<Due, { kind: 'deploy' }> },
): PlanState | undefined => {
  if (plan.result === 'Failed') return { kind: 'plan-withheld', plan };
  // What was planned long ago is planned once more, approved or not: it goes on if the same would be lost.
  const isOld = isOutdated(plan, { now: seen.now, timeScale: seen.platform.timeScale });
  const again: PlanState | undefined = isOld ? { kind: 'plan-decided', due } : undefined;
  if (!needsApproval(plan)) return again;
  const isOpen = plan === openPlan(polled.status);
  // What waits has to stay due: one whose deployment was begun before is planned again.
  if (!isApproved(seen.bundle, plan))
    return isOpen ? { kind: 'approval-awaited', plan } : { kind: 'plan-decided', due };
  return again;
};

/** The plan is written down, and has no result. */
const making = (idle: Idle, plan: Plan): PlanState | Need => {
  const { seen, polled, settings } = idle;
  const { jobInputs } = seen;
  const running = awaitedPlan(seen, polled.status);
  const check = followCheck(seen, running);
  if (check.kind === 'running') return { kind: 'planning', plan, recheckAt: check.recheckAt };
  if (check.kind === 'ended') return { kind: 'plan-ended', plan, settings, end: endOf(check.result, running) };
  const lack = planLack(seen, settings);
  if (lack !== undefined)
    return { kind: 'plan-ended', plan, settings, end: { kind: 'failed', message: lack, isFinal: true } };
  const triedAt = nextPlanTry(plan, seen.platform);
  if (seen.now < triedAt) return { kind: 'planning', plan, recheckAt: triedAt };
  if (needsFinalizerToCheck(seen.bundle)) return { kind: 'plan-finalizer-missing', plan };
  // One Job at a time: those that check for drift give way.
  if (seen.plans.length > 0) return { kind: 'planning', plan, recheckAt: seen.now + GOING_RECHECK_MS };
  const slot = slotFor(seen, plan.jobName);
  if (slot === undefined) return { kind: 'needs', what: 'job-slot', jobName: plan.jobName };
  if (slot === 'waiting') return { kind: 'plan-queued', plan };
  if (jobInputs === undefined) return { kind: 'needs', what: 'job-inputs', settings };
  const later = { kind: 'planning', plan, recheckAt: seen.now + GOING_RECHECK_MS } as const;
  if (jobInputs.kind !== 'ready') return later;
  const given = givenFor(idle, { present: jobInputs, checksum: plan.checksum });
  if (given.kind === 'needs') return given;
  return given.kind === 'gone'
    ? later
    : {
        kind: 'plan-due',
        plan,
        settings: given.settings,
        jobInputs: given.jobInputs,
        unsaved: whyNotSaved(plan, { seen, settings: given.settings, jobInputs: given.jobInputs }),
      };
};

const endOf = (result: CheckResult, plan: PlanJob | undefined): PlanEnd => {
  switch (result.kind) {
    case 'in-sync':
      return { kind: 'made', changes: NO_CHANGES, saved: savedBy(plan) };
    case 'drifted':
      return {
        kind: 'made',
        changes: plan?.log.kind === 'read' ? unlessNothing(plan.log.changes) : undefined,
        saved: savedBy(plan),
      };
    case 'failed':
      return { kind: 'failed', message: result.message, isFinal: false };
  }
};

/** What the Job of a plan has saved; undefined: it was not to. */
const savedBy = (plan: PlanJob | undefined): SavedPlan | undefined => {
  if (plan === undefined || !hasSavedPlan(plan.job)) return undefined;
  const saved = plan.log.kind === 'read' ? plan.log.saved : undefined;
  return saved ?? { kind: 'unsaved', why: 'the log of its Job could not be read' };
};

/** werf says by its exit code that something would change: a log by which that is nothing does not tell what. */
const unlessNothing = (changes: PlannedChanges | undefined): PlannedChanges | undefined => {
  if (changes === undefined || changes.unnamed > 0) return changes;
  return Object.values(changes.counts).every((count) => count === 0) ? undefined : changes;
};

/** Whether an intent has to give way because of changed values: no plan has shown what these would change. */
export const isUnplanned = (settings: Settings, { reason }: Deployment): boolean => needsPlan(settings, reason);
