import type { V1PodSpec } from '@kubernetes/client-node';
import type { KubeObject, ObjectIdentity, Pod, Stored } from '../../api/objects.js';

/** A Pod as the node agent reads it: as stored, so with the apiserver's defaults filled in. */
export interface AgentPod extends KubeObject {
  readonly metadata: Stored<Pod>['metadata'] & { readonly deletionGracePeriodSeconds?: number };
  readonly spec: V1PodSpec;
  readonly status?: Pod['status'] & { readonly startTime?: string };
}

/** Which Pod it is. */
export const refOf = ({ metadata: { namespace, name, uid } }: AgentPod): ObjectIdentity => ({ namespace, name, uid });

/** RFC 3339 with whole seconds, as Kubernetes writes its times. */
export const timestamp = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+Z$/, 'Z');
