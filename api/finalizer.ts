import type { KubeObject } from './objects.js';

/**
 * The controller's finalizer on a bundle: it keeps a deleted bundle until its Job is stopped and, with
 * `deletionPolicy: Dismiss`, its release is uninstalled or given up.
 */
export const FINALIZER = 'werf.io/deletion';

/** Whether a bundle has the controller's finalizer. */
export const hasFinalizer = ({ metadata }: KubeObject): boolean => metadata.finalizers?.includes(FINALIZER) ?? false;
