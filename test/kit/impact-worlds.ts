import fc from 'fast-check';
import { type Change, changeKey, type Found, type ReferredKind, type World } from '../../api/impact/world.js';
import type { KubeObject, ObjectRef } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { bundle } from './builders.js';

/** An object that bundles may refer to. */
interface Named {
  readonly kind: ReferredKind;
  readonly ref: ObjectRef;
  readonly object: KubeObject;
}

/** A world of objects, in which nothing is unknown. */
export const worldOf = (objects: readonly Named[]): World => {
  const found = new Map(
    objects.map((named): [string, Found] => [changeKey(named), { kind: 'found', object: named.object }]),
  );
  return { find: ({ key }) => found.get(key) ?? { kind: 'absent' } };
};

/** How far a bundle's deployments are before anything changes. */
export type Stage = 'new' | 'deployed' | 'failed' | 'running' | 'intended' | 'superseded' | 'unrecorded';

/** A bundle, and what its status is to be made of. */
export interface Planned {
  readonly bundle: StoredBundle;
  readonly stage: Stage;
}

/** Texts of a source's key: they differ in form only, or in what they mean, or are no values at all. */
const TEXTS = [
  'a: 1\n',
  '# the same\n"a": 1\n',
  'a: 2\n',
  'a: {b: 1}\n',
  'a: {b: 1, c: {}}\n',
  'a: {}\n',
  'a: null\n',
  'a: {b: null}\nd: text\n',
  'd: text\n',
  'd: {b: 1}\n',
  'base: &b {b: 1}\na: *b\n',
  'x: [1, 2]\n',
  '__proto__: {a: 1}\n',
  '',
  '- a list\n',
  'a: 90071992547409930\n',
  'a: "\\ud800"\n',
  'a: {b\n',
];

const NAMESPACES = ['east', 'west'] as const;
const namespace = fc.constantFrom(...NAMESPACES);
const data = fc.dictionary(fc.constantFrom('values.yaml', 'more.yaml', 'plain'), fc.constantFrom(...TEXTS), {
  maxKeys: 3,
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const encoded = (texts: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, base64(text)]));

const named = (kind: ReferredKind, ref: ObjectRef, more: object): Named => ({
  kind,
  ref,
  object: Object.assign({ metadata: ref }, more),
});

const namespaceNamed = (name: string, accepts: string | undefined, phase = 'Active'): Named => ({
  kind: 'Namespace',
  ref: { namespace: '', name },
  object: Object.assign(
    { metadata: { name, ...(accepts !== undefined && { annotations: { 'werf.io/accept-bundles-from': accepts } }) } },
    { status: { phase } },
  ),
});

const LOGIN = { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{"auths":{}}') } };

/** Everything that bundles want, unless something else stands in its place. */
const usual: readonly Named[] = NAMESPACES.flatMap((where) => [
  namespaceNamed(where, '*'),
  named('ServiceAccount', { namespace: where, name: 'deployer' }, {}),
  named('ConfigMap', { namespace: where, name: 'c0' }, { data: { 'values.yaml': 'a: 1\n' } }),
  named('ConfigMap', { namespace: where, name: 'c1' }, { data: { 'values.yaml': 'd: text\n' } }),
  named('Secret', { namespace: where, name: 's0' }, { data: encoded({ 'values.yaml': 'a: 1\n' }) }),
  named('Secret', { namespace: where, name: 'key' }, { data: encoded({ key: 'c0ffee' }) }),
  named('Secret', { namespace: where, name: 'creds' }, LOGIN),
]);

/** What may stand in the place of something usual. */
const other: fc.Arbitrary<Named> = fc.oneof(
  fc
    .tuple(namespace, fc.constantFrom('c0', 'c1'), data)
    .map(([where, name, texts]) => named('ConfigMap', { namespace: where, name }, { data: texts })),
  fc
    .tuple(namespace, fc.constantFrom('s0', 'key', 'creds', 'ca'), data)
    .map(([where, name, texts]) => named('Secret', { namespace: where, name }, { data: encoded(texts) })),
  fc
    .tuple(
      namespace,
      fc.constantFrom(undefined, '*', 'east', 'west, east'),
      fc.constantFrom('Active', 'Active', 'Terminating'),
    )
    .map(([name, accepts, phase]) => namespaceNamed(name, accepts, phase)),
  namespace.map((where) => named('ServiceAccount', { namespace: where, name: 'deployer' }, { extra: true })),
);

const without = (objects: readonly Named[], keys: readonly string[]): readonly Named[] =>
  objects.filter((object) => !keys.includes(changeKey(object)));

const usualKey = fc.constantFrom(...usual.map(changeKey));

/** Mostly what is usual, with some of it changed and some of it missing; each of them once. */
const objects: fc.Arbitrary<readonly Named[]> = fc
  .tuple(fc.uniqueArray(other, { selector: changeKey, maxLength: 4 }), fc.array(usualKey, { maxLength: 2 }))
  .map(([others, missing]) => [...without(usual, [...missing, ...others.map(changeKey)]), ...others]);

const source = fc
  .record({
    of: fc.constantFrom('c0', 'c1', 's0'),
    key: fc.constantFrom(undefined, undefined, 'values.yaml', 'plain'),
    optional: fc.boolean(),
    from: fc.constantFrom(undefined, 'Bundle', 'Target', 'Either'),
  })
  .map(({ of, key, optional, from }) => ({
    ...(of === 's0' ? { secretRef: { name: of } } : { configMapRef: { name: of } }),
    ...(key !== undefined && { key }),
    ...(optional && { optional }),
    ...(from !== undefined && { from: from as 'Bundle' }),
  }));

/** Sometimes: so many times of ten. */
const maybe = <T>(value: fc.Arbitrary<T>, often = 7): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: often, arbitrary: value }, { weight: 10 - often, arbitrary: fc.constant(undefined) });

/** Only the fields that are there. */
const given = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof T]?: Exclude<T[K], undefined>;
  };

const converge = fc
  .record({
    targetNamespace: maybe(namespace),
    releaseName: maybe(fc.constantFrom('one', 'two'), 2),
    serviceAccountName: maybe(fc.constant('deployer')),
    werfSecretKeyRef: maybe(fc.constant({ name: 'key' }), 3),
    environment: maybe(fc.constantFrom('test', 'live'), 3),
    retries: maybe(fc.constantFrom(0, 2), 3),
    valuesFrom: maybe(fc.array(source, { maxLength: 3 }), 9),
    values: maybe(fc.constantFrom({ a: 1 }, { a: { b: 2 } }, { d: null }, { z: 'text' }, { a: {} }), 3),
  })
  .map((fields) => given(fields) as NonNullable<WerfBundleSpec['converge']>);

const spec: fc.Arbitrary<WerfBundleSpec> = fc
  .record({
    converge,
    versionConstraint: fc.constantFrom('>=1.0.0', '>=1.0.0', '>=2.0.0'),
    secretRef: maybe(fc.constant({ name: 'creds' }), 3),
    caSecretRef: maybe(fc.constant({ name: 'ca' }), 1),
    suspend: maybe(fc.boolean(), 4),
    deletionPolicy: maybe(fc.constantFrom('Dismiss' as const, 'Orphan' as const), 3),
    isBroken: fc.constantFrom(false, false, false, false, false, false, false, true),
  })
  .map(({ converge: parts, versionConstraint, secretRef, caSecretRef, isBroken, ...rest }) => ({
    registry: Object.assign(
      { url: isBroken ? 'https://no/address' : 'registry.example/acme/app', versionConstraint },
      given({ secretRef, caSecretRef }),
    ),
    converge: parts,
    ...given(rest),
  }));

const stage = fc.constantFrom<Stage>(
  'new',
  'deployed',
  'deployed',
  'deployed',
  'failed',
  'running',
  'intended',
  'superseded',
  'unrecorded',
);

const plannedAt = (at: number): fc.Arbitrary<Planned> =>
  fc.record({ namespace, spec, stage }).map((parts) => ({
    stage: parts.stage,
    bundle: bundle(
      {},
      {
        spec: parts.spec,
        metadata: {
          namespace: parts.namespace,
          name: `app-${at}`,
          uid: `uid-${at}`,
          creationTimestamp: `2026-11-2${at}T10:00:00Z`,
        },
      },
    ),
  }));

/** Some bundles of the same two namespaces. */
const bundles: fc.Arbitrary<readonly Planned[]> = fc.tuple(...[0, 1, 2, 3].map(plannedAt));

/** One or two objects become others, come, or go. */
const objectChanges: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: other.map(({ kind, ref, object }): Change => ({ kind, ref, after: { kind: 'found', object } })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...usual).map(({ kind, ref }): Change => ({ kind, ref, after: { kind: 'absent' } })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...usual)
        .map(({ kind, ref, object }): Change => ({ kind, ref, after: { kind: 'found', object } })),
    },
  ),
  { minLength: 1, maxLength: 2 },
);

/** A change of one bundle's spec; undefined: it is deleted. */
export interface SpecChange {
  /** Which of the bundles; one more than there are: a new one. */
  readonly at: number;
  readonly spec: WerfBundleSpec | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

const specChange: fc.Arbitrary<SpecChange> = fc.record({
  at: fc.nat({ max: 4 }),
  spec: fc.option(spec, { nil: undefined, freq: 8 }),
  annotations: fc.constantFrom(
    {},
    {},
    {},
    { 'werf.io/deploy-requested-at': '1' },
    { 'werf.io/reconcile-requested-at': '1' },
  ),
});

/** A cluster, and something that becomes different. */
export interface Case {
  readonly objects: readonly Named[];
  readonly bundles: readonly Planned[];
  readonly changes: readonly Change[];
  readonly specChange: SpecChange | undefined;
}

/** Objects only, or also a bundle. */
export const cases: fc.Arbitrary<Case> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ objects, bundles, changes: objectChanges, specChange: fc.constant(undefined) }) },
  { weight: 1, arbitrary: fc.record({ objects, bundles, changes: fc.constant([]), specChange }) },
  { weight: 1, arbitrary: fc.record({ objects, bundles, changes: objectChanges, specChange }) },
);
