import type { V1PodSpec } from '@kubernetes/client-node';
import type { KubeObject, ObjectMeta, ObjectRef, Pod } from '../../api/objects.js';

/** A Pod as the node agent reads it: as stored, so with the apiserver's defaults filled in. */
export interface AgentPod extends KubeObject {
  readonly metadata: ObjectMeta & { readonly deletionGracePeriodSeconds?: number };
  readonly spec: V1PodSpec;
  readonly status?: Pod['status'] & { readonly startTime?: string };
}

/** @throws if the Pod was not read from an apiserver: a bug */
export function refOf(pod: AgentPod): ObjectRef & { readonly uid: string } {
  const { namespace, name, uid } = pod.metadata;
  if (namespace === undefined || name === undefined || uid === undefined) throw new Error('a Pod without identity');
  return { namespace, name, uid };
}

/** RFC 3339 with whole seconds, as Kubernetes writes its times. */
export const timestamp = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+Z$/, 'Z');
