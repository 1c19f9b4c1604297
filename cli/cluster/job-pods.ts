import type { ObjectRef } from '../../api/objects.js';
import type { ListOptions } from '../../kube/client.js';

/** Selects the Pods of a Job. */
export const podsOf = ({ namespace, name }: ObjectRef): ListOptions => ({
  namespace,
  labelSelector: `batch.kubernetes.io/job-name=${name}`,
});
