import type { Deployment, Plan } from '../../api/werfbundle.js';
import type { Need } from './decision.js';
import type { Idle } from './facts.js';
import type { JobInputs } from './observation.js';
import { isOutdated } from './plan-approval.js';
import { isAppliedBefore, planToApply, savingLack, TOO_OLD } from './saved-plans.js';
import type { State } from './state.js';

/** Why a deployment is planned before it has its Job, for people. */
export const VALUES_CHANGED = 'values have changed since, and what they change is planned first';

/** Why a retry, or a request to deploy the same again, does not apply the plan that the first one has applied, for people. */
const APPLIED = 'it was for the first deployment after it, since which the release may have another revision';

/** The state of a deployment whose Job may be made: with the plan that it applies, or after a look for that. */
export const jobDue = (
  { seen, polled, settings }: Idle,
  of: { readonly deployment: Deployment; readonly jobInputs: JobInputs },
): State | Need => {
  const due = { kind: 'job-due', ...of, settings } as const;
  const plan = planToApply(polled.status, of.deployment);
  if (plan === undefined) return isAppliedBefore(polled.status, of.deployment) ? { ...due, appliesAnew: APPLIED } : due;
  const { deployment } = of;
  const { checksum } = deployment;
  const { now, platform, keptPlan } = seen;
  const isOld = isOutdated(plan, { now, timeScale: platform.timeScale });
  if (isOld)
    return {
      kind: 'intent-unplanned',
      deployment,
      checksum,
      why: `the plan that was shown is not applied: ${TOO_OLD}`,
    };
  const why = savingLack(seen, settings);
  if (why !== undefined) return { ...due, appliesAnew: why };
  if (keptPlan === undefined) return { kind: 'needs', what: 'kept-plan', plan };
  return keptPlan.kind === 'kept' && isSame(keptPlan.plan, plan)
    ? { ...due, applies: { plan, artifact: keptPlan.artifact } }
    : { ...due, appliesAnew: keptPlan.kind === 'missing' ? keptPlan.why : 'another one was kept in its place' };
};

const isSame = (one: Plan, other: Plan): boolean => one.number === other.number && one.startedAt === other.startedAt;
