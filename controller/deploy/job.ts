import { labelValueOf } from '../../api/names.js';
import type { Job, ObjectMeta, OwnerReference } from '../../api/objects.js';
import { API_VERSION, KIND } from '../../api/werfbundle.js';
import type { BundleIdentity, JobParameters } from './job-parameters.js';
import { withTemplate } from './job-template.js';
import { ANNOTATIONS, APP_NAME, CONTAINER, LABELS, MANAGED_BY, PLAN } from './names.js';
import { SECRET_KEYS, secretNamesOf } from './secret-names.js';
import { applyArgs, applyPlanArgs, DOCKER_DIR, PLAN_DIR, PLAN_FILE, VALUES_DIR } from './werf-args.js';

const HOME = '/home/werf';
const CA_DIR = '/var/run/werfbundle/ca';
/** The werf image's user; runAsNonRoot wants it as a number. */
const USER = 1000;
/** Readable for owner and group (fsGroup), 0440. */
const SECRET_MODE = 0o440;
/** How much later the Job's deadline comes than the Pod's, seconds: the Job's would delete the Pod and its log. */
const JOB_DEADLINE_AFTER_S = 300;
const SECONDS_A_DAY = 86_400;

/**
 * The Job that deploys a bundle's tag with `werf bundle apply`. The same input always makes the same Job.
 * @see https://werf.io/docs/v2/reference/cli/werf_bundle_apply.html
 */
export const buildJob = (input: JobParameters): Job => {
  const args = input.savedPlan === undefined ? applyArgs : applyPlanArgs;
  return jobOf(input, args(input, timeoutOf(input)));
};

/** The Job of any werf command for a bundle. @param args - arguments of werf @param command - what runs werf */
export const jobOf = (input: JobParameters, args: readonly string[], command: readonly string[] = ['werf']): Job => {
  const { converge } = input.settings;
  const timeoutS = timeoutOf(input);
  const job: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: input.deployment.jobName,
      namespace: converge.targetNamespace,
      labels: jobLabels(input),
      annotations: annotationsOf(input),
      ...ownerOf(input.bundle, converge.targetNamespace),
    },
    spec: {
      backoffLimit: 0,
      // The Job fails only when its Pod has really ended: an evicted Pod may still change the cluster in its grace period.
      podReplacementPolicy: 'Failed',
      podFailurePolicy: DISRUPTED,
      activeDeadlineSeconds: timeoutS + JOB_DEADLINE_AFTER_S,
      ttlSecondsAfterFinished: converge.logRetentionDays * SECONDS_A_DAY,
      template: { metadata: podMetadata(input), spec: podSpec(input, { timeoutS, command, args }) },
    },
  };
  return withTemplate(job, input.template);
};

/** Makes the Job itself distinguish disruptions (drain, eviction, preemption) from werf's own failures. */
const DISRUPTED = {
  rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
} as const;

/** Seconds. */
const timeoutOf = ({ settings }: JobParameters): number => Math.ceil(settings.converge.timeoutMs / 1000);

const jobLabels = ({ bundle, driftCheck, plan }: JobParameters): Readonly<Record<string, string>> => ({
  ...labelsOf(bundle),
  ...((driftCheck ?? plan) !== undefined && { [LABELS.jobKind]: PLAN }),
});

/** Labels of all objects that are created for a bundle. */
export const labelsOf = (bundle: BundleIdentity): Readonly<Record<string, string>> => ({
  [LABELS.name]: APP_NAME,
  [LABELS.instance]: labelValueOf(bundle.name),
  [LABELS.managedBy]: MANAGED_BY,
  [LABELS.bundle]: labelValueOf(bundle.name),
  [LABELS.bundleNamespace]: labelValueOf(bundle.namespace),
  [LABELS.bundleUid]: bundle.uid,
});

/** Annotations of all objects that are created for a deployment; the last two keep Argo CD from pruning those with its tracking label. */
export const annotationsOf = ({
  bundle,
  deployment,
  driftCheck,
  plan,
  savedPlan,
  operatorVersion,
}: Pick<JobParameters, 'bundle' | 'deployment' | 'driftCheck' | 'plan' | 'savedPlan' | 'operatorVersion'>): Readonly<
  Record<string, string>
> => ({
  [ANNOTATIONS.bundle]: bundle.name,
  [ANNOTATIONS.bundleNamespace]: bundle.namespace,
  [ANNOTATIONS.number]: String(deployment.number),
  [ANNOTATIONS.tag]: deployment.tag,
  [ANNOTATIONS.digest]: deployment.digest,
  [ANNOTATIONS.reason]: deployment.reason,
  [ANNOTATIONS.checksum]: deployment.checksum,
  ...(driftCheck !== undefined && { [ANNOTATIONS.driftCheck]: String(driftCheck) }),
  ...(plan !== undefined && { [ANNOTATIONS.plan]: String(plan) }),
  ...(savedPlan !== undefined && { [ANNOTATIONS.savedPlan]: String(savedPlan) }),
  [ANNOTATIONS.operatorVersion]: operatorVersion,
  'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
  'argocd.argoproj.io/sync-options': 'Prune=false',
});

/** An owner in another namespace would make the garbage collector delete the Job at once. */
export const ownerOf = (bundle: BundleIdentity, namespace: string): Pick<ObjectMeta, 'ownerReferences'> => {
  if (bundle.namespace !== namespace) return {};
  const owner: OwnerReference = {
    apiVersion: API_VERSION,
    kind: KIND,
    name: bundle.name,
    uid: bundle.uid,
    controller: true,
    blockOwnerDeletion: false,
  };
  return { ownerReferences: [owner] };
};

/** Opts out of meshes: a sidecar would outlive werf, and keep the Job from ending. Istio reads the label, older versions the annotation. */
const podMetadata = (input: JobParameters): ObjectMeta => ({
  labels: { ...jobLabels(input), 'sidecar.istio.io/inject': 'false' },
  annotations: { ...annotationsOf(input), 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' },
});

const podSpec = (
  input: JobParameters,
  {
    timeoutS,
    ...run
  }: { readonly timeoutS: number; readonly command: readonly string[]; readonly args: readonly string[] },
): Readonly<Record<string, unknown>> => {
  const { serviceAccountName } = input.settings.converge;
  const files = filesOf(input);
  return {
    restartPolicy: 'Never',
    activeDeadlineSeconds: timeoutS,
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    automountServiceAccountToken: true,
    // A Service called werf-set-x would otherwise become WERF_SET_X_…, which werf reads as --set.
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [containerOf(input, { ...run, files })],
    volumes: [
      { name: 'home', emptyDir: {} },
      { name: 'tmp', emptyDir: {} },
      ...files.map(({ name, secretName, key, path }) => ({
        name,
        secret: { secretName, defaultMode: SECRET_MODE, items: [{ key, path }] },
      })),
    ],
  };
};

/** A key of a Secret as a file of the container. */
interface SecretFile {
  /** Name of the volume. */
  readonly name: string;
  readonly secretName: string;
  readonly key: string;
  readonly path: string;
  readonly mountPath: string;
}

const filesOf = (input: JobParameters): readonly SecretFile[] => {
  const { deployment, secrets } = input;
  const names = secretNamesOf(deployment.jobName);
  const { values, dockerConfig, ca, plan } = SECRET_KEYS;
  return [
    ...(appliesPlan(input)
      ? [{ name: 'plan', secretName: names.plan, key: plan, path: PLAN_FILE, mountPath: PLAN_DIR }]
      : []),
    ...(secrets.values
      ? [{ name: 'values', secretName: names.values, key: values, path: 'values.yaml', mountPath: VALUES_DIR }]
      : []),
    ...(secrets.dockerConfig
      ? [
          {
            name: 'docker-config',
            secretName: names.dockerConfig,
            key: dockerConfig,
            path: 'config.json',
            mountPath: DOCKER_DIR,
          },
        ]
      : []),
    ...(secrets.ca ? [{ name: 'ca', secretName: names.ca, key: ca, path: 'ca.crt', mountPath: CA_DIR }] : []),
  ];
};

/** Whether a deployment applies a plan that was saved. */
const appliesPlan = ({ plan, savedPlan }: JobParameters): boolean => plan === undefined && savedPlan !== undefined;

const containerOf = (
  input: JobParameters,
  pod: { readonly command: readonly string[]; readonly args: readonly string[]; readonly files: readonly SecretFile[] },
) => {
  const { converge } = input.settings;
  const resources = { cpu: converge.cpu, memory: converge.memory };
  return {
    name: CONTAINER,
    image: converge.image ?? input.werfImage,
    command: pod.command.map(literal),
    args: pod.args.map(literal),
    env: envOf(input),
    resources: { limits: resources, requests: resources },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
    },
    // The other policy would put the end of the log, unredacted, into the Pod's status.
    terminationMessagePolicy: 'File',
    volumeMounts: [
      { name: 'home', mountPath: HOME },
      { name: 'tmp', mountPath: '/tmp' },
      ...pod.files.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
    ],
  };
};

/** Kubernetes expands `$(NAME)` in arguments; `$$` is a dollar. */
const literal = (arg: string): string => arg.replaceAll('$', '$$$$');

const envOf = ({ deployment, secrets }: JobParameters): readonly object[] => [
  { name: 'HOME', value: HOME },
  { name: 'WERF_TELEMETRY', value: '0' },
  // `auto`, the image's own, re-executes werf in a new user namespace, which RuntimeDefault forbids (werf 5613).
  { name: 'WERF_BUILDAH_MODE', value: 'docker' },
  // Go reads these directories beside the system's bundle file.
  ...(secrets.ca ? [{ name: 'SSL_CERT_DIR', value: `/etc/ssl/certs:${CA_DIR}` }] : []),
  ...(secrets.key
    ? [
        {
          name: 'WERF_SECRET_KEY',
          valueFrom: { secretKeyRef: { name: secretNamesOf(deployment.jobName).key, key: SECRET_KEYS.key } },
        },
      ]
    : []),
];
