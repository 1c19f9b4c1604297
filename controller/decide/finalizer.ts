import { isHeld } from '../../api/finalizer.js';
import { targetNamespaceOf } from '../../api/names.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { FinalizerChange } from './decision.js';
import { openDeployment } from './deployment.js';

/** As many as a status keeps: what happened before them is not known any more. */
const WHOLE_HISTORY = 10;

/** Whether a release may be there: something was deployed, or a Job may have got that far. */
export const mayBeDeployed = ({ lastAppliedTag, history = [] }: WerfBundleStatus): boolean =>
  lastAppliedTag !== undefined ||
  history.length >= WHOLE_HISTORY ||
  history.some(({ result }) => result !== 'Refused' && result !== 'Superseded');

/**
 * Whether a bundle must not go without the controller: its release is to be uninstalled, or it has a Job in another namespace, which
 * nobody else would stop.
 */
const needsFinalizer = (bundle: StoredBundle, status: WerfBundleStatus): boolean => {
  const open = openDeployment(status) !== undefined;
  if (bundle.spec.deletionPolicy === 'Dismiss' && (open || mayBeDeployed(status))) return true;
  return open && targetNamespaceOf(bundle) !== bundle.metadata.namespace;
};

/** Once there is a Job, its bundle must not be able to go unseen: before it is made, the finalizer is there. */
export const mustBeHeldFirst = (bundle: StoredBundle, status: WerfBundleStatus): boolean =>
  needsFinalizer(bundle, status) && !isHeld(bundle);

/** @param status - as it is to be written */
export const finalizerChange = (bundle: StoredBundle, status: WerfBundleStatus): FinalizerChange => {
  // A bundle that goes is let go by deletion.ts alone; nothing can be added to it.
  if (bundle.metadata.deletionTimestamp !== undefined) return 'leave';
  const needed = needsFinalizer(bundle, status);
  if (needed === isHeld(bundle)) return 'leave';
  return needed ? 'add' : 'remove';
};
