import { openPlan } from '../../api/open-plan.js';
import { parseSpec } from '../../api/settings.js';
import type { Plan, StoredBundle } from '../../api/werfbundle.js';
import { isApproved, isHeld, needsApproval } from '../../controller/decide/plan-approval.js';

/** A plan that can be approved: it was made, and has a hash by which that is done. */
export type ApprovablePlan = Plan & { readonly hash: string };

/** Whether a bundle waits for somebody to approve its plan. */
export type Approval =
  | { readonly kind: 'awaited'; readonly plan: ApprovablePlan }
  /** Somebody has approved just this plan, and its deployment has not begun. */
  | { readonly kind: 'given'; readonly plan: ApprovablePlan }
  /** `why` goes on a sentence that nothing waits for an approval. */
  | { readonly kind: 'none'; readonly why: string };

/** Reads it of a bundle, by the controller's own rules. */
export const approvalOf = (bundle: StoredBundle): Approval => {
  const { metadata, status = {} } = bundle;
  if (metadata.deletionTimestamp !== undefined) return none('the bundle is being deleted');
  const parsed = parseSpec(bundle);
  if (parsed.kind === 'invalid') return none('its spec is not valid, and nothing is deployed');
  if (!isHeld(parsed.settings)) return none('no deletion is held (spec.converge.deletions)');
  if (status.observedGeneration !== metadata.generation)
    return none('the controller has not looked at the spec as it is now, for which there may be another plan');
  const plan = openPlan(status);
  return plan === undefined ? none('no deployment is planned') : ofPlan(bundle, plan);
};

const none = (why: string): Approval => ({ kind: 'none', why });

const ofPlan = (bundle: StoredBundle, plan: Plan): Approval => {
  if (plan.result === undefined) return none(`the plan of ${plan.tag} is still being made`);
  if (plan.result === 'Failed')
    return none(
      `${plan.tag} could not be planned, and no approval replaces a plan: ${plan.message ?? 'no reason is known'}`,
    );
  if (!isApprovable(plan)) return none(`the plan of ${plan.tag} has no hash; it has to be made anew`);
  if (!needsApproval(plan)) return none(`the plan of ${plan.tag} needs none, and goes on by itself`);
  return { kind: isApproved(bundle, plan) ? 'given' : 'awaited', plan };
};

const isApprovable = (plan: Plan): plan is ApprovablePlan => plan.hash !== undefined;
