import { openPlan } from '../../api/open-plan.js';
import type { Settings } from '../../api/settings.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf, momentOf } from './condition.js';
import { openDeployment } from './deployment.js';
import { followCheck, sortPlans, withoutPlans } from './drift-check.js';
import {
  appliedOf,
  isCheckCurrent,
  isCorrectionDue,
  withAttemptsCounted,
  withCheck,
  withExhaustion,
  withoutDrift,
} from './drift-state.js';
import { nextTry } from './due.js';
import type { Finding } from './finding.js';
import { isPolled } from './interest.js';
import type { Observation, PlanJob } from './observation.js';
import { type PartialDecision, soonest } from './partial-decision.js';
import { awaitedPlan } from './plan-state.js';
import { isNewGeneration } from './poll.js';
import { scheduleOf } from './standing.js';

/**
 * Accounts for checks and corrections, whatever was decided. Everything else comes first: a check that runs while the bundle is
 * deployed, suspended or deleted is given up without a result, and begun again later.
 */
export const accountDrift = (seen: Observation, partial: PartialDecision): PartialDecision => {
  const { spec } = seen;
  if (spec.kind === 'invalid' || !isPolled(seen)) return withoutPlans(seen, partial, seen.plans);
  const all = { ...seen, plans: withoutAwaitedPlan(seen, partial.status) };
  if (!spec.settings.driftDetection.enabled)
    return withoutPlans(seen, { ...partial, status: withoutDrift(partial.status) }, all.plans);
  const counted = { ...partial, status: withAttemptsCounted(seen.bundle.status ?? {}, partial.status) };
  const { status } = counted;
  const isNext = openDeployment(status) !== undefined || openPlan(status) !== undefined;
  const goesFirst = isNext || isNewGeneration(seen.bundle);
  const followed = goesFirst ? withoutPlans(seen, counted, all.plans) : withCheckFollowed(all, counted);
  return withDriftFindings(seen, followed, spec.settings);
};

/** All Jobs that plan, but for that of a plan which is being made, and is wanted still. */
const withoutAwaitedPlan = (seen: Observation, decided: WerfBundleStatus): readonly PlanJob[] => {
  const awaited = openDeployment(decided) === undefined ? awaitedPlan(seen, seen.bundle.status ?? {}) : undefined;
  return seen.plans.filter((plan) => plan !== awaited);
};

/** Follows the check that was begun to its end. */
const withCheckFollowed = (seen: Observation, partial: PartialDecision): PartialDecision => {
  const { status } = partial;
  const applied = appliedOf(status);
  if (applied === undefined) return withoutPlans(seen, partial, seen.plans);
  const { awaited, passed } = sortPlans(seen, status, applied);
  const cleanedUp = withoutPlans(seen, partial, passed);
  const check = followCheck(seen, awaited);
  switch (check.kind) {
    case 'running':
      return { ...cleanedUp, recheck: soonest(cleanedUp.recheck, check.recheckAt) };
    case 'ended': {
      const of = { result: check.result, tag: applied.tag };
      return { ...cleanedUp, status: withCheck(status, of, momentOf(seen)), recheck: { kind: 'now' } };
    }
    case 'none':
      return cleanedUp;
  }
};

/** The findings about drift that remains. */
const withDriftFindings = (seen: Observation, partial: PartialDecision, settings: Settings): PartialDecision => {
  const { driftDetection } = settings;
  const underWay =
    openDeployment(partial.status) !== undefined || nextTry(partial.status, scheduleOf(seen, settings)) !== undefined;
  const status = withExhaustion(partial.status, { ...driftDetection, underWay }, momentOf(seen));
  return { ...partial, status, findings: [...staying(status, settings), ...partial.findings] };
};

const staying = (status: WerfBundleStatus, { driftDetection, converge }: Settings): readonly Finding[] => {
  const drifted = conditionOf(status, 'Drifted');
  if (drifted?.status !== 'True' || !isCheckCurrent(status) || isCorrectionDue(status, driftDetection)) return [];
  const message = `deployed ${status.lastAppliedTag} to namespace ${converge.targetNamespace}, and changed since: ${drifted.message}`;
  return [{ kind: 'drifted', reason: 'Drifted', message }];
};
