import type { Job, Pod } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { PODS } from '../../kube/resources.js';
import type { Log } from '../../process/ports.js';
import { unreadyPod, workloadsIn } from '../deploy/unready.js';

/** Selects the Pods that may be the reason: succeeded ones are not. */
const NOT_DONE = 'status.phase!=Succeeded,status.phase!=Unknown';

/**
 * Why the Pods are not ready that werf has waited for in vain: werf says which Deployment, but not why. The Pods are read live, once, in
 * pages of which only the reasons are kept; they are not watched. A failure to read them changes nothing.
 * @param error - werf's error in one line
 */
export const readPodReasons = async (
  { client, log }: { readonly client: KubeClient; readonly log: Log },
  { job, error }: { readonly job: Job; readonly error: string },
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const { namespace, name } = job.metadata;
  const workloads = workloadsIn(error, namespace);
  if (workloads.length === 0) return [];
  const keep = (pod: Pod) => unreadyPod(pod, workloads);
  try {
    const { items } = await client.list(PODS, { namespace, fieldSelector: NOT_DONE, keep }, signal);
    return items.flatMap((words) => words ?? []);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    log.warn('Pods of the release could not be read', { job: name, error: error.message });
    return [];
  }
};
