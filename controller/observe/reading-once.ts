import type { KubeObject } from '../../api/objects.js';
import type { ClusterRef, KubeClient, ResourceType } from '../../kube/client.js';
import { resourceName } from '../../kube/resource-path.js';

/** Reads of single objects. */
export type Reads = Pick<KubeClient, 'get'>;

/**
 * Reads that ask for each object once. For one run of a bundle, whose passes follow each other at once: what an intent was made of, its
 * Job is made of, too. A read that failed is made again.
 */
export const readingOnce = (client: Reads): Reads => {
  const known = new Map<string, Promise<KubeObject | undefined>>();
  return {
    get: <T extends KubeObject>(type: ResourceType, ref: ClusterRef, signal: AbortSignal): Promise<T | undefined> => {
      const key = `${resourceName(type)} ${ref.namespace ?? ''}/${ref.name}`;
      const before = known.get(key);
      // An object of a type has that type's shape.
      if (before !== undefined) return before as Promise<T | undefined>;
      const reading = client.get<T>(type, ref, signal);
      known.set(key, reading);
      reading.catch(() => known.delete(key));
      return reading;
    },
  };
};
