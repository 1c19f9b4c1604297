/** Where everything of one control plane is: its folder and the ports of 127.0.0.1. */
export interface Layout {
  readonly dir: string;
  readonly ports: Readonly<Record<PortName, number>>;
}

/** In what a control plane may differ from the usual one. */
export interface Peculiarities {
  /** An audit policy (audit.k8s.io/v1): each apiserver writes what it asks for to `<program>-audit.log`, a line of JSON each. */
  readonly auditPolicy?: object;
  /** Nothing runs Jobs, collects garbage or makes ServiceAccounts, and Pods need none: for who does by hand what they would do. */
  readonly withoutControllers?: true;
  /** Kubelets' certificates are not checked, as on most clusters: a kubelet need not have one of this control plane's authority. */
  readonly anyKubelet?: true;
}

/** `front` is the address people use; without a front the apiserver listens there itself. */
export type PortName = 'front' | 'etcd' | 'etcdPeer' | 'core' | 'modern';
export const PORT_NAMES = ['front', 'etcd', 'etcdPeer', 'core', 'modern'] as const;

const CONTROLLERS = [
  'job',
  'ttl-after-finished',
  'garbagecollector',
  'namespace',
  'serviceaccount',
  'serviceaccount-token',
  'clusterrole-aggregation',
  'root-ca-cert-publisher',
];

/** `Kubernetes v1.20.2` → 20. Undefined when it is not the answer of a Kubernetes program. */
export function minorVersion(answer: string): number | undefined {
  const found = /^Kubernetes v1\.(\d+)\./.exec(answer.trim())?.[1];
  return found === undefined ? undefined : Number(found);
}

/** CEL rules of CRDs are enforced from 1.25 on; older apiservers need the modern server of CRDs beside them. */
export const enforcesCel = (minor: number): boolean => minor >= 25;

/** Until 1.23 a service account is complete only when its token Secret is there, and Pods are refused before. */
export const hasTokenSecrets = (minor: number): boolean => minor < 24;

export function etcdFlags({ dir, ports }: Layout): string[] {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    '--name=playground',
    `--data-dir=${dir}/etcd`,
    '--log-level=warn',
    '--logger=zap',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=playground=${peer}`,
    // Nothing here must outlive a power cut, and every write waits for the disk otherwise.
    '--unsafe-no-fsync',
  ];
}

export function apiserverFlags(
  { dir, ports }: Layout,
  { minor, listen, peculiarities }: { minor: number; listen: number; peculiarities: Peculiarities },
): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--storage-media-type=application/vnd.kubernetes.protobuf',
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${listen}`,
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--tls-cert-file=${dir}/apiserver.crt`,
    `--tls-private-key-file=${dir}/apiserver.key`,
    `--cert-dir=${dir}/cert-dir`,
    `--client-ca-file=${dir}/ca.crt`,
    `--token-auth-file=${dir}/tokens.csv`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${dir}/sa.key`,
    `--service-account-key-file=${dir}/sa.pub`,
    '--kubelet-preferred-address-types=InternalIP',
    ...(peculiarities.anyKubelet ? [] : [`--kubelet-certificate-authority=${dir}/ca.crt`]),
    ...(minor < 24 ? ['--insecure-port=0'] : []),
    ...ttlGate(minor),
    ...auditFlags(dir, 'kube-apiserver', peculiarities),
    ...(peculiarities.withoutControllers ? ['--disable-admission-plugins=ServiceAccount'] : []),
  ];
}

/** Where the audit policy of a control plane stands, if it has one. */
export const auditPolicyFile = (dir: string): string => `${dir}/audit-policy.json`;

/** Never rotated: whoever asks for an audit wants all of it. */
const auditFlags = (dir: string, program: string, { auditPolicy }: Peculiarities): string[] =>
  auditPolicy === undefined
    ? []
    : [
        `--audit-policy-file=${auditPolicyFile(dir)}`,
        `--audit-log-path=${dir}/${program}-audit.log`,
        '--audit-log-maxsize=100000',
      ];

/** The modern server of CRDs: its own prefix in the same etcd; authentication and RBAC are asked of the core apiserver. */
export function apiextensionsFlags({ dir, ports }: Layout, peculiarities: Peculiarities): string[] {
  const core = `${dir}/core.kubeconfig`;
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--etcd-prefix=/modern',
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.modern}`,
    `--tls-cert-file=${dir}/apiserver.crt`,
    `--tls-private-key-file=${dir}/apiserver.key`,
    '--authentication-skip-lookup',
    `--kubeconfig=${core}`,
    `--authentication-kubeconfig=${core}`,
    `--authorization-kubeconfig=${core}`,
    // A RoleBinding made a moment ago must count, as it does in a single apiserver.
    '--authorization-webhook-cache-authorized-ttl=1ms',
    '--authorization-webhook-cache-unauthorized-ttl=1ms',
    // Both ask for kinds and an API that an old core apiserver does not have.
    '--disable-admission-plugins=ValidatingAdmissionPolicy,MutatingAdmissionPolicy',
    '--enable-priority-and-fairness=false',
    ...auditFlags(dir, 'apiextensions-apiserver', peculiarities),
  ];
}

export function controllerManagerFlags({ dir }: Layout, minor: number): string[] {
  return [
    `--kubeconfig=${dir}/kubeconfig`,
    '--leader-elect=false',
    '--secure-port=0',
    `--controllers=${CONTROLLERS.join(',')}`,
    `--service-account-private-key-file=${dir}/sa.key`,
    `--root-ca-file=${dir}/ca.crt`,
    '--use-service-account-credentials=false',
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--kube-api-content-type=application/vnd.kubernetes.protobuf',
    ...(minor < 24 ? ['--port=0'] : []),
    ...ttlGate(minor),
  ];
}

/** ttlSecondsAfterFinished of Jobs: off by default until 1.20, always there from 1.23 on, and the gate's name is gone later. */
const ttlGate = (minor: number): string[] => (minor < 21 ? ['--feature-gates=TTLAfterFinished=true'] : []);
