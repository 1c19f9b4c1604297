import { keptNameOf, targetNamespaceOf } from '../../api/names.js';
import { preciseTime } from '../../api/timestamp.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf, momentOf } from './condition.js';
import type { Cleanup, Decision, FinalizerChange, Need } from './decision.js';
import { openDeployment, secretsOf, secretsWithoutJob, wasStarted } from './deployment.js';
import { accountDrift } from './drift.js';
import { secretsOfChecks } from './drift-check.js';
import { finalizerChange } from './finalizer.js';
import { type Finding, tell } from './finding.js';
import { stateOf } from './guards.js';
import { accountHolds } from './holds.js';
import { interestOf, nextSecretLook } from './interest.js';
import { accountKept, deletionOfKept } from './keeping.js';
import type { Observation } from './observation.js';
import { outcomeOf } from './outcomes.js';
import { type PartialDecision, soonest } from './partial-decision.js';
import { accountPoll } from './poll.js';
import { awaitsKeptPlan, withoutKeptPlan } from './saved-plans.js';
import { retryTime } from './standing.js';
import { isSuspended, suspensionOf } from './suspension.js';
import { transitionEvents } from './transition-events.js';
import { nextValuesLook } from './values-change.js';

/**
 * Decides what is done for a bundle: it accounts for the poll, the guards find the state that the bundle is in, and a table says what
 * follows from that state; then it accounts for checks and corrections of drift, for what is held, and for what is kept, and writes all of it into the status.
 * Pure: the same observation gives the same decision. Never throws for anything that a user or the cluster may cause.
 * @returns a need: nothing is decided before it is known
 */
export const decide = (seen: Observation): Decision | Need => {
  const polled = accountPoll(seen);
  const state = stateOf({ seen, polled });
  if (state.kind === 'needs') return state;
  const facts = { seen, polled };
  return toDecision(seen, accountKept(seen, accountHolds(facts, accountDrift(seen, outcomeOf(state, facts)))));
};

const toDecision = (seen: Observation, partial: PartialDecision): Decision => {
  const findings = [...outOfService(seen, partial.status), ...partial.findings];
  const told = tell(resolved(seen, partial.status), findings, momentOf(seen));
  const status = withNextAttempt(seen, withoutOldRefusal(told));
  const finalizer = partial.finalizer ?? finalizerChange(seen, status);
  return {
    kind: 'decided',
    actions: partial.actions ?? [],
    status,
    cleanup: [...(partial.cleanup ?? []), ...leftOvers(seen, status, finalizer)],
    events: transitionEvents(seen, status),
    finalizer,
    ...(partial.finalEvent !== undefined && { finalEvent: partial.finalEvent }),
    interest: interestOf(seen, status),
    recheck: soonest(soonest(partial.recheck, nextSecretLook(seen, status)), nextValuesLook(seen, status)),
    keepsSlot: keepsSlot(seen, partial),
  };
};

/** Whether the bundle keeps its job slot: an intent that can't be carried out now must not keep others from having their Jobs. */
const keepsSlot = (seen: Observation, { status, recheck, keepsSlot: checks = false }: PartialDecision): boolean =>
  checks ||
  (recheck?.kind === 'now' && seen.slot !== undefined) ||
  (openDeployment(status) !== undefined && (wasStarted(status) || seen.slot?.kind === 'waiting'));

/**
 * Secrets that an earlier process may have left of a Job whose result is recorded, or of a check that was never begun. Once the
 * finalizer is removed, nobody looks for them in another namespace any more; once another tag is deployed, nobody uses their names.
 */
const leftOvers = (seen: Observation, status: WerfBundleStatus, finalizer: FinalizerChange): readonly Cleanup[] => {
  const { deployment, plan } = seen.bundle.status ?? {};
  const decided = status.deployment?.number !== deployment?.number;
  const checks = finalizer === 'remove' || decided ? secretsOfChecks(seen) : [];
  const planned =
    finalizer === 'remove' && plan?.result === undefined && plan !== undefined ? [secretsWithoutJob(seen, plan)] : [];
  const kept = finalizer === 'remove' || seen.cleanupPending !== undefined ? keptPlanLeft(seen, status) : [];
  const others = [...kept, ...planned, ...checks, ...(finalizer === 'remove' ? leftKept(seen) : [])];
  if (seen.cleanupPending !== undefined) return [secretsOf(seen, seen.cleanupPending), ...others];
  return finalizer === 'remove' && deployment !== undefined ? [secretsWithoutJob(seen, deployment), ...others] : others;
};

/** What is kept of the last deployment, or may be, if the status was lost. */
const leftKept = (seen: Observation): readonly Cleanup[] => {
  const { metadata, spec, status = {} } = seen.bundle;
  const expected = { namespace: targetNamespaceOf(seen.bundle), name: keptNameOf(metadata) };
  const kept = status.kept ?? (spec.converge?.onFailure === 'Return' ? expected : undefined);
  return kept === undefined ? [] : [deletionOfKept(seen, kept)];
};

/** The plan that is kept for a deployment that has ended, or will not be; that of one to come stays, unless the bundle goes. */
const keptPlanLeft = (seen: Observation, status: WerfBundleStatus): readonly Cleanup[] => {
  const isOfUse = awaitsKeptPlan(status) || openDeployment(status) !== undefined;
  return isOfUse && seen.bundle.metadata.deletionTimestamp === undefined
    ? []
    : withoutKeptPlan(seen, seen.bundle.status ?? {});
};

/** What was refused is only named while it is told that it was. */
const withoutOldRefusal = (status: WerfBundleStatus): WerfBundleStatus => {
  if (status.refusedDigest === undefined || conditionOf(status, 'Ready')?.reason === 'ValuesRefused') return status;
  const { refusedDigest: _, ...rest } = status;
  return rest;
};

/** Records the target namespace of the spec. */
const resolved = (seen: Observation, status: WerfBundleStatus): WerfBundleStatus =>
  seen.spec.kind === 'valid'
    ? { ...status, resolvedTargetNamespace: seen.spec.settings.converge.targetNamespace }
    : status;

/** Sets nextAttemptTime: that of the next poll while polls fail; else that of the Job's next try; else none. */
const withNextAttempt = (seen: Observation, status: WerfBundleStatus): WerfBundleStatus => {
  if ((status.consecutiveFailures ?? 0) > 0) return status;
  const { nextAttemptTime: _, ...rest } = status;
  const time = retryTime(seen, status);
  return time === undefined ? rest : { ...rest, nextAttemptTime: preciseTime(time) };
};

/** Why nothing is begun for the bundle; empty if that is not so. */
const outOfService = (seen: Observation, status: WerfBundleStatus): readonly Finding[] => {
  if (seen.bundle.metadata.deletionTimestamp !== undefined) return [];
  if (isSuspended(seen)) return [suspensionOf(seen.bundle.spec.suspend === true ? 'suspended' : 'held-up', status)];
  if (seen.spec.kind === 'invalid') {
    const message = seen.spec.problems.map(({ field, message: text }) => `${field}: ${text}`).join('; ');
    return [{ kind: 'spec-invalid', reason: 'SpecInvalid', message }];
  }
  return [];
};
