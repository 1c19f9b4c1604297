import type { Stored } from '../../api/objects.js';
import type { ClusterRef, KubeClient, ResourceType } from '../../kube/client.js';
import { resourceName } from '../../kube/resource-path.js';

/** Reads of single objects. */
export type Reads = Pick<KubeClient, 'get'>;

/**
 * Reads each object only once. It is meant for one run of a bundle, whose passes follow each other at once, so that an intent and its Job
 * are made of the same objects. A failed read is repeated.
 */
export const readingOnce = (client: Reads): Reads => {
  const known = new Map<string, Promise<Stored | undefined>>();
  return {
    get: <S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal): Promise<S | undefined> => {
      const key = `${resourceName(type)} ${ref.namespace ?? ''}/${ref.name}`;
      const before = known.get(key);
      // An object of a type has that type's shape.
      if (before !== undefined) return before as Promise<S | undefined>;
      const reading = client.get(type, ref, signal);
      known.set(key, reading);
      reading.catch(() => known.delete(key));
      return reading;
    },
  };
};
