import t from 'tap';
import type { Job } from '../../api/objects.js';
import { buildDismissJob } from '../../controller/deploy/dismiss-job.js';
import { buildJob } from '../../controller/deploy/job.js';
import { type JobTemplate, parseJobTemplate } from '../../controller/deploy/job-template.js';
import { buildPlanJob } from '../../controller/deploy/plan-job.js';
import { CONTAINER_SECURITY, FULL, SIMPLE } from '../kit/job-parameters.js';

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
      title: 'an alias of nothing',
      text: 'a: *b',
      want: ['it is no YAML: '],
    },
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
          { name: 'plan', emptyDir: {} },
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
        'template.spec.volumes[2].name: "plan" is a volume of the Job itself',
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
