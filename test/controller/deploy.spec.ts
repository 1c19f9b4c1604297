import fc from 'fast-check';
import t from 'tap';
import type { Job, KubeEvent, Pod } from '../../api/objects.js';
import { buildDismissJob } from '../../controller/deploy/dismiss-job.js';
import { buildJob } from '../../controller/deploy/job.js';
import type { JobParameters } from '../../controller/deploy/job-parameters.js';
import type { JobResult } from '../../controller/deploy/job-result.js';
import { type JobTemplate, parseJobTemplate } from '../../controller/deploy/job-template.js';
import { LOG_TAIL_BYTES, lastErrorLine, logTail, plainLog } from '../../controller/deploy/log-tail.js';
import { ANNOTATIONS, belongsTo, LABELS, madeAlike } from '../../controller/deploy/names.js';
import { buildPlanJob, checkOf, isPlanJob, planInput } from '../../controller/deploy/plan-job.js';
import { type PlanFinding, planFinding } from '../../controller/deploy/plan-summary.js';
import { piecesOf, redact } from '../../controller/deploy/redact.js';
import { jobResult, withErrorLine } from '../../controller/deploy/result.js';
import {
  buildSecrets,
  ownedBy,
  presentSecrets,
  redactionSecretName,
  type SecretContents,
  secretTextsOf,
} from '../../controller/deploy/secrets.js';
import { needsWords, type WaitingWords, withWords, wordsOf } from '../../controller/deploy/waiting.js';

/*
 * The two Jobs below and the Secrets of the full one were given to a kube-apiserver by hand (`kubectl apply --dry-run=server`,
 * then for real): it accepts them, and its Job controller makes their Pods. So it does the Secret of almost 1 MB.
 */

const NOTHING: SecretContents = {
  valuesFile: undefined,
  dockerConfig: undefined,
  werfSecretKey: undefined,
  ca: undefined,
  secretTexts: [],
};

const SIMPLE: JobParameters = {
  bundle: { namespace: 'ops', name: 'my-app', uid: '6f1c6c9e-0000-4000-8000-000000000001' },
  deployment: {
    number: 1,
    tag: 'v1.2.3',
    digest: 'sha256:aaaa',
    reason: 'NewTag',
    checksum: 'k1:cccc',
    jobName: 'my-app-11111111-22222222',
  },
  settings: {
    registry: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
    converge: {
      targetNamespace: 'ops',
      releaseName: 'my-app',
      cpu: '1',
      memory: '1Gi',
      logRetentionDays: 7,
      timeoutMs: 1_800_000,
      rollbackOnFailure: false,
    },
  },
  werfImage: 'registry.werf.io/werf/werf:3.2.0',
  valuesArgs: [],
  secrets: presentSecrets(NOTHING),
  operatorVersion: '0.1.0',
  template: undefined,
};

const SIMPLE_LABELS = {
  'app.kubernetes.io/name': 'werfbundle',
  'app.kubernetes.io/instance': 'my-app',
  'app.kubernetes.io/managed-by': 'werfbundle-controller',
  'werf.io/bundle': 'my-app',
  'werf.io/bundle-namespace': 'ops',
  'werf.io/bundle-uid': '6f1c6c9e-0000-4000-8000-000000000001',
};
const SIMPLE_ANNOTATIONS = {
  'werf.io/bundle': 'my-app',
  'werf.io/bundle-namespace': 'ops',
  'werf.io/deployment-number': '1',
  'werf.io/tag': 'v1.2.3',
  'werf.io/digest': 'sha256:aaaa',
  'werf.io/reason': 'NewTag',
  'werf.io/checksum': 'k1:cccc',
  'werf.io/operator-version': '0.1.0',
  'argocd.argoproj.io/compare-options': 'IgnoreExtraneous',
  'argocd.argoproj.io/sync-options': 'Prune=false',
};
const NO_MESH = { 'sidecar.istio.io/inject': 'false', 'linkerd.io/inject': 'disabled' };
const POD_SECURITY = {
  runAsNonRoot: true,
  runAsUser: 1000,
  runAsGroup: 1000,
  fsGroup: 1000,
  seccompProfile: { type: 'RuntimeDefault' },
};
const CONTAINER_SECURITY = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
};

t.test('the Job of a bundle that asks for nothing special', (t) => {
  t.strictSame(buildJob(SIMPLE), {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: 'my-app-11111111-22222222',
      namespace: 'ops',
      labels: SIMPLE_LABELS,
      annotations: SIMPLE_ANNOTATIONS,
      ownerReferences: [
        {
          apiVersion: 'werf.io/v1alpha1',
          kind: 'WerfBundle',
          name: 'my-app',
          uid: '6f1c6c9e-0000-4000-8000-000000000001',
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      activeDeadlineSeconds: 2100,
      ttlSecondsAfterFinished: 604_800,
      template: {
        metadata: {
          labels: { ...SIMPLE_LABELS, 'sidecar.istio.io/inject': 'false' },
          annotations: { ...SIMPLE_ANNOTATIONS, ...NO_MESH },
        },
        spec: {
          restartPolicy: 'Never',
          activeDeadlineSeconds: 1800,
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          securityContext: POD_SECURITY,
          containers: [
            {
              name: 'werf',
              image: 'registry.werf.io/werf/werf:3.2.0',
              command: ['werf'],
              args: [
                'bundle',
                'apply',
                '--repo',
                'ghcr.io/acme/app',
                '--tag',
                'v1.2.3',
                '--release',
                'my-app',
                '--namespace',
                'ops',
                '--timeout',
                '1770',
                '--releases-history-max',
                '5',
                '--log-color-mode=off',
                '--log-pretty=false',
                '--log-terminal-width=200',
              ],
              env: [
                { name: 'HOME', value: '/home/werf' },
                { name: 'WERF_TELEMETRY', value: '0' },
                { name: 'WERF_BUILDAH_MODE', value: 'docker' },
              ],
              resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } },
              securityContext: CONTAINER_SECURITY,
              terminationMessagePolicy: 'File',
              volumeMounts: [
                { name: 'home', mountPath: '/home/werf' },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            { name: 'home', emptyDir: {} },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
    },
  });
  t.strictSame(buildJob(SIMPLE), buildJob(SIMPLE), 'is always the same');
  t.end();
});

const LONG_NAME = `${'team-a.'.repeat(20)}app`;
const DOCKER_CONFIG = JSON.stringify({
  auths: { 'ghcr.io': { auth: Buffer.from('robot:s3cr3t-token').toString('base64'), identitytoken: 'identity-1' } },
});
const SUPPLIES: SecretContents = {
  valuesFile: '{"password": "hunter22"}\n',
  dockerConfig: DOCKER_CONFIG,
  werfSecretKey: 'f00dfeed',
  ca: '-----BEGIN CERTIFICATE-----\n',
  secretTexts: ['hunter22'],
};
const FULL: JobParameters = {
  ...SIMPLE,
  bundle: { ...SIMPLE.bundle, name: LONG_NAME },
  deployment: {
    ...SIMPLE.deployment,
    number: 12,
    tag: 'v$(HOME)',
    reason: 'Retry',
    jobName: 'team-a-33333333-44444444',
  },
  settings: {
    registry: { host: 'registry.local:5000', repository: 'app', insecure: true },
    converge: {
      ...SIMPLE.settings.converge,
      targetNamespace: 'production',
      serviceAccountName: 'werf-converge',
      image: 'ghcr.io/werf/werf:2.80.0',
      environment: 'prod',
      timeoutMs: 60_000,
      rollbackOnFailure: true,
    },
  },
  valuesArgs: ['--set=app.debug=true', '--set-string=app.home=$(HOME)'],
  secrets: presentSecrets(SUPPLIES),
};

t.test('the Job of a bundle that asks for everything, in another namespace', (t) => {
  const job = buildJob(FULL);
  const spec = job.spec?.template.spec ?? {};
  t.strictSame(job.metadata, {
    name: 'team-a-33333333-44444444',
    namespace: 'production',
    labels: {
      ...SIMPLE_LABELS,
      'app.kubernetes.io/instance': job.metadata.labels?.[LABELS.instance],
      'werf.io/bundle': job.metadata.labels?.[LABELS.instance],
    },
    annotations: {
      ...SIMPLE_ANNOTATIONS,
      'werf.io/bundle': LONG_NAME,
      'werf.io/deployment-number': '12',
      'werf.io/tag': 'v$(HOME)',
      'werf.io/reason': 'Retry',
    },
  });
  t.match(
    job.metadata.labels?.[LABELS.instance],
    /^(team-a\.){7}team-[0-9a-f]{8}$/,
    'a name too long for a label is cut and hashed',
  );
  t.equal(job.spec?.activeDeadlineSeconds, 360);
  const { containers, volumes, ...pod } = spec;
  t.strictSame(pod, {
    restartPolicy: 'Never',
    activeDeadlineSeconds: 60,
    serviceAccountName: 'werf-converge',
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    securityContext: POD_SECURITY,
  });
  const file = (name: string, secretName: string, key: string, path: string) => ({
    name,
    secret: { secretName: `team-a-33333333-44444444-${secretName}`, defaultMode: 0o440, items: [{ key, path }] },
  });
  t.strictSame(volumes, [
    { name: 'home', emptyDir: {} },
    { name: 'tmp', emptyDir: {} },
    file('values', 'values', 'values.yaml', 'values.yaml'),
    file('docker-config', 'docker', '.dockerconfigjson', 'config.json'),
    file('ca', 'ca', 'ca.crt', 'ca.crt'),
  ]);
  t.strictSame(containers, [
    {
      name: 'werf',
      image: 'ghcr.io/werf/werf:2.80.0',
      command: ['werf'],
      args: [
        'bundle',
        'apply',
        '--set=app.debug=true',
        '--set-string=app.home=$$(HOME)',
        '--repo',
        'registry.local:5000/app',
        '--tag',
        'v$$(HOME)',
        '--release',
        'my-app',
        '--namespace',
        'production',
        '--env',
        'prod',
        '--values',
        '/var/run/werfbundle/values/values.yaml',
        '--timeout',
        '33',
        '--auto-rollback',
        '--releases-history-max',
        '5',
        '--docker-config',
        '/var/run/werfbundle/docker',
        '--insecure-registry',
        '--log-color-mode=off',
        '--log-pretty=false',
        '--log-terminal-width=200',
      ],
      env: [
        { name: 'HOME', value: '/home/werf' },
        { name: 'WERF_TELEMETRY', value: '0' },
        { name: 'WERF_BUILDAH_MODE', value: 'docker' },
        { name: 'SSL_CERT_DIR', value: '/etc/ssl/certs:/var/run/werfbundle/ca' },
        {
          name: 'WERF_SECRET_KEY',
          valueFrom: { secretKeyRef: { name: 'team-a-33333333-44444444-key', key: 'key' } },
        },
      ],
      resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } },
      securityContext: CONTAINER_SECURITY,
      terminationMessagePolicy: 'File',
      volumeMounts: [
        { name: 'home', mountPath: '/home/werf' },
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'values', mountPath: '/var/run/werfbundle/values', readOnly: true },
        { name: 'docker-config', mountPath: '/var/run/werfbundle/docker', readOnly: true },
        { name: 'ca', mountPath: '/var/run/werfbundle/ca', readOnly: true },
      ],
    },
  ]);
  t.notMatch(JSON.stringify(job), /hunter22|s3cr3t|f00dfeed/, 'nothing of a Secret stands in it');
  t.end();
});

t.test('the Job of a plan is the Job of its deployment, with other arguments and marked as what it is', (t) => {
  const { deployment, ...rest } = FULL;
  const { tag, digest, checksum, number } = deployment;
  const input = planInput(rest, { tag, digest, checksum, number }, 3);
  const job = buildPlanJob(input);
  const { jobName } = input.deployment;
  t.match(jobName, /^[a-z0-9-]{1,63}$/);
  t.match(jobName, /-plan-[0-9a-f]{8}-[0-9a-f]{8}$/);
  const argsOf = ({ spec }: Job) => {
    const containers = spec?.template.spec['containers'] as readonly { readonly args: readonly string[] }[] | undefined;
    return containers?.[0]?.args;
  };
  const text = (made: Job, args: readonly string[] | undefined) =>
    JSON.stringify(made).replace(JSON.stringify(args), '');
  const TTL = '"ttlSecondsAfterFinished":0';
  const deploys = buildJob({ ...FULL, deployment: input.deployment });
  const marks = {
    labels: { 'werf.io/job-kind': 'plan' },
    annotations: { 'werf.io/drift-check': '3', 'werf.io/reason': 'DriftCheck' },
  };
  t.match([job.metadata, job.spec?.template.metadata], [marks, marks]);
  const unmarked = text(job, argsOf(job))
    .replaceAll(',"werf.io/job-kind":"plan"', '')
    .replaceAll('"werf.io/drift-check":"3",', '');
  t.equal(
    unmarked.replace('"ttlSecondsAfterFinished":3600', TTL),
    text(deploys, argsOf(deploys)).replace(/"ttlS\w+":\d+/, TTL),
  );
  const taken = new Set(['apply', '--timeout', '33', '--auto-rollback', '--releases-history-max', '5']);
  t.strictSame(
    argsOf(job)?.filter((arg) => arg !== 'plan' && arg !== '--exit-code'),
    argsOf(deploys)?.filter((arg) => !taken.has(arg)),
    'it is given all that a deployment is given, but what only an apply takes',
  );
  t.strictSame([isPlanJob(job), checkOf(job), isPlanJob(deploys), checkOf(deploys)], [true, 3, false, undefined]);
  t.equal(madeAlike(job, buildPlanJob(planInput(rest, { tag, digest, checksum, number }, 3))), true);
  t.equal(madeAlike(job, buildPlanJob(planInput(rest, { tag, digest, checksum, number }, 4))), false);
  t.equal(madeAlike(job, deploys), false);
  t.end();
});

interface PodSpec {
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly Readonly<Record<string, unknown>>[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

const templateIn = (text: string): JobTemplate => {
  const parsed = parseJobTemplate(text);
  if (parsed.kind !== 'ok') throw new Error(parsed.problems.join('\n'));
  return parsed.template;
};

const TEMPLATE = `
apiVersion: v1
kind: PodTemplate
metadata: {name: platform}
template:
  metadata:
    labels: {team: platform}
    annotations: {cluster-autoscaler.kubernetes.io/safe-to-evict: "false"}
  spec:
    tolerations: [{key: dedicated, operator: Equal, value: deploy, effect: NoSchedule}]
    nodeSelector: {pool: deploy}
    imagePullSecrets: [{name: mirror}]
    volumes: [{name: corp-ca, configMap: {name: corp-ca}}]
    containers:
    - name: werf
      imagePullPolicy: Always
      env: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
      volumeMounts: [{name: corp-ca, mountPath: /etc/corp, readOnly: true}]
`;

t.test('the platform\u2019s template is merged into every Job, and takes nothing of it away', (t) => {
  const template = templateIn(TEMPLATE);
  const plain = buildJob(FULL);
  const job = buildJob({ ...FULL, template });
  const pod = (of: Job) => of.spec?.template.spec ?? {};
  const [werf] = pod(job)['containers'] as readonly Readonly<Record<string, readonly unknown[]>>[];
  const [before] = pod(plain)['containers'] as readonly Readonly<Record<string, readonly unknown[]>>[];
  t.strictSame(job.metadata, plain.metadata, 'the Job itself stays as it is');
  t.strictSame(job.spec?.template.metadata, {
    labels: { team: 'platform', ...plain.spec?.template.metadata?.labels },
    annotations: {
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
      ...plain.spec?.template.metadata?.annotations,
    },
  });
  t.strictSame(pod(job), {
    ...pod(plain),
    tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'deploy', effect: 'NoSchedule' }],
    nodeSelector: { pool: 'deploy' },
    imagePullSecrets: [{ name: 'mirror' }],
    volumes: [...(pod(plain)['volumes'] as unknown[]), { name: 'corp-ca', configMap: { name: 'corp-ca' } }],
    containers: [
      {
        ...before,
        imagePullPolicy: 'Always',
        env: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }, ...(before?.['env'] ?? [])],
        volumeMounts: [
          ...(before?.['volumeMounts'] ?? []),
          { name: 'corp-ca', mountPath: '/etc/corp', readOnly: true },
        ],
      },
    ],
  });
  t.ok(werf);
  t.strictSame(buildJob({ ...SIMPLE, template }).spec?.template.spec['nodeSelector'], {
    pool: 'deploy',
  });
  t.end();
});

t.test('a template that would weaken or break a Job is refused, with all that is wrong', (t) => {
  const whole = (template: object) => JSON.stringify({ apiVersion: 'v1', kind: 'PodTemplate', template });
  const inPod = (spec: object) => whole({ spec });
  const inWerf = (container: object) => inPod({ containers: [{ name: 'werf', ...container }] });
  const may =
    'may not be set; only tolerations, imagePullSecrets, hostAliases, topologySpreadConstraints, nodeSelector, affinity, dnsConfig, ' +
    'priorityClassName, schedulerName, runtimeClassName, dnsPolicy, terminationGracePeriodSeconds may';
  const rows: readonly { title: string; text: string; want: readonly string[] }[] = [
    { title: 'no YAML', text: 'a: [', want: ['it is no YAML: '] },
    {
      title: 'another kind',
      text: 'kind: Pod',
      want: ['a PodTemplate is needed: apiVersion v1, kind PodTemplate, template'],
    },
    ...[
      'serviceAccountName',
      'restartPolicy',
      'securityContext',
      'hostNetwork',
      'initContainers',
      'activeDeadlineSeconds',
    ].map((field) => ({ title: field, text: inPod({ [field]: 'x' }), want: [`template.spec.${field}: ${may}`] })),
    ...['command', 'args', 'image', 'securityContext', 'envFrom', 'resources'].map((field) => ({
      title: field,
      text: inWerf({ [field]: 'x' }),
      want: [`template.spec.containers[0].${field}: may not be set; only imagePullPolicy may`],
    })),
    {
      title: 'another container',
      text: inPod({ containers: [{ name: 'sidecar' }, { name: 'werf' }] }),
      want: [
        'template.spec.containers: only one may be there, "werf": another one could keep the Job from ending',
        'template.spec.containers[0].name: must be "werf"',
      ],
    },
    ...['WERF_SET_A', 'HOME', 'LD_PRELOAD', 'KUBECONFIG'].map((name) => ({
      title: name,
      text: inWerf({ env: [{ name, value: 'x' }] }),
      want: [`template.spec.containers[0].env[0].name: "${name}" would change what werf does`],
    })),
    {
      title: 'volumes and mounts',
      text: inPod({
        volumes: [
          { name: 'tmp', emptyDir: {} },
          { name: 'host', hostPath: { path: '/' } },
        ],
        containers: [
          {
            name: 'werf',
            volumeMounts: [
              { name: 'host', mountPath: '/var/run' },
              { name: 'none', mountPath: '/x' },
            ],
          },
        ],
      }),
      want: [
        'template.spec.volumes[0].name: "tmp" is a volume of the Job itself',
        'template.spec.volumes[1].hostPath: no Pod of a namespace with Pod security "restricted" may have it',
        'template.spec.containers[0].volumeMounts[0].mountPath: "/var/run" is the Job\'s own',
        'template.spec.containers[0].volumeMounts[1].name: is none of template.spec.volumes',
      ],
    },
    {
      title: 'labels and annotations',
      text: whole({
        metadata: {
          labels: { 'werf.io/bundle-uid': 'x', 'job-name': 'x', team: 7 },
          annotations: { 'sidecar.istio.io/inject': 'true' },
          name: 'x',
        },
      }),
      want: [
        'template.metadata.name: only labels and annotations may be added',
        'template.metadata.labels[werf.io/bundle-uid]: belongs to the Job itself',
        'template.metadata.labels[job-name]: belongs to the Job itself',
        'template.metadata.labels[team]: must be a text: quote it',
        'template.metadata.annotations[sidecar.istio.io/inject]: belongs to the Job itself',
      ],
    },
    {
      title: 'shapes',
      text: inPod({ tolerations: {}, nodeSelector: [] }),
      want: ['template.spec.tolerations: must be a list', 'template.spec.nodeSelector: must be a map'],
    },
  ];
  for (const { title, text, want } of rows) {
    const parsed = parseJobTemplate(text);
    const problems = parsed.kind === 'invalid' ? parsed.problems : [];
    t.strictSame(
      problems.map((problem) => (problem.startsWith('it is no YAML: ') ? 'it is no YAML: ' : problem)),
      want,
      title,
    );
  }
  t.end();
});

t.test('every Job passes Pod security "restricted", field by field', (t) => {
  const jobs = {
    'bundle apply': buildJob(FULL),
    'bundle plan': buildPlanJob(FULL),
    dismiss: buildDismissJob(FULL),
    'bundle apply with a template': buildJob({ ...FULL, template: templateIn(TEMPLATE) }),
  };
  for (const [title, job] of Object.entries(jobs)) {
    const { containers, volumes, securityContext, ...pod } = (job.spec?.template.spec ?? {}) as unknown as PodSpec;
    t.strictSame(
      ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers', 'ephemeralContainers'].filter((field) => field in pod),
      [],
      `${title}: nothing of the host, and no other containers`,
    );
    const { runAsNonRoot, runAsUser, seccompProfile, ...others } = securityContext;
    t.strictSame([runAsNonRoot, runAsUser, seccompProfile], [true, 1000, { type: 'RuntimeDefault' }], title);
    t.strictSame(
      Object.keys(others).toSorted(),
      ['fsGroup', 'runAsGroup'],
      `${title}: no sysctls, SELinux or Windows options`,
    );
    t.equal(containers.length, 1, title);
    for (const container of containers) {
      t.strictSame(container.securityContext, CONTAINER_SECURITY, `${title}: no privileges, capabilities or procMount`);
      t.notOk('ports' in container, `${title}: no host ports`);
    }
    const kinds = volumes.flatMap(({ name: _, ...source }) => Object.keys(source));
    t.strictSame(
      kinds.filter((kind) => !['emptyDir', 'secret', 'configMap'].includes(kind)),
      [],
      `${title}: volumes`,
    );
  }
  t.end();
});

t.test('a Job belongs to a deployment by uid and number, not by its name', (t) => {
  const job = buildJob(SIMPLE);
  const { uid } = SIMPLE.bundle;
  t.equal(belongsTo(job, { uid, number: 1 }), true);
  t.equal(belongsTo(job, { uid, number: 2 }), false);
  t.equal(belongsTo(job, { uid: 'other', number: 1 }), false);
  t.equal(belongsTo({ metadata: { namespace: 'ops', name: 'my-app-11111111-22222222' } }, { uid, number: 1 }), false);
  t.end();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretsOf = (jobInputs: SecretContents) =>
  buildSecrets({
    bundle: FULL.bundle,
    deployment: FULL.deployment,
    operatorVersion: '0.1.0',
    targetNamespace: 'production',
    jobInputs,
  });

t.test('a Job has immutable Secrets of its own, labelled as it is', (t) => {
  const job = buildJob(FULL);
  const secret = (name: string, type: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `team-a-33333333-44444444-${name}`,
      namespace: 'production',
      labels: { ...job.metadata.labels, 'werf.io/job': 'team-a-33333333-44444444' },
      annotations: job.metadata.annotations,
    },
    type,
    immutable: true,
    data,
  });
  const texts = [
    'hunter22',
    base64('robot:s3cr3t-token'),
    'identity-1',
    'robot:s3cr3t-token',
    's3cr3t-token',
    'f00dfeed',
  ];
  const secrets = secretsOf(SUPPLIES);
  t.strictSame(secrets, [
    secret('values', 'Opaque', {
      'values.yaml': base64('{"password": "hunter22"}\n'),
      'redact.json': base64(JSON.stringify({ texts, allValues: false })),
    }),
    secret('docker', 'kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64(DOCKER_CONFIG) }),
    secret('key', 'Opaque', { key: base64('f00dfeed') }),
    secret('ca', 'Opaque', { 'ca.crt': base64('-----BEGIN CERTIFICATE-----\n') }),
  ]);
  t.equal(secrets[0]?.metadata.name, redactionSecretName('team-a-33333333-44444444'));
  t.strictSame(secrets[0] && secretTextsOf(secrets[0]), texts, 'what must not appear in the log can be read back');
  t.strictSame(secretsOf(NOTHING), [], 'none is made when there is nothing to put in');
  const onlyKey = secretsOf({ ...NOTHING, werfSecretKey: 'f00dfeed' });
  t.strictSame(
    onlyKey.map(({ metadata, data }) => [metadata.name, Object.keys(data ?? {})]),
    [
      ['team-a-33333333-44444444-values', ['redact.json']],
      ['team-a-33333333-44444444-key', ['key']],
    ],
    'without values there is still what must not appear in the log',
  );
  t.strictSame(presentSecrets({ ...NOTHING, werfSecretKey: 'f00dfeed' }), {
    values: false,
    dockerConfig: false,
    key: true,
    ca: false,
  });
  const patch = {
    metadata: {
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'Job', name: 'a', uid: 'u', controller: true, blockOwnerDeletion: false },
      ],
    },
  };
  t.strictSame(ownedBy({ metadata: { namespace: 'ops', name: 'a', uid: 'u', resourceVersion: '1' } }), patch);
  t.end();
});

t.test('Secrets stay below what an apiserver takes, and an unreadable list hides the whole log', (t) => {
  const password = 'p'.repeat(600_000);
  const values = { password, other: ['visible', 1234567] };
  const [large] = secretsOf({ ...NOTHING, valuesFile: JSON.stringify(values), secretTexts: [password, 'hidden1'] });
  const size = Object.values(large?.data ?? {}).reduce((sum, text) => sum + Buffer.from(text, 'base64').length, 0);
  t.ok(size < 1_048_576, `${size} bytes`);
  t.strictSame(
    large && secretTextsOf(large),
    [password, 'visible', '1234567'],
    'then every text of the values is hidden',
  );
  const [unused] = secretsOf({ ...NOTHING, secretTexts: ['p'.repeat(1_050_000)] });
  t.strictSame(unused && secretTextsOf(unused), [], 'what no file has was given to nobody, and the log may be shown');
  t.strictSame(secretTextsOf({ metadata: { namespace: 'ops', name: 'a' } }), [], 'no list: nothing was secret');
  for (const broken of ['', '{', '[]', '{"texts": [1]}', '{"texts": [], "allValues": true}']) {
    t.strictSame(
      secretTextsOf({ metadata: { namespace: 'ops', name: 'a' }, data: { 'redact.json': base64(broken) } }),
      undefined,
      JSON.stringify(broken),
    );
  }
  const odd = secretsOf({ ...NOTHING, dockerConfig: 'no JSON at all' })[0];
  t.strictSame(odd && secretTextsOf(odd), ['no JSON at all'], 'a docker config that is none is hidden line by line');
  t.end();
});

const NOW = Date.parse('2026-01-01T12:00:00Z');
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const jobWith = (status: Job['status'] = {}): Job => {
  const job = buildJob(SIMPLE);
  return { ...job, metadata: { ...job.metadata, creationTimestamp: at(-60) }, status };
};
/** Its Pod is late by now. */
const suspendedJob = (): Job => {
  const { spec, ...job } = jobWith();
  if (spec === undefined) throw new Error('a Job has a spec');
  return { ...job, spec: { ...spec, suspend: true } };
};
const ended = (type: string, reason: string, seconds = 0): Job =>
  jobWith({ conditions: [{ type, status: 'True', reason, lastTransitionTime: at(seconds) }] });
type PodStatus = NonNullable<Pod['status']>;
type State = NonNullable<NonNullable<PodStatus['containerStatuses']>[number]['state']>;
const podWith = (status: PodStatus, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { namespace: 'ops', name: 'pod-1', ...metadata },
  status,
});
const werf = (state: State, status: PodStatus = {}): Pod =>
  podWith({
    phase: 'Running',
    ...status,
    containerStatuses: [
      { name: 'sidecar', state: {} },
      { name: 'werf', state },
    ],
  });
const exit = (exitCode: number, more: object = {}): State => ({
  terminated: { exitCode, finishedAt: at(-5), ...more },
});
const failed = (
  reason: 'OOMKilled' | 'ExitCode' | 'Timeout' | 'Error',
  message: string,
  finishedAt = NOW - 5_000,
): JobResult => ({
  kind: 'failed',
  reason,
  message,
  podName: 'pod-1',
  finishedAt,
});
const TIMEOUT =
  'pod failed with DeadlineExceeded: not done after 30m; set spec.converge.timeout to more, if it needs more';

/** The Pod is new: until then nothing is unusual. */
const SOON = NOW + 10_000;

const RESULTS: readonly { title: string; job?: Job; pod?: Pod; want: JobResult }[] = [
  {
    title: 'exit code 0 is success, before the Job says so',
    pod: werf(exit(0)),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW - 5_000 },
  },
  {
    title: '... though somebody suspends the Job meanwhile',
    job: suspendedJob(),
    pod: werf(exit(0)),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW - 5_000 },
  },
  {
    title: '... and so is a Pod that succeeded, whatever became of its containers',
    pod: podWith({ phase: 'Succeeded' }),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW },
  },
  {
    title: '... even if the Pod was evicted later',
    pod: werf(exit(0), { phase: 'Failed', reason: 'Evicted' }),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW - 5_000 },
  },
  {
    title: 'exit code 1 is failure',
    pod: werf(exit(1, { reason: 'Error', message: 'a secret' })),
    want: failed('ExitCode', 'pod failed with exit code 1'),
  },
  {
    title: '... though the Pod is being deleted now',
    pod: { ...werf(exit(1)), metadata: { namespace: 'ops', name: 'pod-1', deletionTimestamp: at(0) } },
    want: failed('ExitCode', 'pod failed with exit code 1'),
  },
  {
    title: 'out of memory says what to do',
    pod: werf(exit(137, { reason: 'OOMKilled' })),
    want: failed(
      'OOMKilled',
      'pod failed with OOMKilled: memory limit 1Gi; set spec.converge.resourceLimits.memory to 2Gi',
    ),
  },
  {
    title: 'killed by somebody else',
    pod: werf(exit(137, { reason: 'Error' })),
    want: failed('ExitCode', 'pod failed with exit code 137'),
  },
  {
    title: 'a command that does not exist',
    pod: werf(exit(128, { reason: 'StartError', message: 'exec: "werf":\n not found' })),
    want: failed('Error', 'pod failed with exit code 128: StartError: exec: "werf": not found'),
  },
  {
    title: "the Pod's own deadline",
    pod: podWith({ phase: 'Failed', reason: 'DeadlineExceeded' }),
    want: failed('Timeout', TIMEOUT, NOW),
  },
  {
    title: '... with the exit code of its end',
    pod: werf(exit(137), { phase: 'Failed', reason: 'DeadlineExceeded' }),
    want: failed('Timeout', TIMEOUT),
  },
  {
    title: "the Job's deadline, which deletes the Pod",
    job: ended('Failed', 'DeadlineExceeded', -2),
    want: { kind: 'failed', reason: 'Timeout', message: TIMEOUT, finishedAt: NOW - 2_000 },
  },
  {
    title: 'evicted',
    pod: podWith({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on\nresource' }),
    want: { kind: 'lost', message: 'Pod pod-1 was ended: Evicted: The node was low on resource' },
  },
  {
    title: 'evicted while it ran',
    pod: werf(exit(137), { phase: 'Failed', reason: 'Evicted' }),
    want: { kind: 'lost', message: 'Pod pod-1 was ended: Evicted' },
  },
  {
    title: 'preempted',
    pod: werf(exit(143), {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
    }),
    want: { kind: 'lost', message: 'Pod pod-1 was ended: PreemptionByScheduler' },
  },
  {
    title: 'drained: deleted, and told to stop',
    pod: { ...werf(exit(143)), metadata: { namespace: 'ops', name: 'pod-1', deletionTimestamp: at(-9) } },
    want: { kind: 'lost', message: 'Pod pod-1 was deleted while it ran' },
  },
  {
    title: 'failed without a word',
    pod: podWith({ phase: 'Failed' }),
    want: { kind: 'lost', message: 'Pod pod-1 failed without an exit code' },
  },
  {
    title: 'a Job that is complete, its Pod gone',
    job: { ...ended('Complete', ''), status: { ...ended('Complete', '').status, completionTime: at(-7) } },
    want: { kind: 'succeeded', finishedAt: NOW - 7_000 },
  },
  {
    title: 'a Job that failed, its Pod gone',
    job: ended('Failed', 'BackoffLimitExceeded'),
    want: { kind: 'lost', message: 'Job my-app-11111111-22222222 ended without a result: its Pod is gone' },
  },
  {
    title: 'a Job that failed just now, its Pod not seen ended yet',
    job: ended('Failed', 'BackoffLimitExceeded', -3),
    pod: werf({ running: {} }),
    want: { kind: 'running', podName: 'pod-1', recheckAt: NOW + 7_000 },
  },
  {
    title: '... and ten seconds later still not',
    job: ended('Failed', 'BackoffLimitExceeded', -10),
    pod: werf({ running: {} }),
    want: { kind: 'lost', message: 'Job my-app-11111111-22222222 ended without a result: Pod pod-1 has no exit code' },
  },
  { title: 'running', pod: werf({ running: {} }), want: { kind: 'running', podName: 'pod-1' } },
  {
    title: 'an image that cannot be pulled',
    pod: werf({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } }, { phase: 'Pending' }),
    want: { kind: 'waiting', reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"', recheckAt: SOON },
  },
  {
    title: '... which the kubelet says in two ways in turn',
    pod: werf({ waiting: { reason: 'ErrImagePull', message: 'rpc error: not found' } }, { phase: 'Pending' }),
    want: { kind: 'waiting', reason: 'ImagePullBackOff', message: 'rpc error: not found', recheckAt: SOON },
  },
  {
    title: 'about to start',
    pod: werf({ waiting: { reason: 'ContainerCreating' } }, { phase: 'Pending' }),
    want: { kind: 'waiting', reason: 'ContainerCreating', message: '', recheckAt: SOON },
  },
  {
    title: 'no node for it',
    pod: podWith({
      phase: 'Pending',
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
      ],
    }),
    want: { kind: 'waiting', reason: 'Unschedulable', message: '0/3 nodes are available', recheckAt: SOON },
  },
  {
    title: 'on a node, nothing known yet',
    pod: podWith({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] }),
    want: { kind: 'waiting', reason: 'Pending', message: '', recheckAt: SOON },
  },
  {
    title: 'a new Pod of which nothing is known',
    pod: podWith({}),
    want: { kind: 'waiting', reason: 'Pending', message: '', recheckAt: SOON },
  },
  {
    title: 'no Pod after a minute',
    want: {
      kind: 'waiting',
      reason: 'NoPod',
      recheckAt: NOW + 30_000,
      message: 'Job my-app-11111111-22222222 has no Pod yet; see its events',
    },
  },
  {
    title: 'no Pod after four seconds',
    job: { ...jobWith(), metadata: { ...jobWith().metadata, creationTimestamp: at(-4) } },
    want: { kind: 'waiting', reason: 'NoPod', message: '', recheckAt: NOW + 6_000 },
  },
  ...[
    { title: 'a Job that somebody suspended before it had a Pod', pod: undefined },
    {
      title: 'one whose Pod was ended by that',
      pod: {
        ...werf(exit(143)),
        metadata: { namespace: 'ops', name: 'pod-1', creationTimestamp: at(-60), deletionTimestamp: at(-1) },
      },
    },
  ].map(({ title, pod }) => ({
    title,
    ...(pod && { pod }),
    job: suspendedJob(),
    want: {
      kind: 'waiting' as const,
      reason: 'Suspended',
      recheckAt: NOW + 30_000,
      message: 'Job my-app-11111111-22222222 is suspended (its spec.suspend is true), and not by this controller',
    },
  })),
];

t.test('a Job that was resumed is not judged by the Pod that its suspension ended', (t) => {
  const old = podWith(
    { phase: 'Failed', containerStatuses: [{ name: 'werf', state: exit(143) }] },
    { creationTimestamp: at(-50), deletionTimestamp: at(-10) },
  );
  const resumed = jobWith({ startTime: at(-5), conditions: [{ type: 'Suspended', status: 'False' }] });
  const unnoticed = jobWith({ startTime: at(-60), conditions: [{ type: 'Suspended', status: 'True' }] });
  t.match(jobResult(resumed, old, NOW), { kind: 'waiting', reason: 'NoPod' });
  t.match(jobResult(unnoticed, old, NOW), { kind: 'waiting', reason: 'Suspended' });
  t.match(jobResult(jobWith({ startTime: at(-55) }), old, NOW), { kind: 'lost' }, 'one that never was suspended');
  t.end();
});

t.test("a Job's result is the exit code of container werf, and only without one what else is known", (t) => {
  for (const { title, job = jobWith(), pod, want } of RESULTS) t.strictSame(jobResult(job, pod, NOW), want, title);
  const exitCode = jobResult(jobWith(), werf(exit(1)), NOW);
  const outOfMemory = jobResult(jobWith(), werf(exit(137, { reason: 'OOMKilled' })), NOW);
  if (exitCode.kind !== 'failed' || outOfMemory.kind !== 'failed') throw new Error('both failed');
  t.equal(
    withErrorLine(exitCode, 'helm failed').message,
    'pod failed with exit code 1: helm failed',
    'with the last error line of the log',
  );
  t.strictSame(withErrorLine(exitCode, undefined), exitCode);
  t.strictSame(withErrorLine(outOfMemory, 'signal: killed'), outOfMemory);
  t.end();
});

t.test('what a Job waits for is told in the words of its last warning', (t) => {
  const warning = (reason: string, note: string, more: Partial<KubeEvent> = {}): KubeEvent => ({
    metadata: { namespace: 'ops', name: 'event', creationTimestamp: at(-60) },
    type: 'Warning',
    reason,
    note,
    ...more,
  });
  const quota = (pod: string) => `Error creating: pods "${pod}" is forbidden: exceeded quota: no-pods, used: pods=0`;
  const mount = 'MountVolume.SetUp failed for volume "ca" :\nsecret "x" not found';
  const rows: readonly { title: string; events: readonly KubeEvent[]; want: WaitingWords | undefined }[] = [
    { title: 'nothing', events: [], want: undefined },
    { title: 'nothing to worry about', events: [warning('Pulled', 'done', { type: 'Normal' })], want: undefined },
    ...['app-x7f2k', 'app-9q8zz'].map((pod) => ({
      title: `a Job that gets no Pod: the same words, whatever the Pod would have been called (${pod})`,
      events: [warning('FailedCreate', quota(pod))],
      want: { reason: 'FailedCreate', message: 'the Pod is forbidden: exceeded quota: no-pods, used: pods=0' },
    })),
    {
      title: 'no ServiceAccount',
      events: [warning('FailedCreate', 'Error creating: serviceaccount "werf" not found')],
      want: { reason: 'FailedCreate', message: 'serviceaccount "werf" not found' },
    },
    {
      title: 'the newest, by when it was last seen',
      events: [
        warning('FailedScheduling', 'no node', { deprecatedLastTimestamp: at(-50) }),
        warning('FailedMount', mount, { series: { lastObservedTime: at(-5) } }),
        warning('FailedScheduling', 'no node', { eventTime: at(-40) }),
      ],
      want: { reason: 'FailedMount', message: 'MountVolume.SetUp failed for volume "ca" : secret "x" not found' },
    },
    {
      title: 'an image that does not come: why, though the kubelet repeats the state\u2019s name after it',
      events: [
        warning('Failed', 'Failed to pull image "x": not found', { deprecatedLastTimestamp: at(-30) }),
        warning('Failed', 'Error: ErrImagePull', { deprecatedLastTimestamp: at(-30) }),
        warning('Failed', 'Error: ImagePullBackOff', { deprecatedLastTimestamp: at(-5) }),
      ],
      want: { reason: 'Failed', message: 'Failed to pull image "x": not found' },
    },
  ];
  for (const { title, events, want } of rows) t.strictSame(wordsOf(events), want, title);

  const waits = (reason: string, message: string) => ({ kind: 'waiting', reason, message, recheckAt: SOON }) as const;
  const words = { reason: 'Failed', message: 'Failed to pull image "x": not found' };
  t.strictSame(withWords(waits('NoPod', 'no Pod'), words), waits('Failed', words.message));
  t.strictSame(
    withWords(waits('ImagePullBackOff', 'Back-off'), words),
    waits('ImagePullBackOff', words.message),
    'an image that does not come is called so',
  );
  t.strictSame(withWords(waits('NoPod', 'no Pod'), undefined), waits('NoPod', 'no Pod'));
  t.same(
    [
      waits('Unschedulable', 'no node'),
      waits('ContainerCreating', ''),
      waits('NoPod', 'x'),
      waits('ImagePullBackOff', 'x'),
    ].map(needsWords),
    [false, true, true, true],
    'events are not asked where the Pod tells',
  );
  t.end();
});

t.test('of a log its end is kept: whole lines of plain text, at most 5,120 bytes', (t) => {
  const lines = Array.from({ length: 2_000 }, (_, n) => `line ${n} ✓`);
  const tail = logTail(`${lines.join('\n')}\n`);
  t.ok(
    Buffer.byteLength(tail) <= LOG_TAIL_BYTES && Buffer.byteLength(tail) > LOG_TAIL_BYTES - 20,
    `${Buffer.byteLength(tail)} bytes`,
  );
  t.match(tail, /^line \d+ ✓\n/, 'begins with a line');
  t.ok(tail.endsWith('line 1999 ✓'), 'ends with the last');
  const exact = `${'a'.repeat(10)}\n${'b'.repeat(LOG_TAIL_BYTES)}`;
  t.equal(logTail(exact), 'b'.repeat(LOG_TAIL_BYTES), 'a line that just fits is whole');
  t.equal(
    logTail(`x${'é'.repeat(LOG_TAIL_BYTES)}`),
    'é'.repeat(LOG_TAIL_BYTES / 2),
    'of a longer one its end, no character cut',
  );
  t.equal(logTail(`${'é'.repeat(LOG_TAIL_BYTES)}x`), `${'é'.repeat(LOG_TAIL_BYTES / 2 - 1)}x`);
  t.equal(logTail(''), '');
  t.equal(
    plainLog('\u001b[31mred\u001b[0m \u001b]0;title\u0007x\r\ny\u0000\tz\r\n 1%\r 50%\r100%\nlast\r'),
    'red x\ny\tz\n100%\nlast',
    'nothing for terminals',
  );
  t.end();
});

t.test("werf's last error is found, with its cause, and told in one line", (t) => {
  const template = 'Error: release install: render chart: template: error rendering chart templates: render: ';
  const forbidden = (verb: string) =>
    `server-side dry-run apply resource "ConfigMap/werf-synchronization": configmaps "werf-synchronization" is forbidden: cannot ${verb}`;
  const rows: readonly { title: string; log: string; want: string | undefined }[] = [
    {
      title: 'the last one, and nothing that follows it',
      log: 'Error: first\nmore\n\u001b[31mError: second: "x"\u001b[0m  \nbye\n',
      want: 'second: "x"',
    },
    { title: 'no error', log: 'all is well\nNo Error: here', want: undefined },
    { title: 'an error that says nothing', log: 'Error: ', want: undefined },
    {
      title: 'a template: the cause stands two lines below',
      log: `${template}app/templates/cm.yaml:6:18\n  executing "app/templates/cm.yaml" at <.Values.nothere.deep.er>:\n    nil pointer evaluating interface {}.deep\nSet log level to "debug" to get more details about this error.\n`,
      want: `${template.slice(7)}app/templates/cm.yaml:6:18 executing "app/templates/cm.yaml" at <.Values.nothere.deep.er>: nil pointer evaluating interface {}.deep`,
    },
    {
      title: 'a template in a template: the place of the second is no further right',
      log: `${template}a/cm.yaml:1:2\n  executing "a/cm.yaml" at <include "x" .>:\n    error calling include:\na/_x.tpl:3:4\n  executing "x" at <.Values.a.b>:\n    nil pointer\n`,
      want: `${template.slice(7)}a/cm.yaml:1:2 executing "a/cm.yaml" at <include "x" .>: error calling include: a/_x.tpl:3:4 executing "x" at <.Values.a.b>: nil pointer`,
    },
    {
      title: 'several errors, one a line',
      log: `Error: release install: create release namespace: 2 errors occurred:\n  * ${forbidden('patch')}\n  * ${forbidden('create')}\n\n`,
      want: `release install: create release namespace: 2 errors occurred: * ${forbidden('patch')} * ${forbidden('create')}`,
    },
    {
      title: 'of a long one its beginning and its end',
      log: `Error: ${'x'.repeat(600)}\n  ${'y'.repeat(600)}\n`,
      want: `${'x'.repeat(450)} … ${'y'.repeat(450)}`,
    },
  ];
  for (const { title, log, want } of rows) t.equal(lastErrorLine(log), want, title);
  t.equal(
    lastErrorLine(redact('Error: at <.Values.x>:\n    wrong type for value; got hunter22\n', ['hunter22'])),
    'at <.Values.x>: wrong type for value; got ***',
    'what is secret in it is hidden, as in the log that it is taken from',
  );
  t.end();
});

t.test('what a plan would do is told in one line', (t) => {
  const frame = (head: string, ...diff: readonly string[]) =>
    `\u250c ${head}\n${(diff.length > 0 ? diff : ['- replicas: 1', '+ replicas: 2']).map((line) => `\u2502 ${line}\n`).join('')}\u2514 ${head}\n\n`;
  const heading = '\u001b[1mPlanned changes summary\u001b[0m for release "x" (namespace: "y"):\n';
  const summary = (...lines: readonly string[]) =>
    `${heading}${lines.map((line) => `- ${line} resources\n`).join('')}\n`;
  const objects = (words: string): PlanFinding => ({ kind: 'objects', words });
  const rows: readonly { title: string; log: string; want: PlanFinding }[] = [
    {
      title: 'each object by its name, in the order of the log, once',
      log: `${frame('Update Deployment/backend')}${frame('Delete other/Secret/old.one')}${summary('update: 1', 'delete: 1')}`,
      want: objects('update Deployment/backend, delete other/Secret/old.one'),
    },
    {
      title: 'as werf 3.2.0 prints it, without a pretty log',
      log: `Planning release install "x" (namespace: "y")\n\n${frame('Update ConfigMap/seen', '  data:', '-   a: b', '+   a: c')}${summary('update: 1')}Error: resource changes planned\n`,
      want: objects('update ConfigMap/seen'),
    },
    {
      title: 'in another namespace than the release, and what becomes of it afterwards',
      log: `${frame('Create Job/migrate (namespace=other), then delete', '+ a: b')}${summary('create: 1')}`,
      want: objects('create Job/migrate (namespace=other)'),
    },
    {
      title: 'in a frame of another frame',
      log: `\u250c Plan\n\u2502 \u250c Recreate Job/a\n\u2502 \u2502 + x\n\u2502 \u2514 Recreate Job/a\n\u2514 Plan\n${summary('recreate: 1')}`,
      want: objects('recreate Job/a'),
    },
    {
      title: 'as older ones print it: without a frame, and counted otherwise',
      log: `Create Job/migrate and delete it on success\n  + a: b\n\n${heading}- create: 1 resource(s)\nError: resource changes planned\n`,
      want: objects('create Job/migrate'),
    },
    {
      title: 'how many there are, where they are too many to be named',
      log: `${[1, 2, 3, 4, 5, 6].map((n) => frame(`Update Deployment/d${n}`)).join('')}${summary('update: 6')}`,
      want: objects('update 6 objects'),
    },
    {
      title: 'how many there are, where the beginning of the log is missing',
      log: `${frame('Update Deployment/last')}${summary('create: 2', 'update: 8', 'blind apply: 1')}`,
      want: objects('create 2, update 8, blind apply 1 objects'),
    },
    {
      title: 'what an object contains tells of no object',
      log: `${frame('Update ConfigMap/text', '  Update Secret/context', '+ Delete Secret/all', '- Update ConfigMap/x')}${summary('update: 1')}`,
      want: objects('update ConfigMap/text'),
    },
    {
      title: 'nor that nothing changes',
      log: `${frame('Update ConfigMap/text', '  No resource changes planned, but still must install release "x"', '+ - update: 7 resources')}${summary('update: 1')}`,
      want: objects('update ConfigMap/text'),
    },
    {
      title: 'a release that is only to be recorded',
      log: 'No resource changes planned, but still must install release "x" (namespace: "y") because the release values changed\n',
      want: { kind: 'release-only' },
    },
    {
      title: '... as older ones said it',
      log: 'No changes planned, but will create release "x" (namespace: "y")\n',
      want: { kind: 'release-only' },
    },
    { title: 'a log that does not say', log: 'something else entirely\n', want: { kind: 'unsaid' } },
  ];
  for (const { title, log, want } of rows) t.strictSame(planFinding(log), want, title);
  const long = Array.from({ length: 5 }, (_, n) => `Update ConfigMap/${'x'.repeat(200)}${n}\n`).join('');
  const cut = planFinding(`${long}${summary('update: 5')}`);
  t.equal(cut.kind === 'objects' && cut.words.length, 501, 'it is cut');
  t.end();
});

t.test('secret texts are replaced wherever they stand in a log', (t) => {
  const pem = '-----BEGIN X-----\nMIIabcdef\nshort\n-----END X-----\n';
  const rows = [
    { title: 'a text', secrets: ['hunter22'], text: 'a hunter22, hunter22!', want: 'a ***, ***!' },
    { title: 'a text of fewer than 6 characters is left', secrets: ['short', ''], text: 'short', want: 'short' },
    { title: 'the longest first', secrets: ['hunter', 'hunter22'], text: 'hunter22 hunter', want: '*** ***' },
    {
      title: 'texts that overlap leave nothing',
      secrets: ['abcdef', 'defghi'],
      text: 'x abcdefghi x',
      want: 'x *** x',
    },
    { title: 'texts side by side', secrets: ['abcdef'], text: 'abcdefabcdef', want: '***' },
    { title: 'each line of a longer text', secrets: [pem], text: '  MIIabcdef\n-----END X-----', want: '  ***\n***' },
    { title: 'as JSON and Go quote it', secrets: ['say "friend"'], text: 'x: "say \\"friend\\""', want: 'x: "***"' },
    { title: 'in base64', secrets: ['hunter22'], text: base64('hunter22'), want: '***=' },
    {
      title: 'in base64 of something longer',
      secrets: ['hunter22'],
      text: base64('user:hunter22'),
      want: 'dXNlcjp***==',
    },
    { title: 'in base64 for URLs', secrets: ['>>>???>>>'], text: 'Pj4-Pz8_Pj4-', want: '***' },
    {
      title: 'with a colour in its middle',
      secrets: ['hunter22'],
      text: 'a hun\u001b[31mter22\u001b[0m',
      want: 'a ***',
    },
    { title: 'at the very end', secrets: ['hunter22'], text: 'hunter22', want: '***' },
    {
      title: 'what expressions would take otherwise',
      secrets: ['a.b*c$&'],
      text: 'a.b*c$& axbbbc',
      want: '*** axbbbc',
    },
    { title: 'nothing secret', secrets: [], text: 'hunter22', want: 'hunter22' },
  ];
  for (const { title, secrets, text, want } of rows) t.equal(redact(text, secrets), want, title);
  for (const prefix of ['', 'a', 'ab', 'abc']) {
    const encoded = base64(`${prefix}correct horse battery staple${prefix}`);
    t.notMatch(
      Buffer.from(redact(encoded, ['correct horse battery staple']), 'base64').toString(),
      /orrect|horse|battery|stapl/,
      `in base64 after ${prefix.length} bytes`,
    );
  }
  t.end();
});

t.test('whatever stands around secret texts, none of them is left', (t) => {
  const secretText = fc.stringMatching(/^[ab.\\"]{6,9}$/);
  const law = fc.property(
    fc.array(secretText, { minLength: 1, maxLength: 4 }),
    fc.array(fc.string(), { maxLength: 6 }),
    (secrets, words) => {
      const log = words.flatMap((word, n) => [word, secrets[n % secrets.length] ?? '']).join('');
      const redacted = redact(log, secrets);
      return secrets.every((text) => !redacted.includes(text));
    },
  );
  t.doesNotThrow(() => fc.assert(law, { numRuns: 300 }));
  t.end();
});

t.test('a place in a log is looked up as often for thousands of secrets as for a few, however alike they are', (t) => {
  const alike = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, n) => `password-number-${n}-${'x'.repeat(40)}`);
  const log = 'password-number- and more words of an ordinary log line\n'.repeat(18_000);
  t.equal(redact(`${log}${alike(1_000)[999]}`, alike(1_000)), `${log}***`, 'a megabyte of log');
  const most = (count: number): number =>
    Math.max(...[...piecesOf(alike(count)).lengths.values()].map((lengths) => lengths.length));
  t.same([most(10), most(1_000), most(8_000)], [1, 3, 4], 'look-ups: one for each length that a piece has');
  const long = Array.from({ length: 1_000 }, (_, n) => `password-${'x'.repeat(n)}`);
  const lengths = [...piecesOf(long).lengths.values()].map((some) => some.length);
  t.ok(Math.max(...lengths) <= 64, 'of which there are few, for long secrets are looked for piece by piece');
  t.end();
});

t.test('of a long secret every piece of 64 characters is hidden', (t) => {
  const long = Array.from({ length: 50 }, (_, n) => `part ${n};`).join('');
  t.equal(redact(`before ${long} after`, [long]), 'before *** after', 'and all of it at once');
  t.equal(redact(`x${long.slice(0, 130)}`, [long]), `x***${long.slice(128, 130)}`, 'if it is cut off as well');
  t.equal(redact(`x${long.slice(0, 63)}`, [long]), `x${long.slice(0, 63)}`, 'less of it is not known again');
  const blanks = `${' '.repeat(70)}hunter22`;
  t.equal(redact(' '.repeat(80), [blanks]), ' '.repeat(80), 'a piece of nothing but blanks is none');
  t.end();
});

t.test('names that others look for', (t) => {
  t.strictSame(
    [LABELS.bundleUid, LABELS.instance, LABELS.jobKind, ANNOTATIONS.number, ANNOTATIONS.tag],
    [
      ...['werf.io/bundle-uid', 'app.kubernetes.io/instance', 'werf.io/job-kind'],
      ...['werf.io/deployment-number', 'werf.io/tag'],
    ],
  );
  t.end();
});
