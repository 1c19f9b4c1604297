import { hasFinalizer } from '../../api/finalizer.js';
import { targetNamespaceOf } from '../../api/names.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { FinalizerChange } from './decision.js';
import { openDeployment } from './deployment.js';
import type { Observation } from './observation.js';

/**
 * Whether a release may be there: something was deployed, or a Job may have got that far; or nobody knows, for there were deployments that
 * the status does not tell of: it keeps ten of them, and may have been lost. Then the finalizer says that there were some.
 */
export const mayBeDeployed = (bundle: StoredBundle, status: WerfBundleStatus): boolean => {
  const { lastAppliedTag, history = [] } = status;
  if (lastAppliedTag !== undefined || isUntold(bundle, status)) return true;
  const open = openDeployment(status) === undefined ? 0 : 1;
  const ended = (status.deployment?.number ?? 0) - open;
  return ended > history.length || history.some(({ result }) => result !== 'Refused' && result !== 'Superseded');
};

/** Whether the status of a bundle with Dismiss was lost: the finalizer comes with the first deployment, and none is told of. */
const isUntold = (bundle: StoredBundle, { lastAppliedTag, deployment, history = [] }: WerfBundleStatus): boolean =>
  bundle.spec.deletionPolicy === 'Dismiss' &&
  hasFinalizer(bundle) &&
  lastAppliedTag === undefined &&
  deployment === undefined &&
  history.length === 0;

/**
 * The number of the next deployment, above all that are known. One is left out for what a lost status no longer tells: so it stays
 * known that something is not.
 * @param highest - of the Jobs that there are
 */
export const nextNumber = (bundle: StoredBundle, status: WerfBundleStatus, highest: number): number =>
  Math.max(status.deployment?.number ?? 0, highest, isUntold(bundle, status) ? 1 : 0) + 1;

/**
 * Whether a bundle must not go without the controller: its release is to be uninstalled, or it has a Job in another namespace, which
 * nobody else would stop.
 */
const needsFinalizer = (bundle: StoredBundle, status: WerfBundleStatus): boolean => {
  const open = openDeployment(status) !== undefined;
  if (bundle.spec.deletionPolicy === 'Dismiss' && (open || mayBeDeployed(bundle, status))) return true;
  return open && isElsewhere(bundle);
};

export const isElsewhere = (bundle: StoredBundle): boolean => targetNamespaceOf(bundle) !== bundle.metadata.namespace;

/** The same of a drift check: its Job in another namespace is one that nobody else would stop. */
export const needsFinalizerToCheck = (bundle: StoredBundle): boolean => isElsewhere(bundle) && !hasFinalizer(bundle);

/** Once there is a Job, its bundle must not be able to go unseen: before it is made, the finalizer is there. */
export const needsFinalizerFirst = (bundle: StoredBundle, status: WerfBundleStatus): boolean =>
  needsFinalizer(bundle, status) && !hasFinalizer(bundle);

/**
 * @param seen.plans - the Jobs of drift checks that there are
 * @param status - as it is to be written
 */
export const finalizerChange = (
  { bundle, plans }: Pick<Observation, 'bundle' | 'plans'>,
  status: WerfBundleStatus,
): FinalizerChange => {
  // A bundle that goes is let go by deletion.ts alone; nothing can be added to it.
  if (bundle.metadata.deletionTimestamp !== undefined) return 'leave';
  const checked = plans.some(({ job }) => job.metadata.namespace !== bundle.metadata.namespace);
  const needed = checked || needsFinalizer(bundle, status);
  if (needed === hasFinalizer(bundle)) return 'leave';
  return needed ? 'add' : 'remove';
};
