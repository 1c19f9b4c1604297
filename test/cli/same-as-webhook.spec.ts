import jsonpatch from 'fast-json-patch';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../api/objects.js';
import type { StoredBundle, WerfBundle } from '../../api/werfbundle.js';
import { clusterSource } from '../../cli/validate/cluster-source.js';
import type { InputObjects } from '../../cli/validate/input-objects.js';
import type { Result } from '../../cli/validate/result.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { type AdmissionHarness, createAdmissionHarness, type Told } from '../kit/admission-harness.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { judgeText } from '../kit/judge-text.js';

/** Stands in every Secret of these specs; nothing may repeat it. */
const SECRET_TEXT = 'hunter2-hunter2';

const bundle = (spec: string, metadata = ''): string => `apiVersion: werf.io/v1alpha1
kind: WerfBundle
metadata: {name: my-app, namespace: ops${metadata}}
spec:
${spec.trim().replace(/^/gm, '  ')}
`;

const OBJECTS = `apiVersion: v1
kind: Namespace
metadata: {name: production, annotations: {werf.io/accept-bundles-from: ops}}
---
apiVersion: v1
kind: Namespace
metadata: {name: closed}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: werf-converge, namespace: production}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: werf-converge, namespace: closed}
---
apiVersion: v1
kind: Secret
metadata: {name: creds, namespace: ops}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"ghcr.io": {"username": "acme", "password": "${SECRET_TEXT}"}}}'
---
apiVersion: v1
kind: Secret
metadata: {name: opaque, namespace: ops}
stringData: {key: ${SECRET_TEXT}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: good, namespace: ops}
data:
  values.yaml: |
    app: {replicas: 2, debug: yes}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: broken, namespace: ops}
data:
  values.yaml: |

    app: {replicas: 2}
    a: b: c
  short.yaml: '[1'
---
apiVersion: v1
kind: ConfigMap
metadata: {name: elsewhere, namespace: production}
data: {values.yaml: "app: {}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: empty, namespace: ops}
data:
---
apiVersion: v1
kind: Secret
metadata: {name: broken, namespace: ops}
stringData:
  values.yaml: |
    password: ${SECRET_TEXT}
    a: ${SECRET_TEXT}: c
`;

const TYPES: Readonly<Record<string, ResourceType>> = {
  Namespace: NAMESPACES,
  ServiceAccount: SERVICEACCOUNTS,
  Secret: SECRETS,
  ConfigMap: CONFIGMAPS,
  WerfBundle: WERFBUNDLES,
};

const objectsIn = (text: string): readonly KubeObject[] =>
  parseAllDocuments(text).map((document) => document.toJS() as KubeObject);

/** As an apiserver stores it. */
const stored = (object: KubeObject & { readonly stringData?: Readonly<Record<string, string>> }): KubeObject => {
  const { stringData = {}, ...rest } = object;
  const data = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  const given = Object.entries({ data: Object.fromEntries(data), ...rest }).filter(([, value]) => value !== null);
  return { metadata: {}, ...Object.fromEntries(given) };
};

const furnish = ({ kube }: Pick<AdmissionHarness, 'kube'>, text: string): void => {
  for (const object of objectsIn(text)) {
    const type = TYPES[object.kind ?? ''];
    if (type !== undefined) kube.seed(type, stored(object));
  }
};

/** /mutate, and with its patch /validate, as an apiserver calls them. */
const admitted = async (harness: AdmissionHarness, object: WerfBundle): Promise<Told> => {
  const first = await harness.ask({ webhook: 'mutate', object });
  if (!first.allowed) return first;
  const patch = first.patch as Parameters<typeof jsonpatch.applyPatch>[1];
  const { newDocument } = jsonpatch.applyPatch(object, patch, false, false);
  return harness.ask({ webhook: 'validate', object: newDocument });
};

/** Longer warnings are cut on their way to kubectl. */
const cut = (text: string): string => (text.length > 256 ? `${text.slice(0, 255)}…` : text);

const told = (results: readonly Result[]) => {
  const of = (severity: string): readonly string[] =>
    results.flatMap(({ problems }) =>
      problems.filter((one) => one.severity === severity).map(({ field, message }) => `${field}: ${message}`),
    );
  return { problems: of('error'), warnings: of('warning').map(cut) };
};

const unresolved = (results: readonly Result[]): readonly string[] =>
  results.flatMap((result) => result.unresolved.map(({ field, message }) => `${field}: ${message}`));

const REGISTRY = 'registry: {url: ghcr.io/acme/app, tag: v1}';
const from = (...items: readonly string[]): string => `${REGISTRY}\nconverge: {valuesFrom: [${items.join(', ')}]}`;
const into = (namespace: string, more = ''): string =>
  `${REGISTRY}\nconverge: {targetNamespace: ${namespace}, serviceAccountName: werf-converge${more}}`;

/** All that these refer to is in {@link OBJECTS}. */
const CASES: readonly {
  readonly title: string;
  readonly spec: string;
  readonly flags?: readonly string[];
  readonly before?: string;
  readonly count: number;
}[] = [
  { title: 'a good bundle', spec: REGISTRY, count: 0 },
  { title: 'a bundle that deploys elsewhere', spec: into('production'), count: 0 },
  { title: 'consent', spec: into('closed'), count: 1 },
  { title: 'no need of consent', spec: into('closed'), flags: ['--cross-namespace=always'], count: 0 },
  {
    title: 'fourteen mistakes',
    spec: `registry: {url: "https://ghcr.io/Acme/app:v1", pollInterval: "15", tag: v1, versionConstraint: 1.x.y.z, tagPattern: "("}
converge: {targetNamespace: Nope, releaseName: "-", retries: 11, timeout: 1s, resourceLimits: {cpu: -1, memory: x}, valuesFrom: [{}]}
deletionPolicy: Never`,
    count: 14,
  },
  {
    title: 'Secrets for the registry',
    spec: 'registry: {url: docker.io/acme/app, tag: v1, secretRef: {name: creds}, caSecretRef: {name: opaque}}',
    count: 2,
  },
  {
    title: 'Secrets of the wrong type',
    spec: 'registry: {url: ghcr.io/acme/app, tag: v1, secretRef: {name: opaque}}\nconverge: {werfSecretKeyRef: {name: creds}}',
    count: 2,
  },
  {
    title: 'values',
    spec: from(
      '{configMapRef: {name: good}}',
      '{configMapRef: {name: good}, key: nope}',
      '{configMapRef: {name: empty}}',
    ),
    count: 2,
  },
  { title: 'odd values', spec: from('{configMapRef: {name: good}}', '{secretRef: {name: opaque}}'), count: 2 },
  {
    title: 'values that do not parse',
    spec: from('{configMapRef: {name: broken}}', '{secretRef: {name: broken}}'),
    count: 3,
  },
  {
    title: 'values in the target namespace',
    spec: into('production', ', valuesFrom: [{configMapRef: {name: elsewhere}}]'),
    count: 1,
  },
  { title: 'an optional source', spec: from('{configMapRef: {name: nowhere}, optional: true}'), count: 0 },
  { title: "the platform's policy", spec: REGISTRY, flags: ['--allowed-registries=quay.io/*'], count: 1 },
  {
    title: "the operator's own",
    spec: 'registry: {url: ghcr.io/acme/app, tag: v1, secretRef: {name: werfbundle-webhook-certificates}}',
    flags: ['--namespace=ops'],
    count: 1,
  },
  {
    title: "another bundle's release",
    before: bundle(`${REGISTRY}\nconverge: {releaseName: shop}`).replace('my-app', 'first'),
    spec: `${REGISTRY}\nconverge: {releaseName: shop}`,
    count: 1,
  },
  { title: 'no spec that is one', spec: 'registry: [1]\nconverge: 3', count: 2 },
];

t.test("problems and warnings are the webhook's own, offline and with --cluster", async (t) => {
  for (const { title, spec, flags = [], before, count } of CASES) {
    const harness = createAdmissionHarness({ flags: ['--authorize=off', ...flags] });
    const others = before === undefined ? OBJECTS : `${OBJECTS}---\n${before}`;
    furnish(harness, others);
    const text = bundle(spec);
    const [object] = objectsIn(text);
    const { problems, warnings } = await admitted(harness, object as WerfBundle);
    const all = [...problems, ...warnings].filter((text) => !text.includes(': none is named: '));
    t.equal(all.length, count, `${title}: ${all.join('; ')}`);

    const offline = (await judgeText('f', `${others}---\n${text}`, { flags })).filter(({ name }) => name === 'my-app');
    t.strictSame(told(offline), { problems, warnings }, `${title}: offline`);
    t.strictSame(unresolved(offline), [], `${title}: all is in the input`);

    const live = await judgeText('f', text, { flags, sourceOf: sourceOf(harness, 'off') });
    t.strictSame(told(live), { problems, warnings }, `${title}: with --cluster`);
    t.notMatch(JSON.stringify([offline, live]), SECRET_TEXT, `${title}: nothing of a Secret is told`);
  }
});

const sourceOf =
  ({ kube }: Pick<AdmissionHarness, 'kube'>, authorize: 'always' | 'off') =>
  (objects: InputObjects) =>
    clusterSource({
      client: kube,
      requester: { username: 'jane', uid: '', groups: [], extra: {} },
      authorize,
      objects,
    });

t.test('what the input does not hold', async (t) => {
  const spec = `registry: {url: ghcr.io/acme/app, tag: v1, secretRef: {name: creds}}
converge:
  targetNamespace: production
  serviceAccountName: werf-converge
  valuesFrom:
  - configMapRef: {name: good}
  - secretRef: {name: nowhere}
  - configMapRef: {name: nothing}
    optional: true`;
  const want = [
    'spec.registry.secretRef.name: Secret creds of namespace ops is not in the input',
    'spec.converge.targetNamespace: namespace production is not in the input',
    'spec.converge.serviceAccountName: ServiceAccount werf-converge of namespace production is not in the input',
    'spec.converge.valuesFrom[0].configMapRef.name: ConfigMap good of namespace ops or production is not in the input',
    'spec.converge.valuesFrom[1].secretRef.name: Secret nowhere of namespace ops or production is not in the input',
  ];
  const loose = await judgeText('f', bundle(spec));
  t.strictSame({ ...told(loose), unresolved: unresolved(loose) }, { problems: [], warnings: [], unresolved: want });
  t.equal(loose[0]?.verdict, 'allow', 'is not judged');
  const strict = await judgeText('f', bundle(spec), { strict: true });
  t.strictSame(
    { ...told(strict), unresolved: unresolved(strict), verdict: strict[0]?.verdict },
    {
      problems: want.map((line) => line.replace(': ', ': Not found: ')),
      warnings: [],
      unresolved: [],
      verdict: 'deny',
    },
    'is a problem with --strict',
  );
  const harness = createAdmissionHarness({ flags: ['--authorize=off'] });
  const { problems } = await admitted(harness, objectsIn(bundle(spec))[0] as WerfBundle);
  t.strictSame(
    problems.map((line) => line.split(': ')[0]),
    want.map((line) => line.split(': ')[0]),
    'are the references that the webhook would miss',
  );
  const live = await judgeText('f', bundle(spec), { sourceOf: sourceOf(harness, 'off') });
  t.strictSame(told(live).problems, problems, 'are missing with --cluster, in its words');

  const unfit = `apiVersion: v1
kind: ConfigMap
metadata: {name: good, namespace: ops}
data: {replicas: 3}
---
apiVersion: v1
kind: Secret
metadata: {name: nowhere, namespace: ops}
data: {values.yaml: "ENC[AES256_GCM,data:xyz]"}
sops: {version: 3.9.0}
---
apiVersion: v1
kind: Secret
metadata: {name: creds, namespace: ops}
data: {.dockerconfigjson: "${SECRET_TEXT}"}
---
`;
  t.strictSame(
    unresolved(await judgeText('f', unfit + bundle(spec))).filter((line) => line.includes('could not')),
    [
      'spec.registry.secretRef.name: Secret creds in namespace ops could not be checked: the one of f is malformed: data[".dockerconfigjson"] is not base64',
      'spec.converge.valuesFrom[0].configMapRef.name: ConfigMap good could not be checked: the one of f is malformed: data["replicas"] is not a text',
      'spec.converge.valuesFrom[1].secretRef.name: Secret nowhere could not be checked: the one of f is encrypted with SOPS',
    ],
    'what no cluster would take so is not judged either',
  );
});

t.test('places within ConfigMaps', async (t) => {
  const text = `${OBJECTS}---\n${bundle(from('{configMapRef: {name: broken}}', '{secretRef: {name: broken}}'))}`;
  const lines = text.split('\n');
  const sources = (await judgeText('all.yaml', text)).flatMap(({ problems }) =>
    problems.flatMap(({ source }) => source ?? []),
  );
  t.strictSame(
    sources.map((source) => [source.file, lines[source.line - 1]?.slice(source.column - 1)]),
    [
      ['all.yaml', "'"],
      ['all.yaml', 'b: c'],
      ['all.yaml', `${SECRET_TEXT}: c`],
    ],
    'quoted on one line, and line for line',
  );
});

t.test('a cluster and its user', async (t) => {
  const may = (_: string, what: string): boolean => !/production|secrets\/creds|pods in ops/.test(what);
  const spec = into('production', ', valuesFrom: [{configMapRef: {name: good}}, {secretRef: {name: creds}}]');
  const harness = createAdmissionHarness({ may });
  furnish(harness, OBJECTS);
  harness.kube.answer('selfsubjectaccessreviews', (_, body) => {
    const { resourceAttributes: asked } = (body as { spec: { resourceAttributes: Record<string, string> } }).spec;
    const { verb, group, resource, namespace, name } = asked;
    const what = `${verb} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`} in ${namespace}`;
    return { ...body, status: { allowed: may('jane', what) } };
  });
  const object = objectsIn(bundle(spec))[0] as WerfBundle;
  const { problems } = await admitted(harness, object);
  const live = await judgeText('f', bundle(spec), { sourceOf: sourceOf(harness, 'always') });
  t.strictSame(told(live).problems, problems, 'grants are asked for as the webhook asks, for oneself');
  t.equal(problems.length, 4, problems.join('; '));

  const free = { kube: createFakeKube() };
  furnish(free, OBJECTS);
  const forbidden = (what: string) => new KubeError('forbidden', `${what}: forbidden`);
  free.kube.failNext({ verb: 'get', plural: 'secrets' }, forbidden('get secrets ops/creds'));
  free.kube.failNext({ verb: 'list', plural: 'werfbundles' }, forbidden('list werfbundles.werf.io'));
  const partly = await judgeText('f', bundle(spec), { sourceOf: sourceOf(free, 'off') });
  t.strictSame(
    { ...told(partly), unresolved: unresolved(partly) },
    {
      problems: [],
      warnings: told(partly).warnings,
      unresolved: [
        "spec.converge.releaseName: whether the release is another bundle's could not be checked: list werfbundles.werf.io: forbidden",
        'spec.converge.valuesFrom[1].secretRef.name: Secret creds could not be checked: get secrets ops/creds: forbidden',
      ],
    },
    'what may not be looked up could not be checked',
  );

  const moved = { kube: createFakeKube() };
  furnish(moved, OBJECTS);
  moved.kube.seed(WERFBUNDLES, {
    ...(object as StoredBundle),
    metadata: { ...object.metadata, uid: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
    status: { lastAppliedTag: 'v1' },
  } as StoredBundle);
  moved.kube.seed(WERFBUNDLES, {
    ...(object as StoredBundle),
    metadata: { name: 'other', namespace: 'ops', uid: 'b', creationTimestamp: '2026-01-02T00:00:00Z' },
    spec: { registry: { url: 'ghcr.io/acme/app' }, converge: { releaseName: 'my-app' } },
  } as StoredBundle);
  const again = await judgeText('f', bundle(REGISTRY), { sourceOf: sourceOf(moved, 'off') });
  t.strictSame(
    told(again).problems,
    [
      'spec.converge.targetNamespace: Required value: targetNamespace is fixed to "production" since tag "v1" was deployed there; a release elsewhere needs a bundle of its own',
    ],
    'what is fixed stays fixed, and a release stays with the older bundle',
  );
  const overlaid = `${OBJECTS.replace('{name: good, namespace: ops}', '{name: good, namespace: ops, labels: {new: "1"}}').replace('app: {replicas: 2, debug: yes}', 'app: [')}---\n${bundle(from('{configMapRef: {name: good}}'))}`;
  t.match(
    told(await judgeText('f', overlaid, { sourceOf: sourceOf(free, 'off') })).problems,
    [/key "values.yaml" of ConfigMap ops\/good is no YAML/],
    'what the input holds is what will be there',
  );
});
