import { hasFinalizer } from '../../api/finalizer.js';
import { targetNamespaceOf } from '../../api/names.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { FinalizerChange } from './decision.js';
import { openDeployment } from './deployment.js';
import type { Observation } from './observation.js';
import { awaitsKeptPlan } from './saved-plans.js';

/**
 * Whether a release may exist: something was deployed, or a Job may have got that far; or there were deployments that the status does not
 * have, since it keeps only ten of them, or was lost. If it was lost, the finalizer shows that there were some.
 */
export const mayBeDeployed = (bundle: StoredBundle, status: WerfBundleStatus): boolean => {
  const { lastAppliedTag, history = [] } = status;
  if (lastAppliedTag !== undefined || isUntold(bundle, status)) return true;
  const open = openDeployment(status) === undefined ? 0 : 1;
  const ended = (status.deployment?.number ?? 0) - open;
  return ended > history.length || history.some(({ result }) => result !== 'Refused' && result !== 'Superseded');
};

/** Whether the status of a bundle with Dismiss was lost: it has no deployment, but the finalizer, which comes with the first one. */
const isUntold = (bundle: StoredBundle, { lastAppliedTag, deployment, history = [] }: WerfBundleStatus): boolean =>
  bundle.spec.deletionPolicy === 'Dismiss' &&
  hasFinalizer(bundle) &&
  lastAppliedTag === undefined &&
  deployment === undefined &&
  history.length === 0;

/**
 * The number of the next deployment, above all that are known. After a lost status one number is skipped, so that the status still shows
 * that a deployment is missing from it.
 * @param highest - the highest number of the existing Jobs
 */
export const nextNumber = (bundle: StoredBundle, status: WerfBundleStatus, highest: number): number =>
  Math.max(status.deployment?.number ?? 0, highest, isUntold(bundle, status) ? 1 : 0) + 1;

/**
 * Whether a bundle must not be deleted without the controller: its release is to be uninstalled, or it has a Job in another namespace,
 * which nobody else would stop, or a Secret there that keeps what it was deployed with, or a plan, which nobody else would delete.
 */
const needsFinalizer = (bundle: StoredBundle, status: WerfBundleStatus): boolean => {
  const open = openDeployment(status) !== undefined;
  if (bundle.spec.deletionPolicy === 'Dismiss' && (open || mayBeDeployed(bundle, status))) return true;
  return (open || status.kept !== undefined || awaitsKeptPlan(status)) && isElsewhere(bundle);
};

export const isElsewhere = (bundle: StoredBundle): boolean => targetNamespaceOf(bundle) !== bundle.metadata.namespace;

/** Whether a drift check needs the finalizer first: nobody else would stop its Job in another namespace. */
export const needsFinalizerToCheck = (bundle: StoredBundle): boolean => isElsewhere(bundle) && !hasFinalizer(bundle);

/** Whether the finalizer has to be added before the Job is created: from then on the bundle must not be deleted without the controller. */
export const needsFinalizerFirst = (bundle: StoredBundle, status: WerfBundleStatus): boolean =>
  needsFinalizer(bundle, status) && !hasFinalizer(bundle);

/**
 * @param seen.plans - the existing Jobs of drift checks
 * @param status - as it is to be written
 */
export const finalizerChange = (
  { bundle, plans }: Pick<Observation, 'bundle' | 'plans'>,
  status: WerfBundleStatus,
): FinalizerChange => {
  // Only deletion.ts removes the finalizer of a bundle that is being deleted; none can be added to it.
  if (bundle.metadata.deletionTimestamp !== undefined) return 'leave';
  const checked = plans.some(({ job }) => job.metadata.namespace !== bundle.metadata.namespace);
  const needed = checked || needsFinalizer(bundle, status);
  if (needed === hasFinalizer(bundle)) return 'leave';
  return needed ? 'add' : 'remove';
};
