import type { Job, ObjectRef, Pod, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';

/** What the watches have brought so far, read from the caches: no call, and it may lag behind. */
export interface Lister {
  bundle(ref: ObjectRef): StoredBundle | undefined;
  bundles(): Iterable<StoredBundle>;
  /** The bundle that has the release of this one, because it is older; undefined: this one has it. */
  olderHolder(bundle: StoredBundle): ObjectRef | undefined;
  /** A Job by its name, whoever it belongs to. */
  job(ref: ObjectRef): Stored<Job> | undefined;
  /** The Jobs that bear the uid of a bundle in their label. */
  jobsOf(bundleUid: string): readonly Stored<Job>[];
  /** The Pods of a Job, by its uid. */
  podsOf(jobUid: string): readonly Stored<Pod>[];
}
