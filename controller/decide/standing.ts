import { rollbackOf } from '../../api/rollback.js';
import type { Settings } from '../../api/settings.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { failureOf } from './conclusion.js';
import { conditionOf } from './condition.js';
import { openDeployment } from './deployment.js';
import { isHealed } from './drift-state.js';
import { nextTry, takesLast } from './due.js';
import type { Finding } from './finding.js';
import { withReturnTold } from './hold-list.js';
import { isPolled } from './interest.js';
import type { Observation } from './observation.js';

/** The findings about the deployments so far. */
export const standing = (seen: Observation, status: WerfBundleStatus): readonly Finding[] => {
  const failure = isHealed(status) ? undefined : failureOf(status);
  if (failure !== undefined) {
    // Nothing was tried yet since the spec changed: the old failure says nothing about the new spec.
    if (conditionOf(status, 'RegistryReachable')?.status === 'Unknown') return [];
    if (seen.spec.kind === 'valid' && !takesLast(status, seen.spec.settings)) return [];
    const again = seen.spec.kind === 'valid' && nextTry(status, scheduleOf(seen, seen.spec.settings)) !== undefined;
    const message = withReturnTold(status, failure.message);
    return [{ kind: again ? 'job-retry' : 'job-failed', ...failure, message }];
  }
  if (status.lastAppliedTag === undefined || status.resolvedTargetNamespace === undefined) return [];
  const message = deployedWords(seen, status);
  return [{ kind: 'synced', reason: 'Deployed', message }];
};

/** What is deployed, with who has rolled back to it: of all messages, this is the one that lists of bundles show. */
const deployedWords = (
  { bundle }: Observation,
  { lastAppliedTag, resolvedTargetNamespace }: WerfBundleStatus,
): string => {
  if (rollbackOf(bundle) !== lastAppliedTag)
    return `deployed ${lastAppliedTag} to namespace ${resolvedTargetNamespace}`;
  const { name, namespace } = bundle.metadata;
  return `rolled back to ${lastAppliedTag} by a person, and deployed to namespace ${resolvedTargetNamespace}; it stays until werfbundle release-hold ${name} -n ${namespace}`;
};

/** The schedule by which a failed deployment is tried again. */
export const scheduleOf = (seen: Pick<Observation, 'platform'>, settings: Settings) => ({
  retries: settings.converge.retries,
  timeScale: seen.platform.timeScale,
});

/** When a failed deployment is tried again by itself; for a new spec, not before the registry was asked. */
export const retryTime = (seen: Observation, status: WerfBundleStatus): number | undefined => {
  if (!isPolled(seen) || seen.spec.kind === 'invalid' || openDeployment(status) !== undefined) return undefined;
  if (conditionOf(status, 'RegistryReachable')?.status === 'Unknown' || !takesLast(status, seen.spec.settings))
    return undefined;
  return nextTry(status, scheduleOf(seen, seen.spec.settings))?.time;
};
