import type { ObjectRef, Pod } from '../../api/objects.js';
import type { ListOptions } from '../../kube/client.js';

/** Selects the Pods of a Job. */
export const podsOf = ({ namespace, name }: ObjectRef): ListOptions => ({
  namespace,
  labelSelector: `batch.kubernetes.io/job-name=${name}`,
});

/** Those that the Job has made, by its uid: anybody may give a Pod a label, and a Job of the same name may have been there before. */
export const podsMadeBy = <P extends Pick<Pod, 'metadata'>>(uid: string, pods: readonly P[]): readonly P[] =>
  pods.filter(({ metadata }) =>
    metadata.ownerReferences?.some((owner) => owner.kind === 'Job' && owner.uid === uid && owner.controller === true),
  );
