import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { isMap } from '../../api/json-map.js';
import { startCluster } from '../kit/cluster.js';
import { goProgram } from '../kit/go-program.js';
import { objectsOf } from '../kit/kustomized.js';

// charts/werfbundle, rendered by Helm's own packages, beside what kustomize makes of manifests/ for the same choices.

const ROOT = join(import.meta.dirname, '..', '..');
const CHART = join(ROOT, 'charts/werfbundle');
const NAMESPACE = 'k8s-werf-operator-go-system';
const DIGEST = `sha256:${'a'.repeat(64)}`;

interface Rendered {
  readonly manifests: string;
  readonly notes: string;
  readonly lint: readonly string[] | null;
  readonly error?: string;
}

const helm = await goProgram('helm-chart');
const skip = helm.kind === 'missing' && `Helm's packages can't be built here: ${helm.why}`;

const rendered = async (values: object, namespace = NAMESPACE, kubeVersion = '1.36.0'): Promise<Rendered> => {
  if (helm.kind === 'missing') throw new Error(helm.why);
  const [answer] = await helm.ask<Rendered>([{ values, namespace, kubeVersion }], ['render', CHART]);
  if (answer === undefined) throw new Error('Helm did not answer');
  return answer;
};

/** A JSON patch of a Deployment, as a kustomization has it. */
const patched = (
  name: 'webhook' | 'controller' | 'receiver' | 'dashboard',
  ...operations: readonly (readonly [path: string, value: unknown])[]
) => ({
  target: { kind: 'Deployment', name: `werfbundle-${name}` },
  patch: stringify(operations.map(([path, value]) => ({ op: 'add', path, value }))),
});
const POD = '/spec/template/spec';
const CONTAINER = `${POD}/containers/0`;
const deleted = (kind: string, name: string) => ({
  target: { kind, name },
  patch: `$patch: delete\napiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}}\n`,
});
const TOLERATIONS = [{ key: 'platform', operator: 'Exists', effect: 'NoSchedule' }];
const SPREAD = [{ topologyKey: 'rack', maxSkew: 2, whenUnsatisfiable: 'DoNotSchedule' }];
const AFFINITY = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
const LIMITS = { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } };
const MORE = { volumes: [{ name: 'more', emptyDir: {} }], mounts: [{ name: 'more', mountPath: '/more' }] };

interface Choice {
  readonly title: string;
  readonly values: object;
  /** What is the same in a kustomization over manifests/default: components and resources by their folders. */
  readonly components?: readonly string[];
  readonly resources?: readonly string[];
  readonly more?: object;
}

const COLLECTOR = { ports: [{ protocol: 'TCP', port: 4318 }] };
const TRACES = { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://collector.monitoring:4318' };

const CHOICES: readonly Choice[] = [
  { title: 'nothing chosen', values: {} },
  {
    title: 'the values guard',
    values: { webhook: { valuesGuard: { enabled: true } } },
    components: ['webhook/values-guard'],
  },
  { title: 'cert-manager', values: { webhook: { certificates: { source: 'cert-manager' } } }, components: ['certs'] },
  { title: 'client CAs', values: { webhook: { clientCa: { enabled: true } } }, components: ['webhook/client-ca'] },
  {
    title: 'watched Secrets',
    values: { controller: { watchSecrets: { enabled: true } } },
    components: ['controller/watch-secrets'],
  },
  { title: 'a receiver', values: { receiver: { enabled: true } }, components: ['receiver'] },
  { title: 'a dashboard', values: { dashboard: { enabled: true } }, components: ['dashboard'] },
  { title: 'an admission policy', values: { admissionPolicy: { enabled: true } }, components: ['admission-policy'] },
  { title: 'network policies', values: { networkPolicies: { enabled: true } }, resources: ['network-policies'] },
  {
    title: 'monitors',
    values: { podMonitors: { enabled: true }, prometheusRule: { enabled: true } },
    resources: ['monitoring'],
  },
  {
    title: 'a dashboard',
    values: { grafanaDashboard: { enabled: true } },
    resources: ['monitoring/grafana'],
  },
  {
    title: 'a dashboard in a folder, in the namespace of Grafana',
    values: {
      grafanaDashboard: {
        enabled: true,
        namespace: 'grafana',
        labels: { grafana_dashboard: null, board: 'platform' },
        annotations: { grafana_folder: 'Platform' },
      },
    },
    resources: ['monitoring/grafana'],
    more: {
      patches: [
        {
          target: { kind: 'ConfigMap', name: 'werfbundle-dashboard' },
          patch: stringify([
            { op: 'replace', path: '/metadata/namespace', value: 'grafana' },
            { op: 'remove', path: '/metadata/labels/grafana_dashboard' },
            { op: 'add', path: '/metadata/labels/board', value: 'platform' },
            { op: 'add', path: '/metadata/annotations', value: { grafana_folder: 'Platform' } },
          ]),
        },
      ],
    },
  },
  {
    title: 'all of them',
    values: {
      webhook: {
        valuesGuard: { enabled: true },
        certificates: { source: 'cert-manager' },
        clientCa: { enabled: true },
      },
      controller: { watchSecrets: { enabled: true } },
      receiver: { enabled: true },
      dashboard: { enabled: true },
      admissionPolicy: { enabled: true },
      networkPolicies: { enabled: true },
      podMonitors: { enabled: true },
      prometheusRule: { enabled: true },
      grafanaDashboard: { enabled: true },
    },
    components: [
      'webhook/values-guard',
      'certs',
      'webhook/client-ca',
      'controller/watch-secrets',
      'receiver',
      'dashboard',
      'admission-policy',
    ],
    resources: ['network-policies', 'monitoring', 'monitoring/grafana'],
  },
  {
    title: 'an image by tag',
    values: { image: { repository: 'r.example/werfbundle', tag: '2.0.0' } },
    more: { images: [{ name: 'ghcr.io/werf/werfbundle', newName: 'r.example/werfbundle', newTag: '2.0.0' }] },
  },
  {
    title: 'an image by digest',
    values: { image: { repository: 'r.example/werfbundle', digest: DIGEST } },
    more: { images: [{ name: 'ghcr.io/werf/werfbundle', newName: 'r.example/werfbundle', digest: DIGEST }] },
  },
  {
    title: 'replicas',
    values: { webhook: { replicas: 3 }, controller: { replicas: 1 } },
    more: {
      replicas: [
        { name: 'werfbundle-webhook', count: 3 },
        { name: 'werfbundle-controller', count: 1 },
      ],
    },
  },
  {
    title: 'no budgets and no quota',
    values: {
      webhook: { podDisruptionBudget: { enabled: false } },
      controller: { podDisruptionBudget: { enabled: false } },
      resourceQuota: { enabled: false },
    },
    more: {
      patches: [
        deleted('PodDisruptionBudget', 'werfbundle-webhook'),
        deleted('PodDisruptionBudget', 'werfbundle-controller'),
        deleted('ResourceQuota', 'werfbundle-critical-pods'),
      ],
    },
  },
  {
    title: 'what a receiver is given',
    values: {
      receiver: {
        enabled: true,
        secretName: 'mine',
        replicas: 1,
        extraArgs: ['--max-connections=20'],
        extraEnv: [{ name: 'A', value: '1' }],
        resources: LIMITS,
        nodeSelector: { disk: 'fast' },
        tolerations: TOLERATIONS,
        affinity: AFFINITY,
        topologySpreadConstraints: SPREAD,
        priorityClassName: 'platform',
        extraVolumes: MORE.volumes,
        extraVolumeMounts: MORE.mounts,
        terminationGracePeriodSeconds: 60,
        podLabels: { team: 'platform' },
        podAnnotations: { note: 'ours' },
        nodeArgs: ['--max-old-space-size=500'],
        podDisruptionBudget: { enabled: false },
      },
    },
    components: ['receiver'],
    more: {
      replicas: [{ name: 'werfbundle-receiver', count: 1 }],
      patches: [
        deleted('PodDisruptionBudget', 'werfbundle-receiver'),
        patched(
          'receiver',
          [`${POD}/volumes/0/secret/secretName`, 'mine'],
          [`${CONTAINER}/args/-`, '--max-connections=20'],
          [`${CONTAINER}/env/-`, { name: 'A', value: '1' }],
          [`${CONTAINER}/resources`, LIMITS],
          [`${POD}/nodeSelector`, { disk: 'fast' }],
          [`${POD}/tolerations`, TOLERATIONS],
          [`${POD}/affinity`, AFFINITY],
          [`${POD}/topologySpreadConstraints`, SPREAD],
          [`${POD}/priorityClassName`, 'platform'],
          [`${POD}/volumes/-`, MORE.volumes[0]],
          [`${CONTAINER}/volumeMounts/-`, MORE.mounts[0]],
          [`${POD}/terminationGracePeriodSeconds`, 60],
          ['/spec/template/metadata/labels/team', 'platform'],
          ['/spec/template/metadata/annotations/note', 'ours'],
          [`${CONTAINER}/command`, ['node', '--max-old-space-size=500', 'dist/receiver.js']],
        ),
      ],
    },
  },
  {
    title: 'what a dashboard is given',
    values: {
      dashboard: {
        enabled: true,
        replicas: 2,
        extraArgs: ['--namespace=ops'],
        extraEnv: [{ name: 'A', value: '1' }],
        resources: LIMITS,
        nodeSelector: { disk: 'fast' },
        tolerations: TOLERATIONS,
        affinity: AFFINITY,
        topologySpreadConstraints: SPREAD,
        priorityClassName: 'platform',
        podLabels: { team: 'platform' },
        podAnnotations: { note: 'ours' },
        nodeArgs: ['--max-old-space-size=500'],
      },
    },
    components: ['dashboard'],
    more: {
      replicas: [{ name: 'werfbundle-dashboard', count: 2 }],
      patches: [
        patched(
          'dashboard',
          [`${CONTAINER}/args/-`, '--namespace=ops'],
          [`${CONTAINER}/env/-`, { name: 'A', value: '1' }],
          [`${CONTAINER}/resources`, LIMITS],
          [`${POD}/nodeSelector`, { disk: 'fast' }],
          [`${POD}/tolerations`, TOLERATIONS],
          [`${POD}/affinity`, AFFINITY],
          [`${POD}/topologySpreadConstraints`, SPREAD],
          [`${POD}/priorityClassName`, 'platform'],
          ['/spec/template/metadata/labels/team', 'platform'],
          ['/spec/template/metadata/annotations/note', 'ours'],
          [`${CONTAINER}/command`, ['node', '--max-old-space-size=500', 'dist/werfbundle.js']],
        ),
      ],
    },
  },
  {
    title: 'traces',
    values: {
      receiver: { enabled: true },
      dashboard: { enabled: true },
      networkPolicies: { enabled: true, extraEgress: [COLLECTOR] },
      extraEnv: [TRACES],
      controller: { extraEnv: [{ name: 'A', value: '1' }] },
    },
    components: ['receiver', 'dashboard'],
    resources: ['network-policies'],
    more: {
      patches: [
        {
          target: { kind: 'NetworkPolicy' },
          patch: stringify([{ op: 'add', path: '/spec/egress/-', value: COLLECTOR }]),
        },
        {
          target: { kind: 'Deployment' },
          patch: stringify([{ op: 'add', path: `${CONTAINER}/env/-`, value: TRACES }]),
        },
        patched('controller', [`${CONTAINER}/env/-`, { name: 'A', value: '1' }]),
      ],
    },
  },
  {
    title: 'what a Pod is given, and where it goes',
    values: {
      imagePullSecrets: [{ name: 'pull' }],
      image: { pullPolicy: 'Always' },
      webhook: {
        extraArgs: ['--allowed-registries=ghcr.io/acme', '--max-in-flight=20'],
        extraEnv: [{ name: 'A', value: '1' }],
        resources: LIMITS,
        nodeSelector: { disk: 'fast' },
        tolerations: TOLERATIONS,
        affinity: AFFINITY,
        topologySpreadConstraints: SPREAD,
        priorityClassName: 'platform',
        extraVolumes: MORE.volumes,
        extraVolumeMounts: MORE.mounts,
        terminationGracePeriodSeconds: 60,
        podLabels: { team: 'platform' },
        podAnnotations: { note: 'ours' },
        nodeArgs: ['--max-old-space-size=500'],
      },
      controller: { extraArgs: ['--max-jobs=20'], extraVolumes: MORE.volumes, extraVolumeMounts: MORE.mounts },
    },
    more: {
      patches: [
        patched(
          'webhook',
          [`${POD}/imagePullSecrets`, [{ name: 'pull' }]],
          [`${CONTAINER}/imagePullPolicy`, 'Always'],
          [`${CONTAINER}/args/-`, '--allowed-registries=ghcr.io/acme'],
          [`${CONTAINER}/args/-`, '--max-in-flight=20'],
          [`${CONTAINER}/env/-`, { name: 'A', value: '1' }],
          [`${CONTAINER}/resources`, LIMITS],
          [`${POD}/nodeSelector`, { disk: 'fast' }],
          [`${POD}/tolerations`, TOLERATIONS],
          [`${POD}/affinity`, AFFINITY],
          [`${POD}/topologySpreadConstraints`, SPREAD],
          [`${POD}/priorityClassName`, 'platform'],
          [`${POD}/volumes`, MORE.volumes],
          [`${CONTAINER}/volumeMounts`, MORE.mounts],
          [`${POD}/terminationGracePeriodSeconds`, 60],
          ['/spec/template/metadata/labels/team', 'platform'],
          ['/spec/template/metadata/annotations/note', 'ours'],
          [`${CONTAINER}/command`, ['node', '--max-old-space-size=500', 'dist/webhook.js']],
        ),
        patched(
          'controller',
          [`${POD}/imagePullSecrets`, [{ name: 'pull' }]],
          [`${CONTAINER}/imagePullPolicy`, 'Always'],
          [`${CONTAINER}/args/-`, '--max-jobs=20'],
          [`${POD}/volumes`, MORE.volumes],
          [`${CONTAINER}/volumeMounts`, MORE.mounts],
        ),
      ],
    },
  },
];

/** Lists whose items have names, in the order of these: variables, volumes and ports mean the same in any order. */
const inOrder = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const items = value.map(inOrder);
    const nameOf = (item: unknown): unknown => (isMap(item) ? item['name'] : undefined);
    const named = items.every((item) => typeof nameOf(item) === 'string');
    return named ? items.toSorted((a, b) => (String(nameOf(a)) < String(nameOf(b)) ? -1 : 1)) : items;
  }
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inOrder(item)])) : value;
};

t.test('the chart renders what kustomize makes of the same choices', { skip }, async (t) => {
  const cluster = await startCluster(t);
  const kustomized = async (folder: string): Promise<Readonly<Record<string, unknown>>> => {
    const { code, stdout, stderr } = await cluster.kubectl(['kustomize', folder]);
    if (code !== 0) throw new Error(stderr);
    return objectsOf(stdout);
  };
  const crd = await kustomized(join(ROOT, 'manifests/crd'));
  for (const [index, { title, values, components = [], resources = [], more = {} }] of CHOICES.entries()) {
    const folder = join(cluster.dir, `choice-${index}`);
    const at = (part: string) => relative(folder, join(ROOT, 'manifests', part));
    await mkdir(folder);
    const kustomization = {
      kind: 'Kustomization',
      resources: ['default', ...resources].map(at),
      components: components.map(at),
      ...more,
    };
    await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization));
    const { [`Namespace ${NAMESPACE}`]: namespace, ...wanted } = await kustomized(folder);
    t.ok(namespace, 'which Helm makes by --create-namespace');
    const { manifests, error, lint } = await rendered({ ...values, crds: { keep: false } });
    t.equal(error, undefined, title);
    t.strictSame(lint, [], `${title}: nothing to mend`);
    t.strictSame(inOrder(objectsOf(manifests)), inOrder({ ...crd, ...wanted }), title);
  }
});

t.test('it goes into any namespace', { skip }, async (t) => {
  const all = CHOICES.find(({ title }) => title === 'all of them');
  const { manifests } = await rendered(all?.values ?? {}, 'platform');
  t.match(manifests, 'namespace: platform');
  t.notMatch(manifests, NAMESPACE);
  t.match(manifests, 'werfbundle-webhook.platform.svc.cluster.local');
  t.match(manifests, 'cert-manager.io/inject-ca-from: platform/werfbundle-webhook');
});

t.test('its CRD stays when the release is uninstalled, goes with it, or is not its business', { skip }, async (t) => {
  const crdOf = async (crds: object) =>
    objectsOf((await rendered({ crds })).manifests)['CustomResourceDefinition werfbundles.werf.io'];
  t.strictSame((await crdOf({}))?.metadata, {
    name: 'werfbundles.werf.io',
    annotations: { 'helm.sh/resource-policy': 'keep' },
  });
  t.strictSame((await crdOf({ keep: false }))?.metadata, { name: 'werfbundles.werf.io' });
  t.equal(await crdOf({ enabled: false }), undefined);
});

t.test('labels that all objects are to have are on each of them', { skip }, async (t) => {
  const all = CHOICES.find(({ title }) => title === 'all of them')?.values;
  const { manifests } = await rendered({
    ...all,
    commonLabels: { team: 'platform' },
    podMonitors: { enabled: true, labels: { release: 'p' }, interval: '30s' },
    prometheusRule: { enabled: true, labels: { release: 'p' } },
    grafanaDashboard: { enabled: true },
  });
  const objects = objectsOf(manifests);
  for (const [name, { metadata }] of Object.entries(objects)) t.equal(metadata.labels?.['team'], 'platform', name);
  t.match(objects['PodMonitor werfbundle-webhook'], {
    metadata: { labels: { release: 'p' } },
    spec: { podMetricsEndpoints: [{ interval: '30s' }] },
  });
});

t.test(
  'a value that there is not, or that can not be, is refused, and so is a cluster that is too old',
  { skip },
  async (t) => {
    const wrong: readonly (readonly [values: object, words: string | RegExp])[] = [
      [{ webhok: {} }, "additional properties 'webhok' not allowed"],
      [{ webhook: { replica: 3 } }, "additional properties 'replica' not allowed"],
      [{ webhook: { replicas: '3' } }, 'got string, want integer'],
      [{ image: { digest: 'sha256:abc' } }, 'does not match pattern'],
      [{ webhook: { certificates: { source: 'vault' } } }, 'value must be one of'],
      [{ grafanaDashboard: { enabled: true, labels: { grafana_dashboard: 1 } } }, 'got number, want string'],
      [{ controller: { extraArgs: ['max-jobs=1'] } }, 'does not match pattern'],
    ];
    for (const [values, words] of wrong) t.match((await rendered(values)).error, words);
    t.match((await rendered({}, NAMESPACE, '1.29.9')).error, 'chart requires kubeVersion: >=1.30.0-0');
  },
);

t.test('when it is installed it says what to do next, and before an uninstall', { skip }, async (t) => {
  const { notes } = await rendered(
    { crds: { enabled: false }, webhook: { certificates: { source: 'cert-manager' } } },
    'platform',
  );
  for (const words of [
    'kubectl rollout status deployment/werfbundle-webhook deployment/werfbundle-controller -n platform',
    'kubectl apply -k',
    'The CRD is not part of this release',
    'kubectl get certificates -n platform',
    'Before `helm uninstall`, delete the bundles with deletionPolicy Dismiss',
  ])
    t.match(notes, words);
});

/** Paths of values: those with a default, or those that the schema knows. */
const pathsOf = (values: unknown, path = ''): readonly string[] =>
  isMap(values) && Object.keys(values).length > 0 && !/(resources|labels)$/.test(path)
    ? Object.entries(values).flatMap(([key, value]) => pathsOf(value, path === '' ? key : `${path}.${key}`))
    : [path];

t.test(
  'the schema knows each value that has a default, and no others; the version is that of the programs',
  async (t) => {
    const read = async (file: string): Promise<string> => readFile(join(CHART, file), 'utf8');
    const schema = JSON.parse(await read('values.schema.json')) as Node;
    interface Node {
      readonly $ref?: string;
      readonly properties?: Readonly<Record<string, Node>>;
      readonly definitions?: Readonly<Record<string, Node>>;
    }
    const known = (node: Node, path: string): readonly string[] => {
      const { properties } =
        node.$ref === undefined ? node : (schema.definitions?.[node.$ref.replace(/.*\//, '')] ?? {});
      if (properties === undefined || path.endsWith('resources')) return [path];
      return Object.entries(properties).flatMap(([key, part]) => known(part, path === '' ? key : `${path}.${key}`));
    };
    t.strictSame(known(schema, '').toSorted(), ['global', ...pathsOf(parse(await read('values.yaml')))].toSorted());
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    t.match(parse(await read('Chart.yaml')), { version, appVersion: version });
  },
);
