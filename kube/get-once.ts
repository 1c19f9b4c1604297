import type { Stored } from '../api/objects.js';
import type { ClusterRef, KubeClient, ResourceType } from './client.js';
import { refName, resourceName } from './resource-path.js';

/** Reads of single objects. */
export type Reads = Pick<KubeClient, 'get'>;

/**
 * Reads each object at most once, also if it is wanted several times at the same time. For work that has to see one state of the cluster,
 * and that ends: a request, a reconcile, a command. A failure is kept like any other answer, so that two references to one object are
 * judged alike. The signal of the first read counts.
 */
export const getOnce = (reads: Reads): Reads => {
  const asked = new Map<string, Promise<Stored | undefined>>();
  return {
    get: <S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal): Promise<S | undefined> => {
      const key = `${resourceName(type)} ${refName(ref)}`;
      const answer = asked.get(key) ?? reads.get(type, ref, signal);
      asked.set(key, answer);
      // The type of a resource is the type of its objects.
      return answer as Promise<S | undefined>;
    },
  };
};
