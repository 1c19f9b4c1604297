import type { KubeObject } from '../objects.js';
import { absent, type Checked, usable } from './fault.js';
import type { ServiceAccountReference } from './references.js';

/** Checks the ServiceAccount that a bundle's Job runs as: it only has to exist. */
export const checkServiceAccount = (
  reference: ServiceAccountReference,
  account: KubeObject | undefined,
): Checked<KubeObject> => (account === undefined ? absent(reference) : usable(account));
