import type { Settings } from '../../api/settings.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { createPlan } from './create-job.js';
import { openDeployment } from './deployment.js';
import { followCheck, planLack, sortPlans, withoutPlans } from './drift-check.js';
import { isLookAsked, nextCheckTime } from './drift-schedule.js';
import {
  appliedOf,
  isBeingCorrected,
  isCheckCurrent,
  isCorrectionDue,
  isDrifted,
  nextCheckNumber,
  withAttemptsCounted,
  withCheck,
  withExhaustion,
  withoutDrift,
} from './drift-state.js';
import { type Due, nextTry } from './due.js';
import { isElsewhere, needsFinalizerToCheck } from './finalizer.js';
import { conditionOf, type Finding, strongest } from './finding.js';
import { isPolled } from './needs.js';
import type { Observation } from './observation.js';
import { type PartialDecision, soonest } from './partial-decision.js';
import { isNewGeneration, isRequested } from './poll.js';

/**
 * Adds to what is decided anyway what is to be done about drift. Everything else goes first: a plan that runs while something is
 * deployed, suspended or deleted is given up, without a result, and begun again later.
 */
export const withDriftDetection = (seen: Observation, partial: PartialDecision): PartialDecision => {
  const { spec } = seen;
  if (spec.kind === 'invalid' || !isPolled(seen)) return withoutPlans(seen, partial, seen.plans);
  if (!spec.settings.driftDetection.enabled)
    return withoutPlans(seen, { ...partial, status: withoutDrift(partial.status) }, seen.plans);
  const counted = { ...partial, status: withAttemptsCounted(seen.bundle.status ?? {}, partial.status) };
  const detected =
    openDeployment(counted.status) !== undefined || isNewGeneration(seen.bundle)
      ? withoutPlans(seen, counted, seen.plans)
      : detecting(seen, counted, spec.settings);
  return told(seen, detected, spec.settings);
};

/** Nothing is deployed now: the check that was begun is followed, and the next one begun in time. */
const detecting = (seen: Observation, partial: PartialDecision, settings: Settings): PartialDecision => {
  const { status } = partial;
  const applied = appliedOf(status);
  const { awaited, passed } = sortPlans(seen, status, applied);
  const cleanedUp = withoutPlans(seen, partial, passed);
  const check = followCheck(seen, awaited);
  switch (check.kind) {
    case 'running':
      return { ...cleanedUp, recheck: soonest(cleanedUp.recheck, check.recheckAt) };
    case 'ended': {
      const of = { result: check.result, tag: applied?.tag ?? '' };
      return { ...cleanedUp, status: withCheck(status, of, momentOf(seen)), recheck: { kind: 'now' } };
    }
    case 'none':
      return passed.length > 0 || !isIdle(partial) ? cleanedUp : begun(seen, cleanedUp, settings);
  }
};

const AGAIN_MS = 1_000;

/** Synced, or left half corrected; and nothing else is to be done at once. */
const isIdle = ({ status, findings, actions, recheck }: PartialDecision): boolean => {
  if (recheck?.kind === 'now' || (actions ?? []).length > 0) return false;
  return isQuiet(findings, status);
};

const isQuiet = (findings: readonly Finding[], status: WerfBundleStatus): boolean => {
  const kind = strongest(findings)?.kind;
  return kind === 'synced' || kind === 'downgrade-held' || (kind === 'job-failed' && isBeingCorrected(status));
};

const begun = (seen: Observation, partial: PartialDecision, settings: Settings): PartialDecision => {
  const { status } = partial;
  const { bundle, place, jobInputs } = seen;
  // A look that had something else to account for; the next one corrects.
  if (isCorrectionDue(status, settings.driftDetection)) return { ...partial, recheck: { kind: 'now' } };
  const applied = appliedOf(status);
  if (applied === undefined) return partial;
  const time = isLookAsked(seen) ? seen.now : nextCheckTime({ ...seen, status });
  // Somebody asked for a look: when the registry has answered, the bundle is to be held already.
  const isNear = seen.now >= time || isRequested(bundle);
  if (isNear && needsFinalizerToCheck(bundle)) return { ...partial, finalizer: 'add', recheck: { kind: 'now' } };
  const held: PartialDecision = isNear && isElsewhere(bundle) ? { ...partial, finalizer: 'leave' } : partial;
  if (seen.now < time) return { ...held, recheck: soonest(partial.recheck, time) };
  const lack = planLack(seen, settings);
  if (lack !== undefined) {
    const of = { result: { kind: 'failed', message: lack }, tag: applied.tag } as const;
    return { ...partial, status: withCheck(status, of, momentOf(seen)), recheck: { kind: 'now' } };
  }
  if (place === 'waiting') return { ...held, keepsSlot: true };
  // Looked up at the next look: this one had something else to account for.
  if (jobInputs === undefined || place === 'not-needed')
    return { ...held, recheck: soonest(partial.recheck, seen.now + AGAIN_MS) };
  // Other values than the applied ones are to be deployed, not checked.
  if (jobInputs.kind !== 'ready' || jobInputs.checksum !== applied.checksum) return partial;
  const plan = createPlan({ seen, settings, jobInputs, applied, check: nextCheckNumber(status) });
  return { ...held, actions: [plan], keepsSlot: true };
};

/** The same once more, where nothing else is due and a check has found drift. */
export const orCorrection = (seen: Observation, partial: PartialDecision, due: Due): Due => {
  const { status, findings } = partial;
  const { spec } = seen;
  if (due.kind !== 'nothing' && due.kind !== 'held') return due;
  const applied = appliedOf(status);
  if (spec.kind === 'invalid' || applied === undefined || !isQuiet(findings, status)) return due;
  const { driftDetection } = spec.settings;
  if (
    !driftDetection.enabled ||
    !isCorrectionDue(withAttemptsCounted(seen.bundle.status ?? {}, status), driftDetection)
  )
    return due;
  const { tag, digest, checksum } = applied;
  return { kind: 'deploy', target: { tag, digest, checksum }, reason: 'DriftCorrection', attempt: 1 };
};

/** What is to be said of drift that stays. */
const told = (seen: Observation, partial: PartialDecision, settings: Settings): PartialDecision => {
  const { driftDetection, converge } = settings;
  const { timeScale } = seen.platform;
  const underWay =
    openDeployment(partial.status) !== undefined ||
    nextTry(partial.status, { retries: converge.retries, timeScale }) !== undefined;
  const status = withExhaustion(partial.status, { ...driftDetection, underWay }, momentOf(seen));
  return { ...partial, status, findings: [...staying(status, settings), ...partial.findings] };
};

const staying = (status: WerfBundleStatus, { driftDetection, converge }: Settings): readonly Finding[] => {
  if (!isDrifted(status) || !isCheckCurrent(status) || isCorrectionDue(status, driftDetection)) return [];
  const found = conditionOf(status, 'Drifted')?.message ?? '';
  const message = `deployed ${status.lastAppliedTag} to namespace ${converge.targetNamespace}, and changed since: ${found}`;
  return [{ kind: 'drifted', reason: 'Drifted', message }];
};

const momentOf = (seen: Observation) => ({ now: seen.now, generation: seen.bundle.metadata.generation });
