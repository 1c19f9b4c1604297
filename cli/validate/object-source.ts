import type { Requester } from '../../admission/admission-request.js';
import type { GrantDeps } from '../../admission/grants/grants.js';
import type { Releases } from '../../admission/references/releases.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import type { BundleManifest } from './bundle-manifest.js';
import type { InputObjects } from './input-objects.js';

/** What bundles are judged against: the input alone, or the input and a cluster. */
export interface ObjectSource {
  /** What to say of an object that is not found: `is not in the input`; undefined if every existing object can be found. */
  readonly unknown: string | undefined;
  readonly requester: Requester;
  readonly authorize: GrantDeps['authorize'];
  readonly objects: InputObjects;
  viewOf(bundle: BundleManifest): Promise<BundleView>;
}

/** The objects as one bundle sees them. */
export interface BundleView {
  readonly client: Pick<KubeClient, 'get' | 'ask'>;
  readonly releases: Releases;
  /** Why it is not known which bundles claim which release; undefined if it is known. */
  releasesFault(): string | undefined;
  /** The bundle as stored in the cluster, if it is. */
  readonly stored: WerfBundle | undefined;
}
