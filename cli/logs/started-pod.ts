import type { ObjectRef, Pod, Stored } from '../../api/objects.js';
import { PODS } from '../../kube/resources.js';
import { followObjects } from '../cluster/follow.js';
import { podsMadeBy, podsOf } from '../cluster/job-pods.js';
import { podStateOf } from './pod-state.js';

/** A Job that may not be there yet. */
export type AwaitedJob = ObjectRef & { readonly uid: string | undefined };

/**
 * Waits until the Job's Pod has a log. undefined when it is aborted.
 * @param onWaiting - the Pod's name, and what it waits for in Kubernetes' words; again when that is something else
 */
export const startedPod = async (
  on: Parameters<typeof followObjects>[0],
  job: AwaitedJob,
  onWaiting: (pod: string, why: string) => void,
): Promise<Stored<Pod> | undefined> => {
  const found = new AbortController();
  let pod: Stored<Pod> | undefined;
  let told = '';
  await followObjects(on, { type: PODS, ...podsOf(job), until: found.signal }, ({ after }) => {
    if (after === undefined || podsMadeBy(job, [after]).length === 0) return;
    const state = podStateOf(after);
    if (state.kind !== 'waiting') {
      pod = after;
      found.abort();
    } else if (state.why !== told) {
      told = state.why;
      onWaiting(after.metadata.name, told);
    }
  });
  return pod;
};
