import { valueAt } from '../json-map.js';
import { cutReleaseName } from '../names.js';
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

/** Who asks for a release: a holder, or a bundle that is only being created. */
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

/** Tells releases apart. */
export const keyOfRelease = ({ namespace, name }: Release): string => `${namespace}/${name}`;

/** A stored bundle as one of those that have a release. */
export const holderOf = ({ metadata }: Pick<StoredBundle, 'metadata'>): ReleaseHolder => {
  const { namespace, name, uid, creationTimestamp = '' } = metadata;
  return { namespace, name, uid, createdAt: creationTimestamp };
};

/** Who of several bundles has a release. */
type ReleaseHold =
  /** No other bundle has it. */
  | { readonly kind: 'free' }
  /** An older bundle keeps it. */
  | { readonly kind: 'held'; readonly by: ReleaseHolder }
  /** Only younger bundles have it: none of them is deployed any more. */
  | { readonly kind: 'taken'; readonly from: ReleaseHolder };

/**
 * Two bundles with one release would undo each other's deployments: the older one keeps it. Of those made within one second, the one with the
 * lower uid: the same one for everybody who asks.
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

/** What is only being created is younger than all that exist. */
export const isOlder = (holder: ReleaseHolder, { uid, createdAt }: Partial<ReleaseHolder>): boolean =>
  uid === undefined || createdAt === undefined || byAge(holder, { uid, createdAt }) < 0;

type Age = Pick<ReleaseHolder, 'uid' | 'createdAt'>;

const byAge = (a: Age, b: Age): number => compare(a.createdAt, b.createdAt) || compare(a.uid, b.uid);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const FIELD = 'spec.converge.releaseName';

/** `release "web" in namespace "production"`. */
export const releaseText = ({ namespace, name }: Release): string =>
  `release ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`;

/** That an older bundle keeps the release. @param by - undefined: who asks may not know which */
export const heldFault = (
  release: Release,
  by: Pick<ReleaseHolder, 'namespace' | 'name'> | undefined,
): ReferenceFault<'release'> => {
  const whose = by === undefined ? 'an older WerfBundle of another namespace' : `the older WerfBundle ${nameOf(by)}`;
  const text = `${releaseText(release)} belongs to ${whose}; a releaseName of its own is needed`;
  return faultOf({ use: 'release', field: FIELD, name: release.name }, 'unusable', text);
};

/** That a younger bundle loses the release. @param from - undefined: who asks may not know which */
export const takenWarning = (release: Release, from: ReleaseHolder | undefined): Warning => {
  const whose =
    from === undefined ? 'a younger WerfBundle of another namespace' : `the younger WerfBundle ${nameOf(from)}`;
  const message = `${releaseText(release)} belongs to ${whose}, which is no longer deployed once this one is`;
  return { field: FIELD, message };
};

const nameOf = ({ namespace, name }: Pick<ReleaseHolder, 'namespace' | 'name'>): string => `${namespace}/${name}`;
