import type { Job, ObjectRef, Pod, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';

/** Reads from the watch caches: it makes no calls, and may lag behind. */
export interface Lister {
  bundle(ref: ObjectRef): StoredBundle | undefined;
  bundles(): Iterable<StoredBundle>;
  /** The older bundle that holds this one's release; undefined: this one holds it. */
  olderHolder(bundle: StoredBundle): ObjectRef | undefined;
  /** A Job by its name, of any owner. */
  job(ref: ObjectRef): Stored<Job> | undefined;
  /** The Jobs that bear the uid of a bundle in their label. */
  jobsOf(bundleUid: string): readonly Stored<Job>[];
  /** The Pods of a Job, by its uid. */
  podsOf(jobUid: string): readonly Stored<Pod>[];
}
