/** Programs of a control plane, all of which it needs. */
export const CONTROL_PLANE = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
export type ControlPlaneProgram = (typeof CONTROL_PLANE)[number];

/** Paths of the programs of a playground, each executable. */
export interface Binaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubectl: string;
  /** Absent: the registry runs inside the playground's own process. */
  readonly dockerRegistry?: string;
}
