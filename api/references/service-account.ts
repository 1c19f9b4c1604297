import type { KubeObject } from '../objects.js';
import { absent, type Checked, usable } from './fault.js';
import type { ServiceAccountReference } from './references.js';

/** The account that a bundle's Job runs as: that it exists is all that is asked of it. */
export const checkServiceAccount = (
  reference: ServiceAccountReference,
  account: KubeObject | undefined,
): Checked<KubeObject> => (account === undefined ? absent(reference) : usable(account));
