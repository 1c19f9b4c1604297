import type { Releases } from '../../admission/references/releases.js';
import type { Stored } from '../../api/objects.js';
import { keyOfRelease, type Release, type ReleaseHolder, releaseOf } from '../../api/references/release.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { SERVICEACCOUNTS } from '../../kube/resources.js';
import { type BundleManifest, bundleOf } from './bundle-manifest.js';
import { asStored, folderOf, type InputObjects } from './input-objects.js';
import { textAt } from './manifests.js';
import type { BundleView, ObjectSource } from './object-source.js';

/** The input alone: objects that it does not hold are unknown, and no grants are checked. */
export const inputSource = (objects: InputObjects, bundles: readonly BundleManifest[]): ObjectSource => {
  const places = new Map(bundles.map((bundle, place) => [bundle, place] as const));
  const claims = claimsOf(bundles);
  return {
    unknown: 'is not in the input',
    requester: { username: '', uid: '', groups: [], extra: {} },
    authorize: 'off',
    objects,
    viewOf: async (bundle) => ({
      client: clientOf(objects, bundle),
      releases: releasesBefore(claims, bundle, places.get(bundle) ?? 0),
      releasesFault: () => undefined,
      stored: undefined,
    }),
  };
};

const clientOf = (objects: InputObjects, bundle: BundleManifest): BundleView['client'] => ({
  get: async <S extends Stored>(type: ResourceType<S>, ref: Parameters<InputObjects['find']>[1]) => {
    const found = objects.find(type.kind, ref, bundle.file);
    // Kubernetes itself creates this account in every namespace.
    if (type === SERVICEACCOUNTS && ref.name === 'default') return { metadata: ref } as S;
    // The type of a resource is the type of its objects.
    return found === undefined ? undefined : (asStored(type, found) as S);
  },
  ask: async () => {
    throw new KubeError('unavailable', 'there is no cluster to ask');
  },
});

/** A bundle that claims a release, and its place among all. */
interface Claim {
  readonly place: number;
  readonly holder: ReleaseHolder;
}

/** The claims of all bundles, by folder and release. */
type Claims = ReadonlyMap<string, readonly Claim[]>;

const claimsOf = (bundles: readonly BundleManifest[]): Claims => {
  const claims = new Map<string, Claim[]>();
  for (const [place, bundle] of bundles.entries()) {
    const { namespace, file } = bundle;
    const release = releaseOf(bundleOf(bundle), namespace);
    if (release === undefined) continue;
    const claim = { place, holder: { namespace, name: textAt(bundle, 'metadata', 'name'), uid: '', createdAt: '' } };
    const same = claims.get(keyOf(file, release));
    if (same === undefined) claims.set(keyOf(file, release), [claim]);
    else same.push(claim);
  }
  return claims;
};

/** Only bundles of one folder count, since other folders may be for other clusters. */
const keyOf = (file: string, release: Release): string => `${folderOf(file)} ${keyOfRelease(release)}`;

/** The releases that earlier bundles of the input claim: of bundles that are all still to be created, the first one holds a release. */
const releasesBefore = (claims: Claims, { file }: BundleManifest, place: number): Releases => ({
  holders: async (claimed) =>
    (claims.get(keyOf(file, claimed)) ?? []).filter((claim) => claim.place < place).map(({ holder }) => holder),
});
