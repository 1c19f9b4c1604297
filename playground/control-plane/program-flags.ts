/** Where everything of one control plane is: its folder and the ports of 127.0.0.1. */
export interface Layout {
  readonly dir: string;
  readonly ports: Readonly<Record<PortName, number>>;
}

/** How a control plane may differ from the usual one. */
export interface Peculiarities {
  /** An audit policy (audit.k8s.io/v1): the apiserver writes what it asks for to `kube-apiserver-audit.log`, a line of JSON each. */
  readonly auditPolicy?: object;
  /** No controllers run Jobs, collect garbage or create ServiceAccounts, and Pods need none: for specs that do their work by hand. */
  readonly withoutControllers?: true;
  /** Path of an AdmissionConfiguration: among others, what the apiserver shows to webhooks. */
  readonly admissionConfig?: string;
  /** Path of a TracingConfiguration: the apiserver traces, and tells webhooks of it. */
  readonly tracingConfig?: string;
  /** Kubelets' certificates are not checked, as on most clusters: a kubelet need not have one by this control plane's CA. */
  readonly anyKubelet?: true;
}

export const PORT_NAMES = ['apiserver', 'etcd', 'etcdPeer'] as const;
export type PortName = (typeof PORT_NAMES)[number];

/** The controllers that Jobs, namespaces, admission policies and the playground's charts need. */
const CONTROLLERS = [
  'job-controller',
  'deployment-controller',
  'replicaset-controller',
  'ttl-after-finished-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'clusterrole-aggregation-controller',
  'root-ca-certificate-publisher-controller',
  // Says whether the expressions of an admission policy fit the schema.
  'validatingadmissionpolicy-status-controller',
];

export const etcdFlags = ({ dir, ports }: Layout): string[] => {
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
};

export const apiserverFlags = ({ dir, ports }: Layout, peculiarities: Peculiarities): string[] => [
  `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
  '--storage-media-type=application/vnd.kubernetes.protobuf',
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  `--secure-port=${ports.apiserver}`,
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
  ...(peculiarities.admissionConfig === undefined
    ? []
    : [`--admission-control-config-file=${peculiarities.admissionConfig}`]),
  ...(peculiarities.tracingConfig === undefined ? [] : [`--tracing-config-file=${peculiarities.tracingConfig}`]),
  ...auditFlags(dir, peculiarities),
  ...(peculiarities.withoutControllers ? ['--disable-admission-plugins=ServiceAccount'] : []),
];

/** Where the audit policy of a control plane stands, if it has one. */
export const auditPolicyFile = (dir: string): string => `${dir}/audit-policy.json`;

/** The flags for an audit log, which is never rotated: a spec needs all of it. */
const auditFlags = (dir: string, { auditPolicy }: Peculiarities): string[] =>
  auditPolicy === undefined
    ? []
    : [
        `--audit-policy-file=${auditPolicyFile(dir)}`,
        `--audit-log-path=${dir}/kube-apiserver-audit.log`,
        '--audit-log-maxsize=100000',
      ];

export const controllerManagerFlags = ({ dir }: Layout): string[] => [
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
];
