import type { Settings } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { type Hold, holdOnValues } from '../../controller/decide/hold-list.js';

/**
 * The hold because of which what is deployed has other values than the present ones, as far as the controller has seen them. undefined: there is none,
 * or it has not looked at the spec as it is now.
 */
export const heldValues = (bundle: StoredBundle, settings: Settings): Hold | undefined => {
  const { metadata, status = {} } = bundle;
  if (status.observedGeneration !== metadata.generation) return undefined;
  return holdOnValues({ bundle, settings, status, wanted: undefined });
};

/** Whose values and spec are deployed instead: `deployment 1`. */
export const goodDeployment = ({ good: { number } }: Hold): string =>
  number === undefined ? 'an earlier deployment' : `deployment ${number}`;
