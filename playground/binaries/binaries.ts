/** Paths of the programs of a playground, each executable. */
export interface Binaries {
  readonly etcd: string;
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  /** The modern server of CRDs that stands beside a kube-apiserver too old for CEL; absent: not needed, or not to be had. */
  readonly apiextensionsApiserver?: string;
  readonly kubectl: string;
  /** Absent: the registry runs inside the playground's own process. */
  readonly dockerRegistry?: string;
}
