import { preciseTime } from '../../api/timestamp.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { momentOf } from './condition.js';
import type { Cleanup, Decision, FinalizerChange, Need } from './decision.js';
import { openDeployment, secretsOf, secretsWithoutJob, wasStarted } from './deployment.js';
import { accountDrift } from './drift.js';
import { secretsOfChecks } from './drift-check.js';
import { finalizerChange } from './finalizer.js';
import { type Finding, tell } from './finding.js';
import { stateOf } from './guards.js';
import { interestOf, isSuspended, nextSecretLook } from './interest.js';
import type { Observation } from './observation.js';
import { outcomeOf } from './outcomes.js';
import { type PartialDecision, soonest } from './partial-decision.js';
import { accountPoll, tagsOf } from './poll.js';
import { retryTime } from './standing.js';
import { transitionEvents } from './transition-events.js';
import { nextValuesLook } from './values-change.js';

/**
 * What happens to a bundle: the poll is accounted for, the guards say in which state it is, a table what follows from that state;
 * then checks and corrections of drift are accounted for, and all of it is told in the status.
 * Pure: the same observation gives the same decision. Never throws for what a user or the cluster may bring.
 * @returns a need: nothing is decided before that is known
 */
export const decide = (seen: Observation): Decision | Need => {
  const polled = accountPoll(seen);
  const state = stateOf({ seen, polled });
  if (state.kind === 'needs') return state;
  return told(seen, accountDrift(seen, outcomeOf(state, { seen, polled })));
};

const told = (seen: Observation, partial: PartialDecision): Decision => {
  const findings = [...outOfService(seen), ...partial.findings];
  const status = withNextAttempt(seen, tell(resolved(seen, partial.status), findings, momentOf(seen)));
  const finalizer = partial.finalizer ?? finalizerChange(seen, status);
  return {
    kind: 'decided',
    actions: partial.actions ?? [],
    status,
    cleanup: [...(partial.cleanup ?? []), ...leftOvers(seen, status, finalizer)],
    events: transitionEvents(seen.bundle.status ?? {}, status, tagsOf(seen)),
    finalizer,
    ...(partial.finalEvent !== undefined && { finalEvent: partial.finalEvent }),
    interest: interestOf(seen, status),
    recheck: soonest(soonest(partial.recheck, nextSecretLook(seen, status)), nextValuesLook(seen, status)),
    keepsSlot: keepsSlot(seen, partial),
  };
};

/** An intent that can't be carried out now must not keep others from having their Jobs. */
const keepsSlot = (seen: Observation, { status, recheck, keepsSlot: checks = false }: PartialDecision): boolean =>
  checks ||
  (recheck?.kind === 'now' && seen.slot !== undefined) ||
  (openDeployment(status) !== undefined && (wasStarted(status) || seen.slot?.kind === 'waiting'));

/**
 * What a process that is no more may have left of a Job whose result is recorded, or of a check that was never begun. Without the
 * finalizer nobody would look for it in another namespace any more; under another tag nobody would come back to its name.
 */
const leftOvers = (seen: Observation, status: WerfBundleStatus, finalizer: FinalizerChange): readonly Cleanup[] => {
  const { deployment } = seen.bundle.status ?? {};
  const decided = status.deployment?.number !== deployment?.number;
  const checks = finalizer === 'remove' || decided ? secretsOfChecks(seen) : [];
  if (seen.cleanupPending !== undefined) return [secretsOf(seen, seen.cleanupPending), ...checks];
  return finalizer === 'remove' && deployment !== undefined ? [secretsWithoutJob(seen, deployment), ...checks] : checks;
};

/** Where the release lives, told from the spec. */
const resolved = (seen: Observation, status: WerfBundleStatus): WerfBundleStatus =>
  seen.spec.kind === 'valid'
    ? { ...status, resolvedTargetNamespace: seen.spec.settings.converge.targetNamespace }
    : status;

/** The poll's own time while polls fail; else that of the Job's next try; else none. */
const withNextAttempt = (seen: Observation, status: WerfBundleStatus): WerfBundleStatus => {
  if ((status.consecutiveFailures ?? 0) > 0) return status;
  const { nextAttemptTime: _, ...rest } = status;
  const time = retryTime(seen, status);
  return time === undefined ? rest : { ...rest, nextAttemptTime: preciseTime(time) };
};

const SUSPENDED = {
  suspended: 'suspended: nothing is polled or deployed',
  'held-up': 'suspended, as all bundles are (--suspend-all): nothing is polled or deployed',
};

/** Why nothing is begun, if nothing is. */
const outOfService = (seen: Observation): readonly Finding[] => {
  if (seen.bundle.metadata.deletionTimestamp !== undefined) return [];
  if (isSuspended(seen)) {
    const by = seen.bundle.spec.suspend === true ? 'suspended' : 'held-up';
    const kind = `${by}-${seen.bundle.status?.lastAppliedTag === undefined ? 'new' : 'deployed'}` as const;
    return [{ kind, reason: 'Suspended', message: SUSPENDED[by] }];
  }
  if (seen.spec.kind === 'invalid') {
    const message = seen.spec.problems.map(({ field, message: text }) => `${field}: ${text}`).join('; ');
    return [{ kind: 'spec-invalid', reason: 'SpecInvalid', message }];
  }
  return [];
};
