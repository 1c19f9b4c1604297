import type { Release, ReleaseHolder } from '../../api/references/release.js';

/** Which bundles claim which release. */
export interface Releases {
  /**
   * All bundles with this release, as they were a moment ago: two that are created at once may not see each other, and the controller
   * deploys the older one only. Rejects with the signal's reason if they are not known before it is aborted.
   */
  holders(release: Release, signal: AbortSignal): Promise<readonly ReleaseHolder[]>;
}
