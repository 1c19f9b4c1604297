import fc from 'fast-check';
import t from 'tap';
import { defaultsPatch, withDefaults } from '../../api/defaults.js';
import { isMap, valueAt } from '../../api/json-map.js';
import { parseSpec } from '../../api/settings.js';
import { validateBundle } from '../../api/validate.js';
import type { StoredBundle, WerfBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { arbitraryJson, arbitrarySpec } from '../kit/arbitrary-spec.js';
import { SPEC_VERDICTS } from '../kit/spec-verdicts.js';

const url = 'ghcr.io/acme/app';
/** With a tag, so that nothing is warned about. */
const registry = { url, tag: 'v1' };
/** Any JSON as a bundle: the rules promise to cope with it. */
const anyBundle = (json: unknown): WerfBundle => json as WerfBundle;
const bundle = (spec: unknown, metadata: object = { name: 'my-app', namespace: 'ops' }): WerfBundle =>
  anyBundle({ apiVersion: 'werf.io/v1alpha1', kind: 'WerfBundle', metadata, spec });

/** As one comes from the apiserver, with any JSON as its spec. */
const stored = (spec: unknown): StoredBundle => {
  const metadata = { name: 'my-app', namespace: 'ops', uid: 'u', resourceVersion: '1', generation: 1 };
  return { ...bundle(spec), metadata };
};

/** As the apiserver prints them: `field: message`. */
const problemsOf = (given: WerfBundle, old?: WerfBundle) =>
  validateBundle(given, old).problems.map(({ field, message }) => `${field}: ${message}`);
const NO_ACCOUNT =
  'none is named: the Job runs as ServiceAccount default of namespace ops, which may deploy nothing in most clusters; manifests/samples/werf-converge.yaml shows one with its Role';
/** But that most of these bundles name no ServiceAccount. */
const warningsOf = (given: WerfBundle) =>
  validateBundle(given)
    .warnings.filter(({ message }) => message !== NO_ACCOUNT)
    .map(({ field, message }) => `${field}: ${message}`);

const withRegistry = (fields: object) => ({ registry: { url, ...fields } });
const withConverge = (fields: object) => ({ registry, converge: fields });
const withLimits = (fields: object) => withConverge({ resourceLimits: fields });

t.test('each fault is told once, in words that say what to do', async (t) => {
  for (const { spec, want } of SPEC_VERDICTS) {
    t.strictSame(problemsOf(bundle(spec)), want, JSON.stringify(spec)?.slice(0, 100) ?? 'no spec');
  }
});

t.test('problems have the codes of the apiserver', async (t) => {
  const spec = {
    registry: { secretRef: {}, tagOrder: 'x', tag: 'a'.repeat(129), pollInterval: '1s', insecure: 5 },
    converge: { valuesFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'a' } }] },
  };
  t.strictSame(
    validateBundle(bundle(spec)).problems.map(({ code, field }) => [code, field]),
    [
      ['FieldValueRequired', 'spec.registry.url'],
      ['FieldValueRequired', 'spec.registry.secretRef.name'],
      ['FieldValueInvalid', 'spec.registry.pollInterval'],
      ['FieldValueNotSupported', 'spec.registry.tagOrder'],
      ['FieldValueTooLong', 'spec.registry.tag'],
      ['FieldValueInvalid', 'spec.registry.tag'],
      ['FieldValueTypeInvalid', 'spec.registry.insecure'],
      ['FieldValueForbidden', 'spec.converge.valuesFrom[0]'],
    ],
  );
});

t.test('what a person rolls back to is a tag, and takes the place of all that chooses one', async (t) => {
  const rolledBack = (tag: string, fields: object = {}) => {
    const { metadata, spec, ...rest } = stored(withRegistry(fields));
    return { ...rest, spec, metadata: { ...metadata, annotations: { 'werf.io/rollback-to': tag } } };
  };
  const words =
    'a tag is needed: 1 to 128 letters, digits, "_", "." and "-", of which the first is a letter, a digit or "_"';
  for (const tag of ['v1 ', '-v1', 'v1@sha256:0', 'a'.repeat(129)])
    t.match(problemsOf(rolledBack(tag)), [/^metadata.annotations.werf.io\/rollback-to.: Invalid value: ".*/]);
  t.strictSame(problemsOf(rolledBack('v/1')), [
    `metadata.annotations[werf.io/rollback-to]: Invalid value: "v/1": ${words}`,
  ]);
  const policyOf = (given: StoredBundle) => {
    const parsed = parseSpec(given);
    return parsed.kind === 'valid' ? parsed.settings.registry.policy : parsed.problems;
  };
  t.strictSame(policyOf(rolledBack('v1.0.0', { tag: 'v2' })), { tag: 'v1.0.0' });
  t.strictSame(policyOf(rolledBack('v1.0.0', { versionConstraint: '>=2', tagPattern: '^v' })), { tag: 'v1.0.0' });
  t.strictSame(policyOf(rolledBack('', { versionConstraint: '>=2' })), { versionConstraint: '>=2' }, 'empty is none');
});

t.test('what chooses a tag has no effect while a person has rolled back, and a change of it is told so', async (t) => {
  const rolledBack = (fields: object, tag = 'v1.0.0') => {
    const { metadata, spec, ...rest } = stored(withRegistry(fields));
    return { ...rest, spec, metadata: { ...metadata, annotations: { 'werf.io/rollback-to': tag } } };
  };
  const warned = (now: StoredBundle, before?: StoredBundle) =>
    validateBundle(now, before)
      .warnings.filter(({ rule }) => rule === 'held-by-rollback')
      .map(({ field, message }) => `${field}: ${message}`);
  const before = rolledBack({ versionConstraint: '1.x' });
  const words = (what: string) => [
    `spec.registry: ${what} has no effect until the rollback of a person to v1.0.0 ends (annotation werf.io/rollback-to): werfbundle release-hold my-app -n ops`,
  ];
  t.strictSame(warned(rolledBack({ versionConstraint: '2.x' }), before), words('versionConstraint "2.x"'));
  t.strictSame(warned(rolledBack({ tag: 'v2.0.0' }), before), words('tag "v2.0.0"'));
  t.strictSame(
    warned(rolledBack({ tagPattern: '^main-(\\d+)$', tagOrder: 'Number' }), before),
    words('tagPattern "^main-(\\\\d+)$" and tagOrder "Number"'),
  );
  t.strictSame(warned(rolledBack({}), before), words('the last tag in the order of text'));
  t.strictSame(warned(rolledBack({ versionConstraint: '1.x', pollInterval: '1h' }), before), [], 'it is as it was');
  t.strictSame(warned(rolledBack({ tag: 'v1.0.0' }), before), [], 'it is what the person wants');
  t.strictSame(warned(rolledBack({ versionConstraint: '2.x' }, ''), before), [], 'nobody has rolled back');
});

t.test('a ServiceAccount is only asked for where the own namespace is known', async (t) => {
  const spec = withConverge({ targetNamespace: 'production' });
  t.strictSame(problemsOf(bundle(spec, { name: 'my-app' })), []);
  t.strictSame(problemsOf(bundle(spec, { generateName: 'my-app-', namespace: 'production' })), []);
});

t.test('where the release is, is fixed once something was deployed', async (t) => {
  const stored = (converge: object, lastAppliedTag?: string) =>
    anyBundle({ ...bundle(withConverge(converge)), status: lastAppliedTag === undefined ? {} : { lastAppliedTag } });
  const words = (name: string, before: string) =>
    `${name} is fixed to "${before}" since tag "v1" was deployed there; a release elsewhere needs a bundle of its own`;
  const sa = { serviceAccountName: 'a' };
  const table = [
    { title: 'the same', before: {}, after: {}, want: [] },
    {
      title: 'the own namespace, written or not',
      before: {},
      after: { targetNamespace: 'ops', releaseName: 'my-app' },
      want: [],
    },
    { title: 'the other way round', before: { targetNamespace: 'ops', releaseName: 'my-app' }, after: {}, want: [] },
    {
      title: 'another namespace',
      before: {},
      after: { targetNamespace: 'production', ...sa },
      want: [`spec.converge.targetNamespace: Invalid value: "production": ${words('targetNamespace', 'ops')}`],
    },
    {
      title: 'back to the own namespace',
      before: { targetNamespace: 'production', ...sa },
      after: sa,
      want: [`spec.converge.targetNamespace: Required value: ${words('targetNamespace', 'production')}`],
    },
    {
      title: 'another release',
      before: { releaseName: 'a' },
      after: { releaseName: 'b' },
      want: [`spec.converge.releaseName: Invalid value: "b": ${words('releaseName', 'a')}`],
    },
  ];
  for (const { title, before, after, want } of table) {
    t.strictSame(problemsOf(bundle(withConverge(after)), stored(before, 'v1')), want, title);
    t.strictSame(problemsOf(bundle(withConverge(after)), stored(before)), [], `${title}: nothing was deployed`);
    t.strictSame(
      problemsOf(bundle(withConverge(after)), stored(before, '')),
      [],
      `${title}: the older operator wrote ""`,
    );
  }
  const gone = problemsOf(bundle({ registry }), stored({ releaseName: 'a' }, 'v1'));
  t.strictSame(
    gone,
    [`spec.converge: Required value: ${words('releaseName', 'a')}`],
    'where the map is gone, the map is named',
  );
});

t.test('what is allowed and yet hardly meant is warned about', async (t) => {
  const last =
    'spec.registry: no versionConstraint and no tag: the last tag in text order is deployed (v1.9.0 comes after v1.10.0)';
  const table: readonly { readonly spec: unknown; readonly want: readonly string[] }[] = [
    { spec: { registry }, want: [] },
    { spec: withRegistry({}), want: [last] },
    { spec: withRegistry({ versionConstraint: ' ' }), want: [last] },
    { spec: withRegistry({ versionConstraint: '^1' }), want: [] },
    { spec: withRegistry({ tagPattern: '^v' }), want: [] },
    { spec: withRegistry({ tagOrder: 'Number' }), want: [] },
    {
      spec: withRegistry({ versionConstraint: '>2 <1' }),
      want: ['spec.registry.versionConstraint: no version can satisfy ">2 <1": its parts exclude each other'],
    },
    {
      spec: withRegistry({ tag: 'latest' }),
      want: [
        'spec.registry.tag: "latest" moves: it is deployed again whenever it does, and the spec does not tell which version runs',
      ],
    },
    {
      spec: withRegistry({ tag: 'v1', insecure: true }),
      want: [
        'spec.registry.insecure: plain HTTP: whoever is on the way to the registry can read the credentials and change the bundle',
      ],
    },
    { spec: withConverge({ logRetentionDays: 30 }), want: [] },
    {
      spec: withConverge({ logRetentionDays: 31 }),
      want: [
        'spec.converge.logRetentionDays: finished Jobs and their Pods stay in the cluster for 31 days; more than 30 burdens it',
      ],
    },
    {
      spec: withConverge({ targetNamespace: 'kube-system', serviceAccountName: 'a' }),
      want: ['spec.converge.targetNamespace: kube-system belongs to the cluster itself; a release there can break it'],
    },
    { spec: withLimits({ memory: '64Mi', cpu: 64 }), want: [] },
    {
      spec: withLimits({ memory: '63Mi' }),
      want: ['spec.converge.resourceLimits.memory: "63Mi" is less than 64Mi: the Job will run out of memory'],
    },
    {
      spec: withLimits({ memory: '512m' }),
      want: ['spec.converge.resourceLimits.memory: "512m" means thousandths of a byte; did you mean "512Mi"?'],
    },
    {
      spec: withLimits({ memory: '512u' }),
      want: ['spec.converge.resourceLimits.memory: "512u" means fractions of a byte; did you mean "512Mi"?'],
    },
    {
      spec: withLimits({ memory: 512 }),
      want: ['spec.converge.resourceLimits.memory: "512" means bytes; did you mean "512Mi"?'],
    },
    {
      spec: withLimits({ cpu: '500' }),
      want: ['spec.converge.resourceLimits.cpu: "500" is 500 whole CPUs; did you mean "500m"?'],
    },
    { spec: withLimits({ cpu: '1Gi' }), want: ['spec.converge.resourceLimits.cpu: "1Gi" is 1073741824 whole CPUs'] },
    { spec: withConverge({ driftDetection: { enabled: true } }), want: [] },
    { spec: withConverge({ image: 'w:latest' }), want: [] },
    { spec: withConverge({ image: 'w:2.77.1', driftDetection: { enabled: true } }), want: [] },
    {
      spec: withConverge({ image: 'w:latest', driftDetection: { enabled: true } }),
      want: [
        'spec.converge.image: the tag of image "w:latest" does not tell which version of werf it has: what its checks for drift find may not be understood',
      ],
    },
    {
      spec: withConverge({ image: 'w:2.40.0', driftDetection: { enabled: true } }),
      want: ["spec.converge.image: werf 2.40.0 can't look for drift: 2.53 or later is needed"],
    },
    { spec: { ...withRegistry({ tag: 'v1' }), deletionPolicy: 'Dismiss' }, want: [] },
    { spec: undefined, want: [] },
  ];
  for (const { spec, want } of table) {
    t.strictSame(warningsOf(bundle(spec)), want, JSON.stringify(spec)?.slice(0, 100) ?? 'no spec');
  }
  const inKubeSystem = warningsOf(
    bundle(withConverge({ serviceAccountName: 'a' }), { name: 'a', namespace: 'kube-system' }),
  );
  t.strictSame(inKubeSystem.length, 1, 'the own namespace is a target too');
  const both = warningsOf(bundle(withRegistry({ tag: 'latest', tagOrder: 'Text' })));
  t.strictSame(both, [], 'a field with a problem has no warning besides');
});

t.test('defaults', async (t) => {
  const driftDetection = { enabled: false, interval: '15m', correct: true, maxRetries: 3 };
  const converge = {
    resourceLimits: { cpu: '1', memory: '1Gi' },
    logRetentionDays: 7,
    timeout: '30m',
    retries: 0,
    rollbackOnFailure: false,
    plan: 'Never',
    onFailure: 'Stay',
    deletions: 'Allow',
    driftDetection,
  };
  const add = (path: string, value: unknown) => ({ op: 'add' as const, path: `/spec/${path}`, value });
  const rest = [add('deletionPolicy', 'Orphan'), add('suspend', false)];
  t.strictSame(withDefaults({ registry: { url } }), {
    registry: { url, pollInterval: '15m', insecure: false },
    converge,
    deletionPolicy: 'Orphan',
    suspend: false,
  });
  t.strictSame(
    defaultsPatch(bundle({ registry: { url } })),
    [add('registry/pollInterval', '15m'), add('registry/insecure', false), add('converge', converge), ...rest],
    'a missing map is added whole',
  );
  const { driftDetection: _, ...others } = converge;
  t.strictSame(
    defaultsPatch(
      bundle({
        registry: { url, pollInterval: null, insecure: true },
        converge: { ...others, werfSecretKeyRef: { name: 'a' }, valuesFrom: [{}] },
      }),
    ),
    [
      add('registry/pollInterval', '15m'),
      add('converge/werfSecretKeyRef/key', 'key'),
      add('converge/driftDetection', driftDetection),
      ...rest,
    ],
    'a null counts as absent, as the apiserver counts it; items of lists are left alone',
  );
  for (const json of [null, 5, [], {}, { spec: null }, { spec: 'x' }, { spec: [] }])
    t.strictSame(defaultsPatch(json), []);
  t.strictSame(
    defaultsPatch(bundle({ registry: 'x', converge: [], deletionPolicy: 5 })),
    [add('suspend', false)],
    'what is malformed is left for the rules to tell',
  );
});

/** Whether all of `before` is still in `after`; nulls may have been replaced. */
const keeps = (before: unknown, after: unknown): boolean => {
  if (before === null) return true;
  if (Array.isArray(before))
    return Array.isArray(after) && before.length === after.length && before.every((item, i) => keeps(item, after[i]));
  if (!isMap(before)) return Object.is(before, after);
  return Object.keys(before).every((key) => isMap(after) && keeps(before[key], after[key]));
};

/** Makes what an apiserver makes of a patch that only adds. */
const patched = (given: WerfBundle): unknown => {
  const copy = structuredClone(given);
  for (const { path, value } of defaultsPatch(given)) {
    const steps = path.split('/').slice(1);
    const parent = valueAt(copy, ...steps.slice(0, -1)) as Record<string, unknown>;
    parent[steps.at(-1) ?? ''] = structuredClone(value);
  }
  return copy;
};

t.test('laws', async (t) => {
  const anySpec = fc.oneof({ weight: 4, arbitrary: arbitrarySpec }, { weight: 1, arbitrary: arbitraryJson });
  const holds = (title: string, law: (spec: unknown) => boolean) =>
    t.doesNotThrow(() => fc.assert(fc.property(anySpec, law), { numRuns: 500 }), title);

  holds('defaults change nothing that is there', (spec) => keeps(spec, withDefaults(spec as WerfBundleSpec)));
  holds('a spec with defaults gets no more of them', (spec) => {
    const once = withDefaults(spec as WerfBundleSpec);
    return defaultsPatch(bundle(once)).length === 0 && JSON.stringify(withDefaults(once)) === JSON.stringify(once);
  });
  holds('the patch makes what withDefaults makes', (spec) => {
    const want = withDefaults(spec as WerfBundleSpec);
    return keeps(want, valueAt(patched(bundle(spec)), 'spec')) && keeps(valueAt(patched(bundle(spec)), 'spec'), want);
  });
  holds('defaults make no spec better or worse', (spec) => {
    const fields = (given: unknown) =>
      validateBundle(bundle(given)).problems.map(({ field, message }) => field + message);
    return JSON.stringify(fields(spec)) === JSON.stringify(fields(withDefaults(spec as WerfBundleSpec)));
  });
  holds('the rules change nothing', (spec) => {
    const before = JSON.stringify(spec);
    validateBundle(bundle(spec), bundle(spec));
    return JSON.stringify(spec) === before;
  });
  holds('a problem names what is there, or what is missing of something that is there', (spec) =>
    validateBundle(bundle(spec)).problems.every(({ field }) => {
      const steps = [...field.matchAll(/([A-Za-z]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? Number(index));
      const parent = valueAt(bundle(spec), ...steps.slice(0, -1));
      return isMap(parent) || (Array.isArray(parent) && Number(steps.at(-1)) < parent.length);
    }),
  );
  holds('one fault is told once', (spec) => {
    const problems = validateBundle(bundle(spec)).problems;
    // A tag can be malformed and in the way of a constraint: two faults of one field.
    const fields = problems.map(({ field, message }) => (message.includes('excludes') ? 'excludes' : field));
    return new Set(fields).size === fields.length;
  });
  holds('a spec has settings or problems, the same as admission finds', (spec) => {
    const parsed = parseSpec(stored(spec));
    const { problems } = validateBundle(stored(spec));
    return parsed.kind === 'valid'
      ? problems.length === 0 && parsed.settings.registry.host !== ''
      : JSON.stringify(parsed.problems) === JSON.stringify(problems);
  });
  const anything = fc.property(arbitraryJson, arbitraryJson, (given, old) => {
    validateBundle(anyBundle(given), anyBundle(old));
    parseSpec(stored(given));
    defaultsPatch(given);
  });
  t.doesNotThrow(() => fc.assert(anything, { numRuns: 1000 }), 'no JSON at all makes the rules throw');
  const anyMetadata = fc.property(arbitraryJson, arbitrarySpec, arbitraryJson, (metadata, spec, status) => {
    const given = anyBundle({ metadata, spec, status });
    validateBundle(given, given);
  });
  t.doesNotThrow(() => fc.assert(anyMetadata, { numRuns: 500 }), 'nor does any metadata or status');
});
