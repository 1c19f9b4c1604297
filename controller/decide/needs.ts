import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { ScanInterest } from '../scans/scan.js';
import { openDeployment, wasStarted } from './deployment.js';
import { mayCheckOrCorrect } from './drift-schedule.js';
import { nextTry, takesLast } from './due.js';
import { needsFinalizerFirst } from './finalizer.js';
import { conditionOf } from './finding.js';
import { wasSuperseded } from './history.js';
import type { Observation } from './observation.js';
import { hasOtherCredentials, isDeployRequested, isNewGeneration, isRequested, wasAttempted } from './poll.js';
import { parseTime } from './timestamps.js';
import { isLookedUpAgain } from './transition-events.js';

/** Whether the bundle is left alone: nothing is polled, nothing is begun. */
export const isSuspended = (seen: Pick<Observation, 'bundle' | 'platform'>): boolean =>
  seen.platform.suspendAll || seen.bundle.spec.suspend === true;

/** Whether the registry is to be asked for this bundle at all. */
export const isPolled = (seen: Pick<Observation, 'bundle' | 'platform' | 'spec'>): boolean =>
  seen.bundle.metadata.deletionTimestamp === undefined && !isSuspended(seen) && seen.spec.kind === 'valid';

/**
 * Whether the next thing is to make the Job of an intent: for that it needs a place among the Jobs. Not before the bundle is held: that
 * may be refused for hours.
 */
export const needsSlot = (seen: Pick<Observation, 'bundle' | 'job' | 'platform' | 'spec'>): boolean => {
  const { bundle, job } = seen;
  const { status } = bundle;
  const goes = bundle.metadata.deletionTimestamp !== undefined;
  if (openDeployment(status) === undefined || wasStarted(status) || job.kind === 'present') return false;
  return goes ? status?.deployment?.reason === 'Dismiss' : isPolled(seen) && !needsFinalizerFirst(bundle, status ?? {});
};

/**
 * Whether what a Job needs (values, credentials, ServiceAccount) is worth looking up now: it costs several reads.
 * @param seen - what is known from the caches
 */
export const needsJobInputs = (seen: Omit<Observation, 'jobInputs' | 'dismissal'>): boolean => {
  const { bundle, job, spec } = seen;
  if (!isPolled(seen) || seen.access.kind !== 'ready' || spec.kind === 'invalid') return false;
  const status = bundle.status ?? {};
  if (openDeployment(status) !== undefined)
    return job.kind === 'absent' && !wasStarted(status) && seen.place === 'given';
  if (isNewGeneration(bundle) || hasOtherCredentials(seen)) return false;
  // First, or a poll that fails would hide for a moment what stands in the way.
  if (isLookedUpAgain(status)) return true;
  const attempted = wasAttempted(status);
  const reached = conditionOf(status, 'RegistryReachable')?.status;
  // With a scan's result in hand, too: nothing else would bring another look at what was touched.
  if (attempted && isQuiet(seen) && (seen.delivery !== undefined || reached !== 'Unknown')) return true;
  const deploymentAsked = isDeployRequested(bundle) && attempted;
  if (seen.delivery !== undefined) return seen.delivery.outcome.kind === 'selected' || deploymentAsked;
  if (deploymentAsked && (status.consecutiveFailures ?? 0) > 0) return true;
  if (reached === 'Unknown') return false;
  const { retries } = spec.settings.converge;
  const again = takesLast(status, spec.settings)
    ? nextTry(status, { retries, timeScale: seen.platform.timeScale })
    : undefined;
  if (again !== undefined && again.time <= seen.now) return true;
  if (mayCheckOrCorrect(seen)) return true;
  const offered = reached === 'True' && seen.latest?.kind === 'selected' ? seen.latest : undefined;
  return (
    offered !== undefined &&
    (wasSuperseded(status) || offered.tag !== status.deployment?.tag || offered.digest !== status.deployment.digest)
  );
};

/** What the scans are to do for the bundle. @param seen - with the status as it is to be written */
export const interestOf = (
  seen: Observation,
  status: NonNullable<StoredBundle['status']>,
): ScanInterest | undefined => {
  const { bundle, spec, access } = seen;
  if (!isPolled(seen) || spec.kind === 'invalid' || access.kind !== 'ready') return undefined;
  const { namespace, name, uid } = bundle.metadata;
  return {
    bundle: { namespace, name, uid },
    target: access.target,
    policy: spec.settings.registry.policy,
    pollIntervalMs: spec.settings.registry.pollIntervalMs,
    due: dueOf(seen, status),
  };
};

/** A deployment is asked for, and nothing stands in its way: it is to deploy what the registry offers now. */
const asksForDeployment = (bundle: StoredBundle, status: NonNullable<StoredBundle['status']>): boolean =>
  isDeployRequested({ ...bundle, status }) && openDeployment(status) === undefined && !isLookedUpAgain(status);

/**
 * Whether the registry is to be asked again as soon as this deployment is over: its tag may have moved between scan and Job. Not
 * after a moved tag: one that moves all the time is deployed at most twice an interval.
 */
export const mayHaveMoved = (ended: NonNullable<WerfBundleStatus['history']>[number]): boolean =>
  ended.result === 'Succeeded' && ended.reason !== 'MovedTag';

/** The flag may be another one than at the time of the failure. */
const afterStop = ({ now, platform }: Observation, status: WerfBundleStatus): ScanInterest['due'] => {
  const { failedRetryIntervalMs: interval, timeScale } = platform;
  if (interval === 0) return { kind: 'never' };
  const failedAt = parseTime(status.lastErrorTime) ?? now;
  return { kind: 'at', time: parseTime(status.nextAttemptTime) ?? failedAt + interval / timeScale };
};

/** How long the sources of a bundle's values have to be left alone before they are looked at; milliseconds. */
const QUIET_MS = 10_000;

const quietAt = ({
  valuesChangedAt,
  platform,
}: Pick<Observation, 'valuesChangedAt' | 'platform'>): number | undefined =>
  valuesChangedAt === undefined ? undefined : valuesChangedAt + QUIET_MS / platform.timeScale;

const isQuiet = (seen: Pick<Observation, 'valuesChangedAt' | 'platform' | 'now'>): boolean =>
  (quietAt(seen) ?? Number.POSITIVE_INFINITY) <= seen.now;

/** Whether values that were touched were looked at after they had been quiet; where nothing was deployed yet, nobody need look. */
export const hasSeenValuesChange = (seen: Observation): boolean => {
  const { status = {} } = seen.bundle;
  if (openDeployment(status) !== undefined || !isQuiet(seen)) return false;
  return seen.jobInputs !== undefined || !wasAttempted(status);
};

/** When to look at values that were touched; undefined: nobody has touched them, or something else comes first. */
export const nextValuesLook = (seen: Observation, status: WerfBundleStatus): number | undefined =>
  isPolled(seen) && openDeployment(status) === undefined && !isQuiet(seen) ? quietAt(seen) : undefined;

/** How often a Secret is looked at while somebody waits for another one; milliseconds, divided by the time scale. */
const SECRET_LOOK_MS = 30_000;

/** When to look whether there are other credentials, while polls fail with those that there are; undefined: no need. */
export const nextSecretLook = (seen: Observation, status: WerfBundleStatus): number | undefined => {
  const { spec, platform } = seen;
  if (!isPolled(seen) || spec.kind === 'invalid' || (status.consecutiveFailures ?? 0) === 0) return undefined;
  const { secretName = platform.defaultRegistrySecret, caSecretName } = spec.settings.registry;
  return (secretName ?? caSecretName) ? seen.now + SECRET_LOOK_MS / platform.timeScale : undefined;
};

const dueOf = (seen: Observation, status: NonNullable<StoredBundle['status']>): ScanInterest['due'] => {
  const now = { kind: 'at', time: seen.now } as const;
  if (isRequested({ ...seen.bundle, status })) return now;
  const failures = status.consecutiveFailures ?? 0;
  if (failures === 0) {
    if (conditionOf(status, 'RegistryReachable')?.status !== 'True' || asksForDeployment(seen.bundle, status))
      return now;
    return seen.deployedAt === undefined ? { kind: 'interval' } : { kind: 'at', time: seen.deployedAt };
  }
  if (conditionOf(status, 'RegistryReachable')?.reason === 'PollingStopped') return afterStop(seen, status);
  return { kind: 'at', time: parseTime(status.nextAttemptTime) ?? seen.now };
};
