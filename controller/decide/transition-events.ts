import type { Condition } from '../../api/objects.js';
import { openPlan } from '../../api/open-plan.js';
import { type ConditionType, REASONS, type Reason, type ToldReason } from '../../api/reasons.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { failureOf } from './conclusion.js';
import { conditionOf } from './condition.js';
import type { BundleEvent } from './decision.js';
import { isBeingCorrected, isLookRequested } from './drift-state.js';
import { BLOCKERS } from './findings.js';
import type { Observation } from './observation.js';
import { isApproved, needsApproval } from './plan-approval.js';
import { planRecorded } from './plan-record.js';
import { tagsOf } from './poll.js';

const LOOKED_UP_AGAIN: ReadonlySet<string> = new Set<Reason>(BLOCKERS);

/** Whether the status reports a blocker, which is checked again and again until it is gone. */
export const isLookedUpAgain = (status: WerfBundleStatus): boolean => {
  const ready = conditionOf(status, 'Ready');
  return ready !== undefined && LOOKED_UP_AGAIN.has(ready.reason);
};

/** Reasons with an event for each new message, since each message is another deployment. */
const EACH_TIME: ReadonlySet<string> = new Set<Reason>([
  'Deploying',
  'Deployed',
  'DeployFailed',
  'RolledBack',
  'ApprovalAwaited',
  'PlanFailed',
]);

/** Whether a condition that takes this reason is an event; that a bundle is suspended, its condition Suspended tells. */
const isTold = (reason: string): reason is ToldReason =>
  reason !== 'Suspended' && Object.hasOwn(REASONS, reason) && 'event' in REASONS[reason as Reason];

const TOLD: readonly ConditionType[] = ['Ready', 'RegistryReachable', 'Held', 'Drifted', 'DriftCorrectionFailed'];

/** The events of a transition: what became different between two statuses, each thing once. */
export const transitionEvents = (
  seen: Pick<Observation, 'bundle' | 'delivery'>,
  after: WerfBundleStatus,
): readonly BundleEvent[] => {
  const before = seen.bundle.status ?? {};
  const transitions = TOLD.flatMap((type) =>
    isCorrected(type, before, after) ? CORRECTED : changeOf(type, before, after),
  );
  const told = new Set<string>();
  const suspension = seen.bundle.metadata.deletionTimestamp === undefined ? suspensionChange(before, after) : [];
  const once = [
    ...suspension,
    ...planEvents(seen, after),
    ...approvalEvents(seen, after),
    ...endedSuspended(before, after),
    ...transitions,
  ].filter(({ reason }) => !told.has(reason) && told.add(reason));
  return tagsOf(seen)?.etagSupported === false && before.lastETag === undefined ? [...once, NO_ETAG] : once;
};

/** That a suspension has begun or ended, or why a request to reconcile is answered without a look. */
const suspensionChange = (before: WerfBundleStatus, after: WerfBundleStatus): readonly BundleEvent[] => {
  const old = conditionOf(before, 'Suspended');
  const now = conditionOf(after, 'Suspended');
  if (now === undefined) return old === undefined ? [] : [RESUMED];
  const said = { type: 'Normal', reason: 'Suspended' } as const;
  if (old === undefined) return [{ ...said, message: now.message }];
  return isLookRequested(before, after) ? [{ ...said, message: `not reconciled, as requested: ${now.message}` }] : [];
};

/** What a plan has found, or that there is none. */
const planEvents = ({ bundle }: Pick<Observation, 'bundle'>, after: WerfBundleStatus): readonly BundleEvent[] => {
  const plan = planRecorded(bundle.status ?? {}, after);
  // Where deletions are held, Ready says that there is no plan, and what leads out of it.
  const isTold = plan?.result === 'Failed' && bundle.spec.converge?.deletions === 'Hold';
  if (plan === undefined || isTold) return [];
  const { tag, message = '' } = plan;
  if (plan.result === 'Made') return [{ type: 'Normal', reason: 'PlanMade', message }];
  const why = `${tag} could not be planned, and is deployed all the same: ${message}`;
  return [{ type: 'Warning', reason: 'PlanFailed', message: why }];
};

/**
 * That an approval has let a deployment begin: of its plan, which was open before. Who has approved it can't be told: an annotation has no
 * author.
 */
const approvalEvents = ({ bundle }: Pick<Observation, 'bundle'>, after: WerfBundleStatus): readonly BundleEvent[] => {
  const plan = openPlan(bundle.status ?? {});
  const begun = after.deployment;
  if (plan === undefined || begun === undefined || begun.number === plan.after) return [];
  const isItsOwn = begun.tag === plan.tag && begun.digest === plan.digest && begun.checksum === plan.checksum;
  const wasHeld = bundle.spec.converge?.deletions === 'Hold' && needsApproval(plan);
  if (!isItsOwn || !wasHeld || !isApproved(bundle, plan)) return [];
  const message = `plan ${plan.hash} was approved, and its deployment ${begun.number} begins: ${plan.message ?? plan.tag}`;
  return [{ type: 'Normal', reason: 'PlanApproved', message }];
};

/** The result of a Job that ended while its bundle is suspended: Ready, which tells it otherwise, says nothing of it then. */
const endedSuspended = (before: WerfBundleStatus, after: WerfBundleStatus): readonly BundleEvent[] => {
  const last = after.history?.[0];
  if (conditionOf(after, 'Suspended') === undefined || last?.number === before.history?.[0]?.number) return [];
  if (last?.result === 'Succeeded') {
    const message = `deployed ${last.tag} to namespace ${after.resolvedTargetNamespace}`;
    return [{ type: 'Normal', reason: 'Deployed', message }];
  }
  const failure = last?.result === 'Superseded' ? undefined : failureOf(after);
  return failure === undefined ? [] : [{ type: 'Warning', ...failure }];
};

const RESUMED: BundleEvent = {
  type: 'Normal',
  reason: 'Resumed',
  message: 'no longer suspended: polls and deployments go on',
};

const NO_ETAG: BundleEvent = {
  type: 'Normal',
  reason: 'ETagUnsupported',
  message: 'ETag support not detected: the whole list of tags is fetched at each poll; lastETag is a hash of the tags',
};

const RELEASED: BundleEvent = {
  type: 'Normal',
  reason: 'HoldReleased',
  message: 'nothing is held back any more: the registry is followed again',
};

/** Whether a correction worked, which says more than that nothing has drifted. */
const isCorrected = (type: ConditionType, before: WerfBundleStatus, after: WerfBundleStatus): boolean =>
  type === 'Drifted' &&
  isBeingCorrected(before) &&
  conditionOf(before, type)?.status !== 'False' &&
  conditionOf(after, type)?.status === 'False';

const CORRECTED: readonly BundleEvent[] = [
  {
    type: 'Normal',
    reason: 'DriftCorrected',
    message: 'what was deployed was applied again, and nothing differs any more',
  },
];

const changeOf = (type: ConditionType, before: WerfBundleStatus, after: WerfBundleStatus): readonly BundleEvent[] => {
  const old = conditionOf(before, type);
  const now = conditionOf(after, type);
  if (now === undefined && type === 'Held' && old !== undefined) return [RELEASED];
  if (now === undefined || !differs(old, now) || isOfDrift(type, old, now)) return [];
  const { reason, message } = now;
  return isTold(reason) ? [{ type: REASONS[reason].event, reason, message } as BundleEvent] : [];
};

/** Whether a change of Ready only reflects drift: then it is no event of its own, since condition Drifted has one. */
const isOfDrift = (type: ConditionType, old: Condition | undefined, now: Condition): boolean =>
  type === 'Ready' && (now.reason === 'Drifted' || (old?.reason === 'Drifted' && now.reason === 'Deployed'));

const differs = (old: Condition | undefined, now: Condition): boolean =>
  old?.reason !== now.reason || (EACH_TIME.has(now.reason) && old.message !== now.message);
