import type { ObjectMeta } from '../../api/objects.js';
import {
  checkRelease,
  heldFault,
  type Release,
  type ReleaseHolder,
  releaseText,
  takenWarning,
} from '../../api/references/release.js';
import type { BundleReferences } from './bundle-references.js';
import { type Finding, findingOf, noted, unchecked } from './finding.js';
import type { LookupTime } from './lookup-time.js';
import type { Releases } from './releases.js';

interface ReleaseDeps {
  readonly releases: Releases;
  readonly time: LookupTime;
  /** Whether the user may know of this bundle. */
  readonly maySee: (holder: ReleaseHolder) => Promise<boolean>;
}

/** Whether another bundle has the release. */
export const judgeRelease = async (
  deps: ReleaseDeps,
  { own, release }: BundleReferences,
  { name = '', uid, creationTimestamp }: ObjectMeta,
): Promise<readonly Finding[]> => {
  if (release === undefined) return [];
  const holders = await holdersOf(deps, release);
  if (holders === undefined) {
    const why = 'the WerfBundles of the cluster are not listed yet';
    return [unchecked('spec.converge.releaseName', releaseText(release), why)];
  }
  const isStored = uid !== undefined && creationTimestamp !== undefined;
  const claimant = { namespace: own, name, ...(isStored && { uid, createdAt: creationTimestamp }) };
  const hold = checkRelease(claimant, holders);
  switch (hold.kind) {
    case 'free':
      return [];
    case 'held':
      return [findingOf(heldFault(release, await seen(deps, hold.by)))];
    case 'taken':
      return [noted(takenWarning(release, await seen(deps, hold.from)))];
  }
};

const seen = async ({ maySee }: ReleaseDeps, holder: ReleaseHolder): Promise<ReleaseHolder | undefined> =>
  (await maySee(holder)) ? holder : undefined;

const holdersOf = async (
  { releases, time }: ReleaseDeps,
  release: Release,
): Promise<readonly ReleaseHolder[] | undefined> => {
  try {
    return await releases.holders(release, time.signal);
  } catch (error) {
    if (!time.signal.aborted) throw error;
    return undefined;
  }
};
