import type { Requester } from '../../admission/admission-request.js';
import type { GrantDeps } from '../../admission/grants/grants.js';
import type { Stored } from '../../api/objects.js';
import {
  holderOf,
  isOlder,
  keyOfRelease,
  type Release,
  type ReleaseHolder,
  releaseKeyOf,
} from '../../api/references/release.js';
import type { StoredBundle, WerfBundle } from '../../api/werfbundle.js';
import { type ClusterRef, type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { getOnce } from '../../kube/get-once.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { BundleManifest } from './bundle-manifest.js';
import { asStored, type InputObjects, isEncrypted } from './input-objects.js';
import { textAt } from './manifests.js';
import type { BundleView, ObjectSource } from './object-source.js';
import { selfReviewing } from './self-review.js';

type Client = Pick<KubeClient, 'get' | 'list' | 'ask'>;

interface ClusterSourceDeps {
  readonly client: Client;
  readonly requester: Requester;
  readonly authorize: GrantDeps['authorize'];
  readonly objects: InputObjects;
}

/**
 * A cluster, with its user's own rights, as it will be once the input is applied: objects of the input come first, all others are
 * looked up. A look-up that is forbidden is reported as "could not be checked".
 */
export const clusterSource = ({ client, requester, authorize, objects }: ClusterSourceDeps): ObjectSource => {
  // Many bundles of one input refer to the same objects.
  const { get } = getOnce(client);
  const listed = onceOnly((signal: AbortSignal) => listBundles(client, signal));
  const { ask } = selfReviewing(client);
  return {
    unknown: undefined,
    requester,
    authorize,
    objects,
    viewOf: async (bundle) => {
      const stored = await storedBundle(get, bundle);
      let fault: string | undefined;
      const holders: BundleView['releases']['holders'] = async (release, signal) => {
        const all = await listed(signal);
        if (all.kind === 'failed') fault = all.why;
        return all.kind === 'failed' ? [] : holdersOf(all.bundles, release).filter((other) => keepsIt(other, stored));
      };
      return {
        client: { get: preferring(objects, bundle, get), ask },
        releases: { holders },
        releasesFault: () => fault,
        stored,
      };
    },
  };
};

type Get = Client['get'];

/** Prefers the input's objects to the cluster's, except encrypted ones, whose content only the cluster knows. */
const preferring =
  (objects: InputObjects, bundle: BundleManifest, get: Get): Get =>
  async <S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal) => {
    const found = objects.find(type.kind, ref, bundle.file);
    if (found === undefined || isEncrypted(found)) return get(type, ref, signal);
    return asStored(type, found) as S;
  };

/** The stored bundle; if it may not be read, the bundle is judged as a new one. */
const storedBundle = async (get: Get, bundle: BundleManifest): Promise<WerfBundle | undefined> => {
  const ref = { namespace: bundle.namespace, name: textAt(bundle, 'metadata', 'name') };
  if (ref.name === '') return undefined;
  try {
    return await get(WERFBUNDLES, ref, new AbortController().signal);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return undefined;
  }
};

type Listed =
  | { readonly kind: 'listed'; readonly bundles: readonly StoredBundle[] }
  | { readonly kind: 'failed'; readonly why: string };

const listBundles = async (client: Client, signal: AbortSignal): Promise<Listed> => {
  try {
    return { kind: 'listed', bundles: (await client.list(WERFBUNDLES, {}, signal)).items };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { kind: 'failed', why: error.message };
  }
};

const onceOnly = <T>(run: (signal: AbortSignal) => Promise<T>): ((signal: AbortSignal) => Promise<T>) => {
  let running: Promise<T> | undefined;
  return (signal) => {
    running ??= run(signal);
    return running;
  };
};

const holdersOf = (bundles: readonly StoredBundle[], release: Release): readonly ReleaseHolder[] =>
  bundles.filter((bundle) => releaseKeyOf(bundle) === keyOfRelease(release)).map(holderOf);

/** Whether the stored bundle holds its release against another one; a bundle that is judged as new would lose it to all others. */
const keepsIt = (other: ReleaseHolder, stored: WerfBundle | undefined): boolean => {
  const { uid = '', creationTimestamp } = stored?.metadata ?? {};
  return creationTimestamp === undefined || isOlder(other, { uid, createdAt: creationTimestamp });
};
