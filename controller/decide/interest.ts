import { parseTime } from '../../api/timestamp.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { ScanInterest } from '../scans/scan.js';
import { conditionOf } from './condition.js';
import { openDeployment } from './deployment.js';
import type { Observation } from './observation.js';
import { isDeployRequested, isRequested } from './poll.js';
import { isSuspended } from './suspension.js';
import { isLookedUpAgain } from './transition-events.js';

/** Whether the registry is to be asked for this bundle at all. */
export const isPolled = (seen: Pick<Observation, 'bundle' | 'platform' | 'spec'>): boolean =>
  seen.bundle.metadata.deletionTimestamp === undefined && !isSuspended(seen) && seen.spec.kind === 'valid';

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

/** Whether a deployment is requested and nothing blocks it: then it is to deploy what the registry offers now. */
const asksForDeployment = (bundle: StoredBundle, status: NonNullable<StoredBundle['status']>): boolean =>
  isDeployRequested({ ...bundle, status }) && openDeployment(status) === undefined && !isLookedUpAgain(status);

/**
 * When polling that has stopped begins again: at the time that was told, or before, if the flag was lowered since the failure. How long
 * the registry itself wants to be left alone, the scans heed.
 */
const afterStop = ({ now, platform }: Observation, status: WerfBundleStatus): ScanInterest['due'] => {
  const { failedRetryIntervalMs: interval, timeScale } = platform;
  if (interval === 0) return { kind: 'never' };
  const failedAt = parseTime(status.lastErrorTime) ?? now;
  const byFlag = failedAt + interval / timeScale;
  return { kind: 'at', time: Math.min(parseTime(status.nextAttemptTime) ?? byFlag, byFlag) };
};

/** How often a Secret is read while a bundle waits for other credentials; milliseconds, divided by the time scale. */
const SECRET_LOOK_MS = 30_000;

/** When to look for other credentials while polls fail with the present ones; undefined: no need. */
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
