import type { Job, ObjectRef, Pod, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { CachedBundle } from './projections.js';

/** Reads from the watch caches: it makes no calls, and may lag behind. */
export interface Lister {
  bundle(ref: ObjectRef): CachedBundle | undefined;
  bundles(): Iterable<StoredBundle>;
  /** The older bundle that holds this one's release; undefined: this one holds it. */
  olderHolder(bundle: StoredBundle): ObjectRef | undefined;
  /** The other bundles that deploy the same release. */
  otherHolders(bundle: StoredBundle): readonly ObjectRef[];
  /** A Job by its name, of any owner; it says only what is proven. */
  job(ref: ObjectRef): Stored<Job> | undefined;
  /** The Jobs that are proven to be made for a bundle. */
  jobsOf(bundleUid: string): readonly Stored<Job>[];
  /** The Pods of a Job. */
  podsOf(job: Stored<Job>): readonly Stored<Pod>[];
}
