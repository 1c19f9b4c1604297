import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { PUSHES_CONFIGMAP } from '../../api/push-record.js';
import type { SchemaNode } from '../../api/schema-node.js';
import { parseConfig as parseControllerConfig } from '../../controller/config.js';
import { parseConfig as parseReceiverConfig } from '../../receiver/config.js';
import { GUARD_CONFIGURATION } from '../../webhook/certificates.js';
import { parseConfig } from '../../webhook/config.js';
import { judgeText } from '../kit/judge-text.js';
import { missingRights } from '../kit/werf-rights.js';

const ROOT = join(import.meta.dirname, '..', '..');
const MANIFESTS = join(ROOT, 'manifests');

interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

const yamlFiles = (await readdir(MANIFESTS, { recursive: true })).filter((file) => file.endsWith('.yaml')).sort();

const read = async (file: string): Promise<readonly Manifest[]> => {
  const text = await readFile(join(MANIFESTS, file), 'utf8');
  return [...parseAllDocuments(text, { merge: true })].map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.join()}`);
    return { ...document.toJS(), file };
  });
};
/** Read by kustomize and by Argo CD, and no objects of Kubernetes. */
const isForTools = (file: string): boolean => /^(flux|argocd)\//.test(file) && !file.endsWith('kustomization.yaml');
const manifests = (await Promise.all(yamlFiles.filter((file) => !isForTools(file)).map(read))).flat();
const named = (kind: string, name: string): Manifest => {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};

t.test('every sample is accepted by the rules of the webhook, and every invalid one refused', async (t) => {
  const samples = manifests
    .filter(({ kind, file }) => kind === 'WerfBundle' && file.startsWith('samples/'))
    .map(({ file }) => file);
  t.ok(samples.length >= 5);
  for (const file of samples) {
    const results = await judgeText(file, await readFile(join(MANIFESTS, file), 'utf8'));
    const want = file.startsWith('samples/invalid/') ? 'deny' : 'allow';
    t.same(
      results.map(({ verdict }) => verdict),
      [want],
      `${file}: ${want}`,
    );
  }
  const [mistakes] = await judgeText(
    'x',
    await readFile(join(MANIFESTS, 'samples/invalid/four-mistakes.yaml'), 'utf8'),
  );
  t.same(
    mistakes?.problems.filter(({ severity }) => severity === 'error').map(({ field }) => field),
    [
      'spec.registry.url',
      'spec.registry.pollInterval',
      'spec.converge.serviceAccountName',
      'spec.converge.resourceLimits.memory',
    ],
    'the four mistakes are four',
  );
});

t.test(
  'every sample comes with what its Job needs: a ServiceAccount, and rights to deploy, follow and uninstall',
  async (t) => {
    const samples = manifests.filter(({ kind, file }) => kind === 'WerfBundle' && /^samples\/[^/]+$/.test(file));
    t.ok(samples.length >= 4);
    for (const { metadata, file, ...manifest } of samples) {
      const { converge = {} } = manifest['spec'] as { readonly converge?: Readonly<Record<string, string>> };
      const { targetNamespace = metadata.namespace, serviceAccountName } = converge;
      const there = (kind: string) =>
        manifests.find(
          (one) =>
            one.kind === kind &&
            one.file.startsWith('samples/') &&
            one.metadata.name === serviceAccountName &&
            one.metadata.namespace === targetNamespace,
        );
      t.ok(there('ServiceAccount'), `${file}: ServiceAccount ${serviceAccountName}`);
      t.same(there('RoleBinding')?.['subjects'], [
        { kind: 'ServiceAccount', name: serviceAccountName, namespace: targetNamespace },
      ]);
      t.same(there('RoleBinding')?.['roleRef'], {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'Role',
        name: serviceAccountName,
      });
      t.same(missingRights(there('Role')?.['rules']), [], `${file}: what werf itself needs`);
    }
  },
);

t.test('samples are in namespaces of their own, so that they change nothing which a document shows', (t) => {
  const spaces = manifests
    .filter(({ file }) => /^samples\/[^/]+$/.test(file) && !file.endsWith('kustomization.yaml'))
    .map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace));
  t.strictSame([...new Set(spaces)].toSorted(), ['team-a', 'team-a-production']);
  t.end();
});

t.test('each address of this repository names its version', async (t) => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const files = [...yamlFiles.map((file) => join('manifests', file)), 'README.md', 'docs/operations.md'];
  const texts = await Promise.all(files.map((file) => readFile(join(ROOT, file), 'utf8')));
  const named = texts.flatMap((text) => text.match(/github\.com\/werf\/werfbundle\/\/[^?\s]+\?ref=[\w.-]*\w/g) ?? []);
  t.ok(named.length >= 10);
  for (const address of named) {
    const [, folder = '', ref] = /werfbundle\/\/(.+)\?ref=(.+)$/.exec(address) ?? [];
    t.equal(ref, `v${version}`, address);
    await access(join(ROOT, folder, 'kustomization.yaml'));
  }
});

t.test('each kustomization names the files of its folder, and all of them', async (t) => {
  const folders = yamlFiles.filter((file) => file.endsWith('kustomization.yaml'));
  for (const file of folders) {
    const folder = join(MANIFESTS, file, '..');
    const [kustomization] = await read(file);
    const here = (await readdir(folder)).filter((name) => /\.(yaml|json)$/.test(name) && name !== 'kustomization.yaml');
    const lists = ['resources', 'configurations'].map(
      (field) => kustomization?.[field] as readonly string[] | undefined,
    );
    const generators = (kustomization?.['configMapGenerator'] ?? []) as readonly {
      readonly files: readonly string[];
    }[];
    const generated = generators.flatMap(({ files }) => files.map((entry) => entry.replace(/^.*=/, '')));
    const patches = (kustomization?.['patches'] ?? []) as readonly { readonly path?: string }[];
    const patched = patches.flatMap(({ path }) => path ?? []);
    const listed = [
      ...lists.flatMap((list) => list ?? []),
      ...patched,
      ...generated.filter((name) => !name.includes('/')),
    ];
    t.same(listed.filter((name) => !name.startsWith('..')).toSorted(), here.toSorted(), file);
    for (const name of listed.filter((other) => other.startsWith('..')))
      await access(join(folder, name, 'kustomization.yaml'));
  }
});

t.test('the webhook finds what it is told by its defaults', (t) => {
  const parsed = parseConfig({ argv: containerOf('werfbundle-webhook').args, env: {} });
  if (parsed.kind !== 'ok') throw new Error(parsed.kind);
  const { config } = parsed;
  const configurations = [
    named('MutatingWebhookConfiguration', config.mutatingWebhookName),
    named('ValidatingWebhookConfiguration', config.validatingWebhookName),
  ];
  for (const [index, { webhooks }] of configurations.entries()) {
    const [webhook, ...others] = webhooks as readonly Readonly<Record<string, unknown>>[];
    const { name: _, reinvocationPolicy, matchConditions, ...settings } = webhook ?? {};
    t.match(matchConditions, [
      { name: 'something-to-judge', expression: /^oldObject == null \|\| object\.spec != oldObject\.spec/ },
    ]);
    t.same(others, []);
    t.same(reinvocationPolicy, index === 0 ? 'IfNeeded' : undefined);
    t.same(settings, {
      clientConfig: {
        url: null,
        service: {
          name: config.serviceName,
          namespace: config.namespace,
          path: ['/mutate', '/validate'][index],
          port: 443,
        },
      },
      rules: [
        {
          apiGroups: ['werf.io'],
          apiVersions: ['v1alpha1'],
          resources: ['werfbundles'],
          operations: ['CREATE', 'UPDATE'],
          scope: 'Namespaced',
        },
      ],
      admissionReviewVersions: ['v1'],
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      timeoutSeconds: 10,
    });
  }
  const role = named('Role', 'werfbundle-webhook')['rules'];
  t.same(role, [
    { apiGroups: [''], resources: ['secrets'], resourceNames: [config.certificateSecret], verbs: ['get', 'update'] },
    { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  ]);
  const rules = named('ClusterRole', 'werfbundle-webhook')['rules'] as readonly { resourceNames?: readonly string[] }[];
  const [mutating, validating, ...lookUps] = rules;
  t.same(
    [mutating?.resourceNames, validating?.resourceNames],
    [[config.mutatingWebhookName], [config.validatingWebhookName, GUARD_CONFIGURATION]],
  );
  t.same(
    lookUps,
    [
      { apiGroups: [''], resources: ['namespaces', 'serviceaccounts', 'configmaps', 'secrets'], verbs: ['get'] },
      { apiGroups: ['werf.io'], resources: ['werfbundles'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
    ],
    'Secrets are read one by one, and nothing of what bundles refer to is written',
  );
  const service = named('Service', config.serviceName)['spec'];
  t.same(service, {
    selector: { 'app.kubernetes.io/name': 'werfbundle-webhook' },
    ports: [{ name: 'webhook', protocol: 'TCP', port: 443, targetPort: 'webhook' }],
  });
  t.equal(config.listen.port, portsOf('werfbundle-webhook')['webhook']);
  t.equal(config.healthAddress.port, portsOf('werfbundle-webhook')['health']);
  t.end();
});

t.test("the values guard asks about labelled sources only, and stands in nobody's way", (t) => {
  const guard = named('ValidatingWebhookConfiguration', GUARD_CONFIGURATION);
  const { config } = parseConfig({ argv: ['--namespace', 'k8s-werf-operator-go-system'], env: {} }) as ParsedOk;
  t.same(guard['webhooks'], [
    {
      name: 'guard.values.werf.io',
      clientConfig: {
        url: null,
        service: { name: config.serviceName, namespace: config.namespace, path: '/guard', port: 443 },
      },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['configmaps', 'secrets'],
          operations: ['UPDATE'],
          scope: 'Namespaced',
        },
      ],
      objectSelector: { matchLabels: { 'werf.io/values': 'true' } },
      matchConditions: [
        {
          name: 'contents-change',
          expression:
            'object.?data.orValue({}) != oldObject.?data.orValue({}) || object.?binaryData.orValue({}) != oldObject.?binaryData.orValue({})',
        },
      ],
      admissionReviewVersions: ['v1'],
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      timeoutSeconds: 5,
    },
  ]);
  t.end();
});

const tcp = (port: number) => ({ protocol: 'TCP', port });

type ParsedOk = Extract<ReturnType<typeof parseConfig>, { kind: 'ok' }>;

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: unknown;
  readonly resources: unknown;
  readonly startupProbe: unknown;
  readonly livenessProbe: unknown;
  readonly readinessProbe: unknown;
}

const templateOf = (deployment: string) => {
  const { template } = named('Deployment', deployment)['spec'] as {
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; [field: string]: unknown };
    };
  };
  return template;
};

const containerOf = (deployment: string): Container => {
  const [container] = templateOf(deployment).spec.containers;
  if (container === undefined) throw new Error(`${deployment} has no container`);
  return container;
};

const portsOf = (deployment: string): Readonly<Record<string, number>> =>
  Object.fromEntries(containerOf(deployment).ports.map(({ name, containerPort }) => [name, containerPort]));

t.test('Pods', async (t) => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  for (const name of ['webhook', 'controller', 'receiver']) {
    const { spec } = templateOf(`werfbundle-${name}`);
    const container = containerOf(`werfbundle-${name}`);
    const words = container.command.filter(
      (word) => !/^--(max-(semi|old)-space-size|heap-growing-percent)=\d+$/.test(word),
    );
    t.same(words, ['node', `dist/${name}.js`], `${name}: runs its own program`);
    t.equal(container.image, `ghcr.io/werf/werfbundle:${version}`, 'of this version');
    t.equal(spec['serviceAccountName'], `werfbundle-${name}`);
    t.same(
      spec['securityContext'],
      { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      'restricted Pod security',
    );
    t.same(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
  t.equal(
    templateOf('werfbundle-controller').metadata.labels['control-plane'],
    'controller-manager',
    "the label of the guide's commands",
  );
  t.end();
});

const PROBED = (path: string) => ({ httpGet: { path, port: 'health' } });
const spreadBy = (topologyKey: string, name: string) => ({
  topologyKey,
  maxSkew: 1,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels: { 'app.kubernetes.io/name': name } },
  matchLabelKeys: ['pod-template-hash'],
});

t.test('all stay: two Pods on two nodes, that go one at a time, are probed, and make room for themselves', (t) => {
  const resources = {
    'werfbundle-webhook': { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    'werfbundle-controller': { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    'werfbundle-receiver': { requests: { cpu: '20m', memory: '64Mi' }, limits: { memory: '256Mi' } },
  };
  for (const [name, limits] of Object.entries(resources)) {
    const { spec } = templateOf(name);
    const container = containerOf(name);
    t.strictSame(container.resources, limits);
    t.strictSame(container.startupProbe, {
      ...PROBED('/healthz'),
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: 60,
    });
    t.strictSame(container.livenessProbe, { ...PROBED('/healthz'), timeoutSeconds: 10 });
    const often = name === 'werfbundle-webhook' && { periodSeconds: 2 };
    t.strictSame(container.readinessProbe, { ...PROBED('/readyz'), ...often, timeoutSeconds: 5 });
    const priority = name === 'werfbundle-receiver' ? undefined : 'system-cluster-critical';
    t.equal(spec['priorityClassName'], priority, 'without pushes, polls go on');
    t.equal(spec['enableServiceLinks'], false, "a Service's variables are not taken for flags");
    t.strictSame(
      spec['topologySpreadConstraints'],
      ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((key) => spreadBy(key, name)),
    );
    t.strictSame(named('PodDisruptionBudget', name)['spec'], {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
    });
    t.equal(named('Deployment', name).spec?.['replicas'], 2);
  }
  const { shutdownDelay } = (parseConfig({ argv: [], env: {} }) as ParsedOk).config;
  const grace = Number(templateOf('werfbundle-webhook').spec['terminationGracePeriodSeconds']) * 1_000;
  t.ok(grace >= shutdownDelay + 10_000 + 5_000, 'the webhook has the time to drain: its delay, the calls, some air');
  t.strictSame(
    named('ResourceQuota', 'werfbundle-critical-pods').spec,
    {
      hard: { pods: '1000' },
      scopeSelector: {
        matchExpressions: [
          { scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical', 'system-cluster-critical'] },
        ],
      },
    },
    'where a quota is asked for such Pods, there is one',
  );
  t.end();
});

t.test('metrics are scraped from the port of the probes, by a part that may be taken or left', (t) => {
  for (const name of ['werfbundle-webhook', 'werfbundle-controller', 'werfbundle-receiver'])
    t.strictSame(named('PodMonitor', name).spec, {
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
      podMetricsEndpoints: [{ port: 'health', path: '/metrics', honorLabels: true }],
    });
  t.end();
});

/** The fields of a schema without words for `kubectl explain`, by their paths. */
const undescribed = (node: SchemaNode & { readonly description?: string }, path = ''): readonly string[] => [
  ...(node.description === undefined ? [path] : []),
  ...Object.entries(node.properties ?? {}).flatMap(([name, part]) => undescribed(part, `${path}.${name}`)),
  ...(node.items === undefined ? [] : undescribed(node.items, `${path}[]`)),
];

t.test('every field of the CRD has a description, and every column', (t) => {
  const { versions } = named('CustomResourceDefinition', 'werfbundles.werf.io').spec as {
    readonly versions: readonly {
      readonly schema: { readonly openAPIV3Schema: SchemaNode };
      readonly additionalPrinterColumns: readonly { readonly name: string; readonly description?: string }[];
    }[];
  };
  for (const { schema, additionalPrinterColumns } of versions) {
    t.strictSame(undescribed(schema.openAPIV3Schema), ['.metadata'], 'metadata is described by Kubernetes itself');
    t.strictSame(
      additionalPrinterColumns.filter(({ description }) => description === undefined),
      [],
    );
  }
  t.end();
});

t.test('two controllers stand for election, and may do no more for it and for the charts that they keep', (t) => {
  const parsed = parseControllerConfig(containerOf('werfbundle-controller').args, {});
  if (parsed.kind !== 'ok') throw new Error(parsed.kind);
  t.equal(parsed.config.leaderElect, true);
  t.equal(parsed.config.healthAddress.port, portsOf('werfbundle-controller')['health']);
  const { replicas, strategy } = named('Deployment', 'werfbundle-controller')['spec'] as Record<string, unknown>;
  t.strictSame([replicas, strategy], [2, { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }]);
  t.strictSame(named('Role', 'werfbundle-controller')['rules'], [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'create', 'delete'] },
  ]);
  t.end();
});

t.test('network policies are about our Pods, and about ports that these have', (t) => {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  const { config } = parseConfig({ argv: containerOf('werfbundle-webhook').args, env: {} }) as ParsedOk;
  const receiver = parseReceiverConfig({ argv: containerOf('werfbundle-receiver').args, env: {} });
  const called: Readonly<Record<string, number | undefined>> = {
    webhook: config.listen.port,
    receiver: receiver.kind === 'ok' ? receiver.values.listen.port : undefined,
    dashboard: portsOf('werfbundle-dashboard')['page'],
  };
  // The page has no metrics.
  const isScraped = (name: string): boolean => name !== 'dashboard';
  const scraped = {
    from: [{ namespaceSelector: { matchLabels: { metrics: 'enabled' } } }],
    ports: [tcp(config.healthAddress.port)],
  };
  const egress = [{ ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] }, { ports: [tcp(443), tcp(6443)] }];
  t.strictSame(
    Object.fromEntries(policies.map(({ metadata, spec }) => [metadata.name, spec])),
    Object.fromEntries(
      ['webhook', 'controller', 'receiver', 'dashboard'].map((name) => [
        `werfbundle-${name}`,
        {
          podSelector: { matchLabels: { 'app.kubernetes.io/name': `werfbundle-${name}` } },
          policyTypes: ['Ingress', 'Egress'],
          ingress: [...(called[name] ? [{ ports: [tcp(called[name])] }] : []), ...(isScraped(name) ? [scraped] : [])],
          egress,
        },
      ]),
    ),
  );
  for (const { metadata } of policies) {
    t.equal(
      templateOf(metadata.name).metadata.labels['app.kubernetes.io/name'],
      metadata.name,
      'its Pods have that label',
    );
    const port = isScraped(metadata.name.replace('werfbundle-', '')) ? 8081 : 8310;
    t.ok(Object.values(portsOf(metadata.name)).includes(port), 'and that port');
  }
  t.notOk(
    manifests.some(
      ({ file, resources }) => file === 'default/kustomization.yaml' && String(resources).includes('network'),
    ),
    'they are left to whoever knows the addresses',
  );
  t.end();
});

t.test('the receiver may write down what was pushed, and nothing else; its data are left to it', (t) => {
  t.strictSame(named('Role', 'werfbundle-receiver')['rules'], [
    { apiGroups: [''], resources: ['configmaps'], resourceNames: [PUSHES_CONFIGMAP], verbs: ['patch'] },
  ]);
  t.strictSame(Object.keys(named('ConfigMap', PUSHES_CONFIGMAP)).toSorted(), [
    'apiVersion',
    'file',
    'kind',
    'metadata',
  ]);
  const parsed = parseReceiverConfig({ argv: containerOf('werfbundle-receiver').args, env: {} });
  t.match(parsed, { kind: 'ok', values: { receiversDir: '/etc/werfbundle/receivers' } });
  t.strictSame(named('Service', 'werfbundle-receiver').spec, {
    selector: { 'app.kubernetes.io/name': 'werfbundle-receiver' },
    ports: [{ name: 'receiver', protocol: 'TCP', port: 80, targetPort: 'receiver' }],
  });
  t.equal(portsOf('werfbundle-receiver')['receiver'], parsed.kind === 'ok' && parsed.values.listen.port);
  const [component] = manifests.filter(({ file }) => file === 'receiver/kustomization.yaml');
  t.match(
    JSON.stringify(component?.['patches']),
    /werfbundle-controller.*--follow-pushes/,
    'and the controller follows it',
  );
  t.end();
});

t.test('the client CAs come from a ConfigMap, by a part that may be taken or left', async (t) => {
  const text = await readFile(join(MANIFESTS, 'webhook/client-ca/kustomization.yaml'), 'utf8');
  const [, file = ''] = /name: WERFBUNDLE_CLIENT_CA\n\s+value: (\S+)/.exec(text) ?? [];
  const { config } = parseConfig({ argv: [], env: { WERFBUNDLE_CLIENT_CA: file } }) as ParsedOk;
  t.equal(config.clientCa, '/etc/werfbundle/client-ca/ca.crt');
  t.match(text, /mountPath: \/etc\/werfbundle\/client-ca\n/, 'its folder is mounted, so that it is brought up to date');
  const plain = parseConfig({ argv: containerOf('werfbundle-webhook').args, env: {} }) as ParsedOk;
  t.equal(plain.config.clientCa, undefined, 'by default anybody may ask');
});

t.test('everything is in one namespace, and says what it belongs to', (t) => {
  const ours = manifests.filter(
    ({ file, kind }) => !/^(samples|crd)\//.test(file) && !['Kustomization', 'Component'].includes(kind),
  );
  const clusterWide = [
    'Namespace',
    'ClusterRole',
    'ClusterRoleBinding',
    'MutatingWebhookConfiguration',
    'ValidatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
  ];
  for (const { kind, metadata } of ours) {
    const namespace = clusterWide.includes(kind) ? undefined : 'k8s-werf-operator-go-system';
    t.equal(metadata.namespace, namespace, `${kind} ${metadata.name}`);
    t.equal(metadata.labels?.['app.kubernetes.io/part-of'], 'werfbundle');
  }
  t.end();
});

t.test('nobody may list or watch Secrets, unless that is asked for', (t) => {
  const rules = manifests.flatMap(
    ({ rules }) => (rules as readonly { resources: string[]; verbs: string[] }[] | undefined) ?? [],
  );
  const ours = manifests
    .filter(({ file }) => file.startsWith('rbac/'))
    .flatMap(({ rules: own }) => own ?? []) as typeof rules;
  t.ok(ours.length > 10);
  for (const { resources, verbs } of ours) {
    t.notOk(verbs.includes('*') || resources.includes('*'), 'nothing is given wholesale');
    if (resources.includes('secrets')) t.notOk(verbs.includes('list') || verbs.includes('watch'));
  }
  const watchers = manifests.filter(
    ({ file, rules: own }) =>
      !file.startsWith('samples/') &&
      ((own ?? []) as typeof rules).some(
        ({ resources, verbs }) => resources?.includes('secrets') && verbs.includes('list'),
      ),
  );
  t.same(
    watchers.map(({ file, rules: own }) => [file, own]),
    [['controller/watch-secrets/rights.yaml', [{ apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] }]]],
  );
  t.end();
});
