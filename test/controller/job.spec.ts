import t from 'tap';
import type { Job } from '../../api/objects.js';
import { buildJob } from '../../controller/deploy/job.js';
import { ANNOTATIONS, belongsTo, LABELS, madeAlike } from '../../controller/deploy/names.js';
import { buildPlanJob, checkOf, isPlanJob, planInput } from '../../controller/deploy/plan-job.js';
import { CONTAINER_SECURITY, FULL, LONG_NAME, SIMPLE } from '../kit/job-parameters.js';

/*
 * The first two Jobs below and the Secrets of the full one (job-secrets.spec.ts) were given to a kube-apiserver by hand (`kubectl apply --dry-run=server`,
 * then for real): it accepts them, and its Job controller makes their Pods. So it does the Secret of almost 1 MB.
 */

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

t.test('the Job of a bundle that asks for nothing special is this, to the field', (t) => {
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

t.test('the Job of a bundle that asks for everything, in another namespace, is this, to the field', (t) => {
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
  const added = new Set(['plan', '--exit-code', '--show-insignificant-diffs']);
  const taken = new Set(['apply', '--timeout', '33', '--auto-rollback', '--releases-history-max', '5']);
  t.strictSame(
    argsOf(job)?.filter((arg) => !added.has(arg)),
    argsOf(deploys)?.filter((arg) => !taken.has(arg)),
    'it is given all that a deployment is given, but what only an apply takes',
  );
  t.strictSame([isPlanJob(job), checkOf(job), isPlanJob(deploys), checkOf(deploys)], [true, 3, false, undefined]);
  t.equal(madeAlike(job, buildPlanJob(planInput(rest, { tag, digest, checksum, number }, 3))), true);
  t.equal(madeAlike(job, buildPlanJob(planInput(rest, { tag, digest, checksum, number }, 4))), false);
  t.equal(madeAlike(job, deploys), false);
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

t.test('the names that others look for do not change', (t) => {
  t.strictSame(
    [LABELS.bundleUid, LABELS.instance, LABELS.jobKind, ANNOTATIONS.number, ANNOTATIONS.tag],
    [
      ...['werf.io/bundle-uid', 'app.kubernetes.io/instance', 'werf.io/job-kind'],
      ...['werf.io/deployment-number', 'werf.io/tag'],
    ],
  );
  t.end();
});
