import type { ObjectRef, Pod } from '../../api/objects.js';
import type { ListOptions } from '../../kube/client.js';

/** Selects the Pods of a Job. */
export const podsOf = ({ namespace, name }: ObjectRef): ListOptions => ({
  namespace,
  labelSelector: `batch.kubernetes.io/job-name=${name}`,
});

/**
 * Those that the Job has made: anybody may give a Pod a label, and a Job of the same name may have been there before.
 * @param job - without a uid where the Job is not there yet: its name has to do
 */
export const podsMadeBy = <P extends Pick<Pod, 'metadata'>>(
  { uid, name }: { readonly uid?: string | undefined; readonly name: string },
  pods: readonly P[],
): readonly P[] =>
  pods.filter(({ metadata }) =>
    metadata.ownerReferences?.some(
      (owner) =>
        owner.kind === 'Job' &&
        owner.controller === true &&
        (uid === undefined ? owner.name === name : owner.uid === uid),
    ),
  );
