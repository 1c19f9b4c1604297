import type { Pod } from '../../api/objects.js';

/** The one of a Job's Pods that was created last: after a drain, say, there are two. */
export const newestPod = <P extends Pod>(pods: readonly P[]): P | undefined =>
  pods.toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))[0];
