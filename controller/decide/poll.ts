import { DEPLOY_REQUESTED, FLUX_RECONCILE_REQUESTED, RECONCILE_REQUESTED } from '../../api/annotations.js';
import { LAST_FAILURE, pollDelayMs } from '../../api/backoff.js';
import { fingerprintOf, madeWith } from '../../api/checksum.js';
import { formatDuration } from '../../api/duration.js';
import { reconcileCommand } from '../../api/kubectl-command.js';
import type { Condition } from '../../api/objects.js';
import { preciseTime } from '../../api/timestamp.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { HeldBack, RegistryFailure } from '../../registry/port.js';
import type { ScanOutcome, TagSet } from '../scans/scan.js';
import { conditionOf, momentOf, withCondition } from './condition.js';
import { specChanged } from './due.js';
import type { Finding } from './finding.js';
import { releaseRequest, withReleaseHandled } from './hold-list.js';
import type { Observation } from './observation.js';
import { pollError } from './poll-error.js';
import { keptRollback, withRollbackKept } from './rollback.js';
import { isSuspended } from './suspension.js';

/** The result of a bundle's polls, before anything is deployed. */
export interface PollAccount {
  readonly status: WerfBundleStatus;
  readonly findings: readonly Finding[];
  /** The tag that the registry offers; undefined while it is not known. */
  readonly wanted: { readonly tag: string; readonly digest: string } | undefined;
}

const annotation = (bundle: StoredBundle, name: string): string | undefined =>
  bundle.metadata.annotations?.[name] || undefined;

/** Whether there is a request to reconcile that was not answered yet. */
export const isRequested = (bundle: StoredBundle): boolean => {
  const { lastHandledRequest, lastHandledReconcileAt } = bundle.status ?? {};
  const own = annotation(bundle, RECONCILE_REQUESTED);
  const flux = annotation(bundle, FLUX_RECONCILE_REQUESTED);
  return (own !== undefined && own !== lastHandledRequest) || (flux !== undefined && flux !== lastHandledReconcileAt);
};

/** Whether there is a request for a deployment that was not answered yet. */
export const isDeployRequested = (bundle: StoredBundle): boolean => {
  const value = annotation(bundle, DEPLOY_REQUESTED);
  return value !== undefined && value !== bundle.status?.lastHandledDeployRequest;
};

/** The status with the request for a deployment answered, if there is one. */
export const withDeployRequest = (bundle: StoredBundle, status: WerfBundleStatus): WerfBundleStatus => {
  const value = annotation(bundle, DEPLOY_REQUESTED);
  return value === undefined ? status : { ...status, lastHandledDeployRequest: value };
};

/** The status with the requests to reconcile answered, if there are any. */
const withReconcileRequests = (bundle: StoredBundle, status: WerfBundleStatus): WerfBundleStatus => {
  const own = annotation(bundle, RECONCILE_REQUESTED);
  const flux = annotation(bundle, FLUX_RECONCILE_REQUESTED);
  return {
    ...status,
    ...(own !== undefined && { lastHandledRequest: own }),
    ...(flux !== undefined && { lastHandledReconcileAt: flux }),
  };
};

/** If nothing was deployed yet, whatever a scan finds is deployed anyway. */
const withHandledRequests = (bundle: StoredBundle, status: WerfBundleStatus): WerfBundleStatus =>
  withReconcileRequests(bundle, wasAttempted(status) ? status : withDeployRequest(bundle, status));

/** Whether there is something to deploy again: a deployment was tried before, with success or not. */
export const wasAttempted = (status: WerfBundleStatus): boolean =>
  status.deployment !== undefined || status.lastAppliedTag !== undefined;

/**
 * Whether the spec, or what a person has rolled back to, has changed since the last reconcile, or a person has let go what was held: then
 * what is known of the registry may be about something else.
 */
export const isNewGeneration = (bundle: StoredBundle): boolean => {
  const { metadata, status = {} } = bundle;
  const isSame = metadata.generation === status.observedGeneration && keptRollback(bundle) === status.rollbackTo;
  return !isSame || releaseRequest(bundle) !== undefined || hasChangedSuspended(metadata.generation, status);
};

/** Whether the spec has changed while the bundle was suspended, which keeps what was known until then. */
const hasChangedSuspended = (generation: number, status: WerfBundleStatus): boolean =>
  conditionOf(status, 'Suspended') !== undefined &&
  (conditionOf(status, 'RegistryReachable')?.observedGeneration ?? generation) !== generation;

/** Fingerprint of the credentials and CA of a poll; undefined while these are not known. */
const credentialsOf = ({ access, platform }: Pick<Observation, 'access' | 'platform'>): string | undefined =>
  access.kind === 'ready'
    ? fingerprintOf({ credential: access.target.credential, ca: access.target.ca }, platform.checksumKey)
    : undefined;

/** Whether polls have failed with other credentials, or another CA, than the present ones. */
export const hasOtherCredentials = (seen: Pick<Observation, 'bundle' | 'access' | 'platform'>): boolean => {
  const { consecutiveFailures = 0, failedCredentials } = seen.bundle.status ?? {};
  if (consecutiveFailures === 0 || failedCredentials === undefined) return false;
  const now = credentialsOf(seen);
  return now !== undefined && madeWith(failedCredentials, seen.platform.checksumKey.id) && now !== failedCredentials;
};

/**
 * Accounts for the scan that was delivered, if one was, and for a changed spec.
 * A delivery that arrives together with a changed spec, or with other credentials, is about the old ones, and is ignored.
 */
export const accountPoll = (seen: Observation): PollAccount => {
  const { bundle, delivery } = seen;
  const status = bundle.status ?? {};
  if (isSuspended(seen)) return notAsked(seen, withReconcileRequests(bundle, status));
  if (isNewGeneration(bundle) || hasOtherCredentials(seen)) return lookAnew(seen, status, NOT_ASKED);
  if (delivery === undefined) return remembered(seen, status);
  const handled = withHandledRequests(bundle, status);
  const { outcome } = delivery;
  return outcome.kind === 'failed' ? failed(seen, handled, outcome.failure) : succeeded(seen, handled, outcome);
};

/**
 * A suspended bundle keeps what is known of the registry; if somebody asks for a look, the answer is that there is none.
 * @param status - with that answer
 */
const notAsked = (seen: Observation, status: WerfBundleStatus): PollAccount =>
  conditionOf(status, 'RegistryReachable') === undefined
    ? lookAnew(seen, status, NOT_ASKED)
    : {
        status: { ...status, observedGeneration: seen.bundle.metadata.generation },
        findings: [],
        wanted: undefined,
      };

/** The tags that the delivered scan has listed; undefined if none was delivered, or it failed. */
export const tagsOf = ({ delivery }: Pick<Observation, 'delivery'>): TagSet | undefined =>
  delivery === undefined || delivery.outcome.kind === 'failed' ? undefined : delivery.outcome.tags;

export const NOT_ASKED = 'the registry has not been asked yet';
export const NOT_ASKED_SINCE = 'the registry has not been asked since the obstacle is gone';

const RESET = 'the count of failed polls was reset';

/** Why a first scan takes so long. Without numbers, which would change with each reconcile. */
const HELD_BACK: Readonly<Record<HeldBack['why'], string>> = {
  rate: 'more polls wait for the registry than it may be asked in a second',
  breaker:
    'the registry did not answer when it was asked last, for this bundle or others, and is left alone for a while',
  'retry-after': 'the registry wants to be left alone for a while (Retry-After)',
};

const heldBackWords = (why: HeldBack['why']): string => `polls are held back, for ${HELD_BACK[why]}`;

/** Forgets the results of earlier polls: the registry is asked at once, and failures are counted anew. */
export const lookAnew = (
  seen: Observation,
  status: WerfBundleStatus,
  message: string,
  reason?: 'PollingResumed',
): PollAccount => {
  const { nextAttemptTime: _, failedCredentials: __, ...rest } = status;
  const kept = withReleaseHandled(seen.bundle, withRollbackKept(seen.bundle, rest));
  const fresh = { ...kept, observedGeneration: seen.bundle.metadata.generation, consecutiveFailures: 0 };
  return firstScan(seen, fresh, message, reason);
};

/**
 * The first scan is still to come.
 * @param message - {@link NOT_ASKED}, or why it is asked anew
 * @param reason - of RegistryReachable; PollingResumed is told by an event
 */
const firstScan = (
  seen: Observation,
  status: WerfBundleStatus,
  message: string,
  reason: 'FirstScan' | 'PollingResumed' = 'FirstScan',
): PollAccount => {
  const atOnce = message === RESET ? ': the registry is asked at once' : '';
  const words = `${message}${seen.heldBack === undefined ? atOnce : `: ${heldBackWords(seen.heldBack)}`}`;
  const unknown = { type: 'RegistryReachable', status: 'Unknown', reason, message: words } as const;
  return {
    status: withCondition(status, unknown, momentOf(seen)),
    findings: [{ kind: 'first-scan', reason: 'FirstScan', message: words }],
    wanted: undefined,
  };
};

/** Nothing was delivered: what the status says still holds. */
const remembered = (seen: Observation, status: WerfBundleStatus): PollAccount => {
  const failures = status.consecutiveFailures ?? 0;
  const reachable = conditionOf(status, 'RegistryReachable');
  const latest = seen.latest?.kind === 'selected' && reachable?.status === 'True' ? seen.latest : undefined;
  const wanted = latest && { tag: latest.tag, digest: latest.digest };
  if (reachable !== undefined && wasReset(reachable, failures)) return lookAnew(seen, status, RESET, 'PollingResumed');
  if (failures > 0) return { ...stillFailing(seen, status, reachable), wanted };
  if (reachable === undefined) return { ...firstScan(seen, status, NOT_ASKED), status };
  if (reachable.status !== 'True') {
    if (reachable.reason === 'PollingResumed') return firstScan(seen, status, RESET, 'PollingResumed');
    return firstScan(seen, status, reachable.message.startsWith(NOT_ASKED_SINCE) ? NOT_ASKED_SINCE : NOT_ASKED);
  }
  return { status, findings: [...stillNothing(status), ...heldDowngrade(status)], wanted };
};

/** Whether a user has lowered the counter: the condition is still that of the last failure. */
const wasReset = ({ status, reason }: Condition, failures: number): boolean =>
  status === 'False' && (failures === 0 || (reason === 'PollingStopped' && failures < LAST_FAILURE));

/** What the last failure said; if somebody asks for a poll meanwhile, that there will be one, since its answer may take a while. */
const stillFailing = (
  seen: Observation,
  status: WerfBundleStatus,
  reachable: Condition | undefined,
): Omit<PollAccount, 'wanted'> => {
  const before = reachable?.message ?? 'polls fail';
  if (reachable?.status !== 'False' || reachable.reason === 'PollingResumed' || !isRequested(seen.bundle))
    return { status, findings: [failureFinding(seen.bundle, status, before)] };
  const when = seen.heldBack === undefined ? 'at once' : `as soon as that may be: ${heldBackWords(seen.heldBack)}`;
  const message = `as requested, the registry is asked ${when}; so far: ${before}`;
  const resumed = { type: 'RegistryReachable', status: 'False', reason: 'PollingResumed', message } as const;
  return {
    status: withCondition(status, resumed, momentOf(seen)),
    findings: [failureFinding(seen.bundle, status, message)],
  };
};

const heldDowngrade = (status: WerfBundleStatus): readonly Finding[] => {
  const ready = conditionOf(status, 'Ready');
  return ready?.reason === 'DowngradeHeld'
    ? [{ kind: 'downgrade-held', reason: 'DowngradeHeld', message: ready.message }]
    : [];
};

/** A scan that found nothing holds until another finds something. */
const stillNothing = (status: WerfBundleStatus): readonly Finding[] => {
  const ready = conditionOf(status, 'Ready');
  return ready?.reason === 'NoMatchingTag' || ready?.reason === 'NotABundle'
    ? [{ kind: 'nothing-to-deploy', reason: ready.reason, message: ready.message }]
    : [];
};

const failureFinding = (bundle: StoredBundle, status: WerfBundleStatus, message: string): Finding => {
  const error = status.lastErrorMessage ?? message;
  if ((status.consecutiveFailures ?? 0) >= LAST_FAILURE)
    return { kind: 'polling-stopped', reason: 'PollingStopped', message, error };
  // What is deployed was asked for by an earlier spec: whether it is by this one, only the registry could tell.
  if (status.lastAppliedTag === undefined || specChanged({ ...bundle, status }))
    return { kind: 'polls-failing-new', reason: 'PollFailed', message, error };
  const reported = `deployed ${status.lastAppliedTag}; ${message}`;
  return { kind: 'polls-failing-deployed', reason: 'PollFailed', message: reported, error };
};

const failed = (seen: Observation, status: WerfBundleStatus, failure: RegistryFailure): PollAccount => {
  const failures = Math.min((status.consecutiveFailures ?? 0) + 1, LAST_FAILURE);
  const error = pollError(failure, seen);
  const stopped = pollDelayMs(failures) === undefined;
  const delay = pollDelayMs(failures) ?? (seen.platform.failedRetryIntervalMs || undefined);
  const used = credentialsOf(seen);
  const { nextAttemptTime: _, failedCredentials: __, ...rest } = status;
  const counted: WerfBundleStatus = {
    ...rest,
    consecutiveFailures: failures,
    lastErrorMessage: error,
    lastErrorTime: preciseTime(seen.now),
    ...(delay !== undefined && { nextAttemptTime: preciseTime(nextAttempt(seen, delay, failure)) }),
    ...(used !== undefined && { failedCredentials: used }),
  };
  const longest = Math.max(delay ?? 0, failure.retryAfterMs ?? 0);
  const next = delay === undefined ? undefined : `next try after ${formatDuration(longest)}`;
  const end = `polling has stopped; mend the cause, then run ${reconcileCommand(seen.bundle.metadata)}`;
  const message = `${error} (failure ${failures} of ${LAST_FAILURE}${stopped ? `: ${end}` : ''}${next === undefined ? '' : `, ${next}`})`;
  const reason = stopped ? 'PollingStopped' : 'PollFailed';
  return {
    status: withCondition(counted, { type: 'RegistryReachable', status: 'False', reason, message }, momentOf(seen)),
    findings: [failureFinding(seen.bundle, counted, message)],
    wanted: undefined,
  };
};

/** The delay of the table, or the registry's own Retry-After if that is longer, which is never divided by the time scale. */
const nextAttempt = (seen: Observation, delay: number, failure: RegistryFailure): number =>
  seen.now + Math.max(delay / seen.platform.timeScale, failure.retryAfterMs ?? 0);

const succeeded = (
  seen: Observation,
  status: WerfBundleStatus,
  outcome: Exclude<ScanOutcome, { kind: 'failed' }>,
): PollAccount => {
  const { nextAttemptTime: _, failedCredentials: __, ...rest } = status;
  const counted = { ...rest, consecutiveFailures: 0, lastETag: outcome.tags.etag };
  const reached = withCondition(
    counted,
    { type: 'RegistryReachable', status: 'True', reason: 'Polled', message: 'the registry answered' },
    momentOf(seen),
  );
  if (outcome.kind === 'selected') {
    return { status: reached, findings: [], wanted: { tag: outcome.tag, digest: outcome.digest } };
  }
  // One list may be wrong (registries flap): a deployed bundle counts as failed only when a second list agrees.
  const sure = status.lastAppliedTag === undefined || seen.sameScans >= 2;
  const findings: readonly Finding[] = sure
    ? [{ kind: 'nothing-to-deploy', reason: outcome.reason, message: outcome.message }]
    : stillNothing(status);
  return { status: reached, findings, wanted: undefined };
};
