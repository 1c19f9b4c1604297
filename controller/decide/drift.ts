import type { Settings } from '../../api/settings.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { createPlan } from './create-job.js';
import { openDeployment } from './deployment.js';
import { type Draft, soonest } from './draft.js';
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
import { isElsewhere, mustBeHeldToCheck } from './finalizer.js';
import { isPolled } from './needs.js';
import type { Observation } from './observation.js';
import { isNewGeneration, isRequested } from './poll.js';
import { type Claim, conditionOf, strongest } from './situation.js';

/**
 * Adds to what is decided anyway what is to be done about drift. Everything else goes first: a plan that runs while something is
 * deployed, suspended or deleted is given up, without a result, and begun again later.
 */
export const withDriftDetection = (seen: Observation, draft: Draft): Draft => {
  const { spec } = seen;
  if (spec.kind === 'invalid' || !isPolled(seen)) return withoutPlans(seen, draft, seen.plans);
  if (!spec.settings.driftDetection.enabled)
    return withoutPlans(seen, { ...draft, status: withoutDrift(draft.status) }, seen.plans);
  const counted = { ...draft, status: withAttemptsCounted(seen.bundle.status ?? {}, draft.status) };
  const detected =
    openDeployment(counted.status) !== undefined || isNewGeneration(seen.bundle)
      ? withoutPlans(seen, counted, seen.plans)
      : detecting(seen, counted, spec.settings);
  return told(seen, detected, spec.settings);
};

/** Nothing is deployed now: the check that was begun is followed, and the next one begun in time. */
const detecting = (seen: Observation, draft: Draft, settings: Settings): Draft => {
  const { status } = draft;
  const applied = appliedOf(status);
  const { awaited, passed } = sortPlans(seen, status, applied);
  const tidied = withoutPlans(seen, draft, passed);
  const check = followCheck(seen, awaited);
  switch (check.kind) {
    case 'running':
      return { ...tidied, recheck: soonest(tidied.recheck, check.recheckAt) };
    case 'ended': {
      const of = { result: check.result, tag: applied?.tag ?? '' };
      return { ...tidied, status: withCheck(status, of, momentOf(seen)), recheck: { kind: 'now' } };
    }
    case 'none':
      return passed.length > 0 || !isIdle(draft) ? tidied : begun(seen, tidied, settings);
  }
};

const AGAIN_MS = 1_000;

/** Synced, or left half corrected; and nothing else is to be done at once. */
const isIdle = ({ status, claims, actions, recheck }: Draft): boolean => {
  if (recheck?.kind === 'now' || (actions ?? []).length > 0) return false;
  return isQuiet(claims, status);
};

const isQuiet = (claims: readonly Claim[], status: WerfBundleStatus): boolean => {
  const kind = strongest(claims)?.kind;
  return kind === 'synced' || kind === 'downgrade-held' || (kind === 'job-failed' && isBeingCorrected(status));
};

const begun = (seen: Observation, draft: Draft, settings: Settings): Draft => {
  const { status } = draft;
  const { bundle, place, supplies } = seen;
  // A look that had something else to account for; the next one corrects.
  if (isCorrectionDue(status, settings.driftDetection)) return { ...draft, recheck: { kind: 'now' } };
  const applied = appliedOf(status);
  if (applied === undefined) return draft;
  const time = isLookAsked(seen) ? seen.now : nextCheckTime({ ...seen, status });
  // Somebody asked for a look: when the registry has answered, the bundle is to be held already.
  const isNear = seen.now >= time || isRequested(bundle);
  if (isNear && mustBeHeldToCheck(bundle)) return { ...draft, finalizer: 'add', recheck: { kind: 'now' } };
  const held: Draft = isNear && isElsewhere(bundle) ? { ...draft, finalizer: 'leave' } : draft;
  if (seen.now < time) return { ...held, recheck: soonest(draft.recheck, time) };
  const lack = planLack(seen, settings);
  if (lack !== undefined) {
    const of = { result: { kind: 'failed', message: lack }, tag: applied.tag } as const;
    return { ...draft, status: withCheck(status, of, momentOf(seen)), recheck: { kind: 'now' } };
  }
  if (place === 'waiting') return { ...held, keepsPlace: true };
  // Looked up at the next look: this one had something else to account for.
  if (supplies === undefined || place === 'not-needed')
    return { ...held, recheck: soonest(draft.recheck, seen.now + AGAIN_MS) };
  // Other values than the applied ones are to be deployed, not checked.
  if (supplies.kind !== 'ready' || supplies.checksum !== applied.checksum) return draft;
  const plan = createPlan({ seen, settings, supplies, applied, check: nextCheckNumber(status) });
  return { ...held, actions: [plan], keepsPlace: true };
};

/** The same once more, where nothing else is due and a check has found drift. */
export const orCorrection = (seen: Observation, draft: Draft, due: Due): Due => {
  const { status, claims } = draft;
  const { spec } = seen;
  if (due.kind !== 'nothing' && due.kind !== 'held') return due;
  const applied = appliedOf(status);
  if (spec.kind === 'invalid' || applied === undefined || !isQuiet(claims, status)) return due;
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
const told = (seen: Observation, draft: Draft, settings: Settings): Draft => {
  const { driftDetection, converge } = settings;
  const { timeScale } = seen.platform;
  const underWay =
    openDeployment(draft.status) !== undefined ||
    nextTry(draft.status, { retries: converge.retries, timeScale }) !== undefined;
  const status = withExhaustion(draft.status, { ...driftDetection, underWay }, momentOf(seen));
  return { ...draft, status, claims: [...staying(status, settings), ...draft.claims] };
};

const staying = (status: WerfBundleStatus, { driftDetection, converge }: Settings): readonly Claim[] => {
  if (!isDrifted(status) || !isCheckCurrent(status) || isCorrectionDue(status, driftDetection)) return [];
  const found = conditionOf(status, 'Drifted')?.message ?? '';
  const message = `deployed ${status.lastAppliedTag} to namespace ${converge.targetNamespace}, and changed since: ${found}`;
  return [{ kind: 'drifted', reason: 'Drifted', message }];
};

const momentOf = (seen: Observation) => ({ now: seen.now, generation: seen.bundle.metadata.generation });
