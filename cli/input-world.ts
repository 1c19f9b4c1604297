import type { KubeObject } from '../api/objects.js';
import { KubeError, type ResourceType } from '../kube/client.js';
import { SERVICEACCOUNTS } from '../kube/resources.js';
import type { Holder, Releases } from '../webhook/references/releases.js';
import { subjectOf } from '../webhook/references/subject.js';
import { type BundleManifest, bundleOf } from './bundle-manifest.js';
import { asStored, folderOf, type InputObjects } from './input-objects.js';
import { textAt } from './manifests.js';
import type { Side, World } from './world.js';

/** The input alone: what it does not hold is not known, and nobody is asked what they may do. */
export const inputWorld = (objects: InputObjects, bundles: readonly BundleManifest[]): World => ({
  unknown: 'is not in the input',
  requester: { username: '', uid: '', groups: [], extra: {} },
  authorize: 'off',
  objects,
  sideOf: async (bundle) => sideOf(objects, bundles, bundle),
});

const sideOf = (objects: InputObjects, bundles: readonly BundleManifest[], bundle: BundleManifest): Side => ({
  kube: {
    get: async <T extends KubeObject>(type: ResourceType, ref: Parameters<InputObjects['find']>[1]) => {
      const found = objects.find(type.kind, ref, bundle.file);
      // Kubernetes itself makes one in every namespace.
      if (type === SERVICEACCOUNTS && ref.name === 'default') return { metadata: ref } as T;
      // The type of a resource is the type of its objects.
      return found === undefined ? undefined : (asStored(type, found) as T);
    },
    createSubresource: async () => {
      throw new KubeError('unavailable', 'there is no cluster to ask');
    },
  },
  releases: releasesBefore(bundles, bundle),
  releasesFault: () => undefined,
  stored: undefined,
});

/**
 * Of bundles that are all still to be created, those that come first have their releases first. Only those of one folder: other
 * folders may be for other clusters.
 */
const releasesBefore = (bundles: readonly BundleManifest[], bundle: BundleManifest): Releases => ({
  holders: async (place) =>
    bundles
      .slice(0, bundles.indexOf(bundle))
      .filter((other) => folderOf(other.file) === folderOf(bundle.file) && isAt(other, place))
      .map(
        (other): Holder => ({
          namespace: other.namespace,
          name: textAt(other, 'metadata', 'name'),
          uid: '',
          createdAt: '',
        }),
      ),
});

const isAt = (other: BundleManifest, place: Parameters<Releases['holders']>[0]): boolean => {
  const held = subjectOf(bundleOf(other), other.namespace).place;
  return held?.namespace === place.namespace && held.release === place.release;
};
