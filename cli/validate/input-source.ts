import type { Releases } from '../../admission/references/releases.js';
import type { Stored } from '../../api/objects.js';
import { keyOfRelease, type ReleaseHolder, releaseOf } from '../../api/references/release.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { SERVICEACCOUNTS } from '../../kube/resources.js';
import { type BundleManifest, bundleOf } from './bundle-manifest.js';
import { asStored, folderOf, type InputObjects } from './input-objects.js';
import { textAt } from './manifests.js';
import type { BundleView, ObjectSource } from './object-source.js';

/** The input alone: objects that it does not hold are unknown, and no grants are checked. */
export const inputSource = (objects: InputObjects, bundles: readonly BundleManifest[]): ObjectSource => {
  const holders = bundles.map(heldBy);
  return {
    unknown: 'is not in the input',
    requester: { username: '', uid: '', groups: [], extra: {} },
    authorize: 'off',
    objects,
    viewOf: async (bundle) => ({
      client: clientOf(objects, bundle),
      releases: releasesBefore(holders.slice(0, bundles.indexOf(bundle)), folderOf(bundle.file)),
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

/** A bundle with the release that it will claim. */
interface Held {
  readonly folder: string;
  /** undefined: not known, or malformed. */
  readonly release: string | undefined;
  readonly holder: ReleaseHolder;
}

const heldBy = (bundle: BundleManifest): Held => {
  const { namespace, file } = bundle;
  const name = textAt(bundle, 'metadata', 'name');
  const release = releaseOf(bundleOf(bundle), namespace);
  return {
    folder: folderOf(file),
    release: release && keyOfRelease(release),
    holder: { namespace, name, uid: '', createdAt: '' },
  };
};

/**
 * The releases that earlier bundles of the input claim: of bundles that are all still to be created, the first one holds a release.
 * Only bundles of one folder count, since other folders may be for other clusters.
 */
const releasesBefore = (earlier: readonly Held[], folder: string): Releases => ({
  holders: async (claimed) =>
    earlier
      .filter(({ folder: other, release }) => other === folder && release === keyOfRelease(claimed))
      .map(({ holder }) => holder),
});
