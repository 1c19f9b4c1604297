import { LOST_DELAYS_MS } from '../../api/backoff.js';
import { deploymentPlanJobNameOf } from '../../api/names.js';
import { openPlan } from '../../api/open-plan.js';
import { type InstallationKey, signatureOf } from '../../api/signature.js';
import { parseTime, preciseTime } from '../../api/timestamp.js';
import type { DeployReason, Plan, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { isGuarded } from '../deploy/guarded-kinds.js';
import type { PlannedChanges, PlannedObject } from '../deploy/plan-changes.js';
import { planWords } from '../deploy/plan-words.js';
import type { SavedPlan } from '../deploy/saved-plan.js';
import { conditionOf } from './condition.js';
import type { Due } from './due.js';
import { withApplied } from './saved-plans.js';

/** After so many Jobs that failed the plan is given up. */
const MOST_TRIES = 3;
/** As many objects are listed in the status as the schema takes. */
const LISTED = 20;
/** Longer messages are cut, characters; the schema takes more. */
const LONGEST_MESSAGE = 1_500;
/** As many of the last deployments the status remembers. */
const REMEMBERED = 10;

type DueDeployment = Extract<Due, { readonly kind: 'deploy' }>;

/** Whether the registry is still to be asked, so that nothing is known of what it offers. */
export const isUnasked = (status: WerfBundleStatus): boolean =>
  conditionOf(status, 'RegistryReachable')?.status === 'Unknown';

/** Whether a plan was made for just this tag, digest, and checksum of spec and values. */
const isOf = (plan: Plan, { target }: Pick<DueDeployment, 'target'>): boolean =>
  plan.tag === target.tag && plan.digest === target.digest && plan.checksum === target.checksum;

/** Whether what was planned may have been done since: a later deployment has succeeded, or none of that time is remembered. */
const isUsedUp = ({ after }: Plan, { history = [], deployment }: WerfBundleStatus): boolean =>
  (deployment?.number ?? 0) - after > REMEMBERED ||
  history.some(({ number, result }) => number > after && result === 'Succeeded');

/** Reasons of deployments that do again what was done, or begun, before. */
const AGAIN: ReadonlySet<DeployReason> = new Set(['Retry', 'JobLost', 'Requested']);

/** Whether it could not be made, and its deployment went on without it. */
const isGivenUp = (plan: Plan, status: WerfBundleStatus): boolean =>
  plan.result === 'Failed' && openPlan(status) === undefined;

/**
 * The plan that shows what a deployment changes; undefined: there is none, and it has to be made. Where deletions are held, what was
 * planned once may be done once.
 */
export const standingPlan = (
  status: WerfBundleStatus,
  { due, isHeld }: { readonly due: DueDeployment; readonly isHeld: boolean },
): Plan | undefined => {
  const { plan } = status;
  if (plan === undefined || !isOf(plan, due)) return undefined;
  if (isHeld) return isUsedUp(plan, status) || isGivenUp(plan, status) ? undefined : plan;
  return !isUsedUp(plan, status) || AGAIN.has(due.reason) ? plan : undefined;
};

/** Writes down that a deployment is to be planned, with the name of the Job for it. */
export const withPlanDecided = (
  { metadata: { name: bundleName, uid, generation } }: StoredBundle,
  status: WerfBundleStatus,
  {
    due: { target, reason, attempt },
    now,
    refusals = 0,
  }: {
    readonly due: Omit<DueDeployment, 'kind'>;
    readonly now: number;
    /** How many saved plans werf has not taken just before. */
    readonly refusals?: number;
  },
): WerfBundleStatus => {
  const number = (status.plan?.number ?? 0) + 1;
  const after = status.deployment?.number ?? 0;
  const jobName = deploymentPlanJobNameOf({ bundleName, uid, tag: target.tag, after, plan: number });
  const { tag, digest, checksum } = target;
  const made = { tag, digest, checksum, reason, attempt, generation, ...(refusals > 0 && { refusals }) };
  const plan = { number, after, ...made, jobName, startedAt: preciseTime(now) };
  return { ...status, plan };
};

/** Another number, since somebody else has the name of the plan's Job. */
export const withPlanRenumbered = (bundle: StoredBundle, status: WerfBundleStatus, plan: Plan): WerfBundleStatus => ({
  ...status,
  plan: nextTry(bundle, plan),
});

const nextTry = ({ metadata: { name: bundleName, uid } }: StoredBundle, plan: Plan): Plan => {
  const { tag, after } = plan;
  const number = plan.number + 1;
  return { ...plan, number, jobName: deploymentPlanJobNameOf({ bundleName, uid, tag, after, plan: number }) };
};

/** When a plan that has failed is tried again, wall clock, milliseconds; 0: it has not failed. */
export const nextPlanTry = (
  { failedTries = 0, triedAt }: Plan,
  { timeScale }: { readonly timeScale: number },
): number => {
  const delay = LOST_DELAYS_MS[Math.min(failedTries, LOST_DELAYS_MS.length) - 1];
  return delay === undefined ? 0 : (parseTime(triedAt) ?? 0) + delay / timeScale;
};

/** How a plan's Job has ended. */
export type PlanEnd =
  /** `changes` undefined: something would change, and the log does not say what. */
  | {
      readonly kind: 'made';
      readonly changes: PlannedChanges | undefined;
      /** What werf has saved; undefined: it was not to save it. */
      readonly saved: SavedPlan | undefined;
    }
  /** `isFinal`: another try would fail, too. `message` is for people. */
  | { readonly kind: 'failed'; readonly message: string; readonly isFinal: boolean };

/** The status with what a plan has found, or with a try more that has failed; after the last one it has a result. */
export const withPlanEnd = (
  bundle: StoredBundle,
  status: WerfBundleStatus,
  {
    plan,
    end,
    now,
    key,
  }: { readonly plan: Plan; readonly end: PlanEnd; readonly now: number; readonly key: InstallationKey },
): WerfBundleStatus => {
  if (end.kind === 'made') {
    const made = madeOf(bundle, plan, { changes: end.changes, now, key });
    return { ...status, plan: withApplied(made, whyAnew(plan, end)) };
  }
  const failedTries = (plan.failedTries ?? 0) + 1;
  const failed = { ...plan, failedTries, triedAt: preciseTime(now), message: end.message.slice(0, LONGEST_MESSAGE) };
  return {
    ...status,
    plan:
      end.isFinal || failedTries >= MOST_TRIES
        ? { ...failed, result: 'Failed', finishedAt: preciseTime(now) }
        : nextTry(bundle, failed),
  };
};

const whyAnew = (plan: Plan, { saved }: Extract<PlanEnd, { kind: 'made' }>): string | undefined => {
  if (saved === undefined) return plan.whyAnew ?? 'it was not saved';
  return saved.kind === 'saved' ? undefined : saved.why;
};

const madeOf = (
  { metadata: { uid } }: StoredBundle,
  plan: Plan,
  {
    changes,
    now,
    key,
  }: { readonly changes: PlannedChanges | undefined; readonly now: number; readonly key: InstallationKey },
): Plan => {
  const { failedTries: _, triedAt: __, ...rest } = plan;
  const made = {
    ...rest,
    result: 'Made',
    finishedAt: preciseTime(now),
    hash: hashOf(uid, plan, changes, key),
  } as const;
  const message = planWords(plan.tag, changes);
  if (changes === undefined) return { ...made, message };
  const { counts, deleted, recreated, unnamed } = changes;
  const unlisted = Math.max(0, deleted.length - LISTED) + Math.max(0, recreated.length - LISTED);
  return {
    ...made,
    counts,
    deleted: listed(deleted),
    recreated: listed(recreated),
    ...(unlisted > 0 && { unlisted }),
    ...(unnamed > 0 && { unnamed }),
    message,
  };
};

/** As many as there is room for, those that are guarded first. */
const listed = (objects: readonly PlannedObject[]): readonly PlannedObject[] =>
  [...objects.filter(isGuarded), ...objects.filter((object) => !isGuarded(object))].slice(0, LISTED);

/** Hex digits of a plan's hash. */
const HASH_LENGTH = 16;

/**
 * Names what would be lost: another one for another bundle, tag, digest, spec or values, after another deployment, or if other objects would
 * be deleted or recreated. Keyed, so that nobody can look for two plans that have the same one.
 */
const hashOf = (uid: string, plan: Plan, changes: PlannedChanges | undefined, key: InstallationKey): string => {
  const { after, tag, digest, checksum } = plan;
  const lost = changes && {
    deleted: changes.deleted.map(keyOf).toSorted(),
    recreated: changes.recreated.map(keyOf).toSorted(),
    unnamed: changes.unnamed,
  };
  const content = { uid, after, tag, digest, checksum, ...(lost !== undefined && { lost }) };
  return (signatureOf({ purpose: 'plan', content }, key).split(':').at(-1) ?? '').slice(0, HASH_LENGTH);
};

const keyOf = ({ kind, name, namespace }: PlannedObject): string => JSON.stringify([kind, namespace ?? null, name]);

/** The status without a plan. */
export const withoutPlan = (status: WerfBundleStatus): WerfBundleStatus => {
  const { plan: _, ...rest } = status;
  return rest;
};

/** The status without an open plan, whose deployment is not wanted any more; a request for it has not been answered then. */
export const withPlanGivenUp = (status: WerfBundleStatus): WerfBundleStatus => {
  const { lastHandledDeployRequest: _, ...unanswered } = withoutPlan(status);
  return status.plan?.reason === 'Requested' ? unanswered : withoutPlan(status);
};

/** The plan whose result was recorded between two statuses, if one was. */
export const planRecorded = (before: WerfBundleStatus, { plan }: WerfBundleStatus): Plan | undefined => {
  if (plan?.result === undefined) return undefined;
  const isOld = before.plan?.number === plan.number && before.plan.startedAt === plan.startedAt;
  return isOld && before.plan?.result !== undefined ? undefined : plan;
};
