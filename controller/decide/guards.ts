import type { Applied } from '../deploy/plan-job.js';
import { carryOut } from './carry-out.js';
import { conditionOf } from './condition.js';
import type { Need } from './decision.js';
import { reconcileDelete } from './deletion.js';
import { followDeployment, openDeployment } from './deployment.js';
import { planLack } from './drift-check.js';
import { isCorrectable, nextCheckOf } from './drift-due.js';
import { appliedOf } from './drift-state.js';
import { type Due, whatIsDue } from './due.js';
import { type Facts, firstAnswer, type Guard, type Idle } from './facts.js';
import { needsFinalizerToCheck } from './finalizer.js';
import { givenFor } from './given.js';
import { holdOn, wantedOf } from './hold-list.js';
import { holderOf } from './holder.js';
import { type Observation, slotFor } from './observation.js';
import { dueOfPlan } from './plan-due.js';
import { planState } from './plan-state.js';
import { isDeployRequested, isRequested, lookAnew, NOT_ASKED_SINCE, type PollAccount } from './poll.js';
import {
  areValuesHeld,
  asReturn,
  dueReturn,
  isOfKept,
  isPossible,
  stateOfReturn,
  toReturnFrom,
  unlessHeld,
} from './returning.js';
import { retryTime } from './standing.js';
import type { State } from './state.js';
import { supersededBy } from './superseded.js';
import { isSuspended } from './suspension.js';
import { isLookedUpAgain } from './transition-events.js';
import { type Trigger, triggerOf } from './trigger.js';
import { refusalOf, standingRefusal } from './values-refused.js';

/** Answers with the state that the bundle is in, or with what it needs to know to tell; undefined: the next guard decides. */
type StateGuard = Guard<Facts, State | Need>;
/** The same of a bundle for which nothing is under way. */
type IdleGuard = Guard<IdleFacts, State | Need>;

interface IdleFacts extends Idle {
  /** Why the inputs of a Job are needed; undefined: they are not. */
  readonly trigger: Trigger | undefined;
  /** undefined: there are no inputs to tell by. */
  readonly due: Due | undefined;
}

/** The state of a bundle: that of the first guard that returns one. */
export const stateOf = (facts: Facts): State | Need => firstAnswer(GUARDS, facts) ?? idleState(facts);

const beingDeleted: StateGuard = ({ seen }) => {
  if (seen.bundle.metadata.deletionTimestamp === undefined) return undefined;
  const next = reconcileDelete(seen);
  return 'what' in next ? next : { kind: 'deleting', next };
};

const underWay: StateGuard = ({ seen, polled }) => {
  const open = openDeployment(polled.status);
  const work = followDeployment(seen, polled.status, open && supersededBy(seen, open, unlessHeld({ seen, polled })));
  return work.kind === 'none' || work.kind === 'to-carry-out' ? undefined : work;
};

const suspended: StateGuard = ({ seen }) => (isSuspended(seen) ? { kind: 'suspended' } : undefined);

const specInvalid: StateGuard = ({ seen }) => (seen.spec.kind === 'invalid' ? { kind: 'spec-invalid' } : undefined);

const accessBlocked: StateGuard = ({ seen, polled }) => {
  if (seen.access.kind !== 'blocker') return undefined;
  const deployment = openDeployment(polled.status);
  return { kind: 'blocked', blocker: seen.access, ...(deployment && { deployment }) };
};

const intentWritten: StateGuard = ({ seen, polled }) => {
  const deployment = openDeployment(polled.status);
  if (deployment === undefined || seen.spec.kind === 'invalid') return undefined;
  return carryOut({ seen, polled, settings: seen.spec.settings }, deployment);
};

/** In this order. */
const GUARDS: readonly StateGuard[] = [
  // The bundle's Job is stopped, and its release uninstalled if the spec asks for that. Nothing else matters any more.
  beingDeleted,
  // A deployment that werf has begun is followed to its end, whatever is wanted by now; one that it has not begun may be superseded.
  underWay,
  // Nothing is begun.
  suspended,
  specInvalid,
  // Without the credentials, neither the registry could be asked nor a Job be created.
  accessBlocked,
  // An intent is carried out, not decided again, so that a crash creates no second Job.
  intentWritten,
];

/** The state of a bundle for which nothing is under way, and which nothing blocks. */
const idleState = ({ seen, polled }: Facts): State | Need => {
  if (seen.spec.kind === 'invalid') return { kind: 'spec-invalid' };
  const idle = { seen, polled, settings: seen.spec.settings };
  const trigger = triggerOf(idle);
  const { jobInputs } = seen;
  const due = trigger !== undefined && jobInputs?.kind === 'ready' ? dueOf(idle, jobInputs.checksum) : undefined;
  const withDue = { ...idle, trigger, due };
  return firstAnswer(IDLE_GUARDS, withDue) ?? settled(withDue, due);
};

const checkUnprepared: IdleGuard = (idle) => {
  const check = idle.trigger === 'check-due' ? prepareCheck(idle, undefined) : undefined;
  return check?.kind === 'prepared' ? undefined : check;
};

const inputsUnknown: IdleGuard = ({ trigger, seen, settings }) =>
  trigger !== undefined && seen.jobInputs === undefined ? { kind: 'needs', what: 'job-inputs', settings } : undefined;

const inputsBlocked: IdleGuard = ({ trigger, seen: { jobInputs } }) =>
  trigger !== undefined && jobInputs?.kind === 'blocker' ? { kind: 'blocked', blocker: jobInputs } : undefined;

const valuesRefused: IdleGuard = (idle) => {
  const { due } = idle;
  if (due?.kind !== 'deploy') return undefined;
  const refusal = refusalOf(idle, due);
  return typeof refusal === 'string' ? { kind: 'values-refused', target: due.target, message: refusal } : refusal;
};

const planDue: IdleGuard = (idle) => {
  const { due } = idle;
  if (due?.kind !== 'deploy' || !isOfKept(idle, { ...due.target, reason: due.reason })) return planState(idle, due);
  const possible = isPossible(idle, due);
  if (possible?.kind === 'needs') return possible;
  return possible?.kind === 'yes' ? planState(idle, due) : undefined;
};

const deploymentDue: IdleGuard = (idle) => {
  const { due } = idle;
  if (due?.kind !== 'deploy') return undefined;
  const possible = isPossible(idle, due);
  return possible && stateOfReturn(possible, { kind: 'deployment-due', due });
};

/** What is recorded otherwise than it is now can't be compared with what was deployed last. */
const returnDue: IdleGuard = (idle) => {
  const { jobInputs } = idle.seen;
  if (idle.due === undefined || idle.due.kind === 'record' || jobInputs?.kind !== 'ready') return undefined;
  const follows = dueReturn(idle, jobInputs.checksum);
  if (follows === undefined) return undefined;
  const { possible, due, hold } = follows;
  const planned = possible.kind === 'yes' ? planState(idle, due) : undefined;
  // What is held stands before the return is planned, which is due then like all else.
  if (planned?.kind === 'plan-decided') return { ...planned, hold };
  return planned ?? stateOfReturn(possible, { kind: 'deployment-due', due, hold });
};

/** If a blocker that was reported is gone, and the registry's offer is not known, the registry is asked at once. */
const registryUnasked: IdleGuard = ({ seen, polled }) => {
  const { status } = polled;
  if (polled.wanted !== undefined || seen.delivery !== undefined || !isLookedUpAgain(status)) return undefined;
  // Failed polls go on by their own schedule, unless the credentials were missing.
  const failing = (status.consecutiveFailures ?? 0) > 0;
  if (failing && conditionOf(status, 'Ready')?.reason !== 'CredentialsInvalid') return undefined;
  return { kind: 'registry-unasked', anew: lookAnew(seen, status, NOT_ASKED_SINCE) };
};

const recordOutdated: IdleGuard = ({ due }) => (due?.kind === 'record' ? { kind: 'record-outdated', due } : undefined);

/** What is due by the spec, the registry and the values; if that is nothing new, a correction of drift. */
const dueOf = (idle: Idle, present: string): Due => {
  const { seen, polled, settings } = idle;
  const offered = holderOf(idle);
  const hold = holdOn(offered);
  // Another digest is deployed with the present values.
  const isHeld = hold !== undefined && areValuesHeld(idle);
  const { appliedChecksum = present } = polled.status;
  const checksum = isHeld ? appliedChecksum : present;
  const fresh = (wanted: PollAccount['wanted']): Due => {
    const dueByOffer = whatIsDue({
      bundle: seen.bundle,
      status: polled.status,
      settings,
      wanted,
      checksum,
      sameScans: seen.sameScans,
      requested: requestsOf(seen, polled),
      keyId: seen.platform.checksumKey.id,
      now: seen.now,
      timeScale: seen.platform.timeScale,
    });
    return asReturn(dueByOffer, { hold, areValuesHeld: isHeld });
  };
  const due = dueOfPlan(idle, { checksum, wanted: wantedOf(offered), fresh });
  const applied = appliedOf(polled.status);
  if ((due.kind !== 'nothing' && due.kind !== 'held') || applied === undefined || !isCorrectable(idle)) return due;
  const { tag, digest, checksum: same } = applied;
  return { kind: 'deploy', target: { tag, digest, checksum: same }, reason: 'DriftCorrection', attempt: 1 };
};

/** Requests count once the registry was asked; a request for a deployment counts even if it did not answer. */
const requestsOf = ({ bundle, delivery }: Observation, { status }: PollAccount) => {
  const delivered = delivery !== undefined;
  const failing = (status.consecutiveFailures ?? 0) > 0;
  return { look: delivered && isRequested(bundle), deployment: (delivered || failing) && isDeployRequested(bundle) };
};

/** The state if nothing is to be done now. @param due - undefined: nothing has happened that could have made a difference */
const settled = (idle: Idle, due: Due | undefined): State => {
  const check = nextCheckOf(idle);
  const retryAt =
    due === undefined ? retryTime(idle.seen, idle.polled.status) : due.kind === 'later' ? due.time : undefined;
  const checkAt = check?.when === 'now' ? undefined : check?.time;
  // Nothing has led to a look at the inputs yet, and nothing else would, unless the registry is to be asked first.
  const isAsked = conditionOf(idle.polled.status, 'RegistryReachable')?.status !== 'Unknown';
  const returnAt = due === undefined && isAsked && toReturnFrom(idle) !== undefined ? idle.seen.now : undefined;
  const times = [retryAt, checkAt, returnAt].filter((time) => time !== undefined);
  return {
    kind: 'settled',
    ...settledData(idle, due),
    recheckAt: times.length === 0 ? undefined : Math.min(...times),
    nearCheck: check !== undefined && check.when !== 'later',
  };
};

const settledData = (idle: Idle, due: Due | undefined) => {
  const { seen, polled } = idle;
  const held = due?.kind === 'held' ? due.message : undefined;
  const nothing = due?.kind === 'nothing' || due?.kind === 'held';
  const refused = standingRefusal(idle, due);
  return { held, refused, askedInVain: nothing && requestsOf(seen, polled).deployment };
};

const checkDue: IdleGuard = (idle) => {
  const { seen, settings, due } = idle;
  const prepared = prepareCheck(idle, due);
  if (prepared?.kind !== 'prepared') return prepared;
  const { jobInputs } = seen;
  const { applied } = prepared;
  if (jobInputs === undefined) return { kind: 'needs', what: 'job-inputs', settings };
  if (jobInputs.kind === 'blocker') return { kind: 'blocked', blocker: jobInputs };
  // Values that differ from the applied ones are to be deployed, not checked, unless they are held.
  if (jobInputs.checksum !== applied.checksum && !areValuesHeld(idle)) return undefined;
  const given = givenFor(idle, { present: jobInputs, checksum: applied.checksum });
  if (given.kind === 'needs') return given;
  const rest = settledData(idle, due);
  return given.kind === 'gone'
    ? { kind: 'check-impossible', ...rest, lack: given.why }
    : { kind: 'check-due', ...rest, applied, settings: given.settings, jobInputs: given.jobInputs };
};

/** In this order. */
const IDLE_GUARDS: readonly IdleGuard[] = [
  // Nothing is read for a check that has to wait.
  checkUnprepared,
  // Something has happened that may make a difference.
  inputsUnknown,
  // No Job could be given what it needs.
  inputsBlocked,
  // What werf would refuse is not begun.
  valuesRefused,
  // What a deployment would change is shown before it is made.
  planDue,
  // Another tag, spec or values; or the same again.
  deploymentDue,
  // What has failed for good, once nothing else is to be tried.
  returnDue,
  // Before anything is reported about what is deployed, which may be out of date.
  registryUnasked,
  // What is recorded is what a check compares with.
  recordOutdated,
  // Last, for nothing waits for it.
  checkDue,
];

interface Prepared {
  readonly kind: 'prepared';
  readonly applied: Applied;
}

/**
 * Makes sure of finalizer and slot, before the inputs of a check are looked up and again with them; undefined: no check is to begin now.
 */
const prepareCheck = (idle: Idle, due: Due | undefined): State | Need | Prepared | undefined => {
  const { seen, settings } = idle;
  const check = nextCheckOf(idle);
  if (check === undefined || check.when === 'later') return undefined;
  const rest = settledData(idle, due);
  const { applied } = check;
  const lack = planLack(seen, settings);
  if (lack !== undefined && check.when === 'now') return { kind: 'check-impossible', ...rest, lack };
  // Nothing holds the bundle for a check that can't be made.
  if (lack === undefined && needsFinalizerToCheck(seen.bundle)) return { kind: 'check-finalizer-missing', ...rest };
  if (check.when === 'soon') return undefined;
  const slot = slotFor(seen, check.jobName);
  if (slot === undefined) return { kind: 'needs', what: 'job-slot', jobName: check.jobName };
  return slot === 'waiting' ? { kind: 'check-queued', ...rest } : { kind: 'prepared', applied };
};
