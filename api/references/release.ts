import { valueAt } from '../json-map.js';
import { cutReleaseName } from '../names.js';
import { objectKey } from '../object-key.js';
import type { Warning } from '../problem.js';
import type { StoredBundle, WerfBundle } from '../werfbundle.js';
import { faultOf, type ReferenceFault } from './fault.js';
import { isName, targetOf } from './references.js';

/** A Helm release: its name, and the namespace that it is installed in. */
export interface Release {
  readonly namespace: string;
  readonly name: string;
}

/** A bundle that deploys a release, or will. */
export interface ReleaseHolder {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, whole seconds. */
  readonly createdAt: string;
}

/** A bundle that claims a release: a holder, or a bundle that is being created and has no uid yet. */
type ReleaseClaimant = Pick<ReleaseHolder, 'namespace' | 'name'> & Partial<ReleaseHolder>;

/** The release that a bundle deploys; undefined: not known yet, or malformed. @param own - the bundle's namespace */
export const releaseOf = (bundle: WerfBundle, own: string): Release | undefined => {
  const namespace = targetOf(bundle, own);
  const bundleName = valueAt(bundle, 'metadata', 'name');
  const name =
    valueAt(bundle, 'spec', 'converge', 'releaseName') ??
    (typeof bundleName === 'string' && bundleName !== '' ? cutReleaseName(bundleName) : undefined);
  return namespace === undefined || !isName(name) ? undefined : { namespace, name };
};

/** The release that a stored bundle deploys, as one text; undefined: malformed. */
export const releaseKeyOf = (bundle: StoredBundle): string | undefined => {
  const release = releaseOf(bundle, bundle.metadata.namespace);
  return release && keyOfRelease(release);
};

/** A release as the key of a map. */
export const keyOfRelease = (release: Release): string => objectKey(release);

/** A stored bundle as a {@link ReleaseHolder}. */
export const holderOf = ({ metadata }: Pick<StoredBundle, 'metadata'>): ReleaseHolder => {
  const { namespace, name, uid, creationTimestamp = '' } = metadata;
  return { namespace, name, uid, createdAt: creationTimestamp };
};

/** Which of several bundles holds a release. */
type ReleaseHold =
  /** No other bundle claims it. */
  | { readonly kind: 'free' }
  /** An older bundle holds it. */
  | { readonly kind: 'held'; readonly by: ReleaseHolder }
  /** Only younger bundles claim it: they lose it, and are deployed no more. */
  | { readonly kind: 'taken'; readonly from: ReleaseHolder };

/**
 * Decides which bundle holds a release: two would undo each other's deployments, so the oldest one holds it. Of those created within the
 * same second it is the one with the lowest uid, so that every caller gets the same answer.
 * @param holders - all bundles with the release; the claimant may be among them
 */
export const checkRelease = (claimant: ReleaseClaimant, holders: Iterable<ReleaseHolder>): ReleaseHold => {
  const others = [...holders].filter(
    ({ namespace, name }) => namespace !== claimant.namespace || name !== claimant.name,
  );
  const [oldest] = others.toSorted(byAge);
  if (oldest === undefined) return { kind: 'free' };
  return isOlder(oldest, claimant) ? { kind: 'held', by: oldest } : { kind: 'taken', from: oldest };
};

/** A bundle that is only being created is younger than all stored ones. */
export const isOlder = (holder: ReleaseHolder, { uid, createdAt }: Partial<ReleaseHolder>): boolean =>
  uid === undefined || createdAt === undefined || byAge(holder, { uid, createdAt }) < 0;

type Age = Pick<ReleaseHolder, 'uid' | 'createdAt'>;

const byAge = (a: Age, b: Age): number => compare(a.createdAt, b.createdAt) || compare(a.uid, b.uid);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const FIELD = 'spec.converge.releaseName';

/** `release "web" in namespace "production"`. */
export const releaseText = ({ namespace, name }: Release): string =>
  `release ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`;

/** The fault: an older bundle holds the release. @param by - undefined: the user may not know which bundle */
export const heldFault = (
  release: Release,
  by: Pick<ReleaseHolder, 'namespace' | 'name'> | undefined,
): ReferenceFault<'release'> => {
  const whose = by === undefined ? 'an older WerfBundle of another namespace' : `the older WerfBundle ${nameOf(by)}`;
  const text = `${releaseText(release)} belongs to ${whose}; a releaseName of its own is needed`;
  return faultOf(
    { use: 'release', field: FIELD, name: release.name },
    { kind: 'unusable', rule: 'release-held' },
    text,
  );
};

/** The warning: a younger bundle loses the release. @param from - undefined: the user may not know which bundle */
export const takenWarning = (release: Release, from: ReleaseHolder | undefined): Warning => {
  const whose =
    from === undefined ? 'a younger WerfBundle of another namespace' : `the younger WerfBundle ${nameOf(from)}`;
  const message = `${releaseText(release)} belongs to ${whose}, which is no longer deployed once this one is`;
  return { rule: 'release-taken', field: FIELD, message };
};

const nameOf = ({ namespace, name }: Pick<ReleaseHolder, 'namespace' | 'name'>): string => `${namespace}/${name}`;
