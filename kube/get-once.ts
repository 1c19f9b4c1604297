import type { Stored } from '../api/objects.js';
import type { ClusterRef, KubeClient, ResourceType } from './client.js';
import { refName, resourceName } from './resource-path.js';

/** Reads of single objects. */
export type Reads = Pick<KubeClient, 'get'>;

/**
 * Reads that ask for each object once, however often they are asked, and at the same time. For what has to see one state of things, and
 * has an end: a request, a look at a bundle, a command. An answer that failed is kept like any other: what is asked for twice is not
 * to be judged in two ways, nor waited for twice. The first who asks gives the signal.
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
