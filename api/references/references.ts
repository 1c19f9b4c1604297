import { valueAt } from '../json-map.js';
import type { ObjectRef } from '../objects.js';
import { withoutNulls } from '../schema-node.js';
import { lookupOrder } from '../values/lookup-order.js';
import type { ValuesSource, WerfBundle } from '../werfbundle.js';

interface Named {
  /** Path of the name in the spec, as the apiserver writes it. */
  readonly field: string;
  readonly name: string;
  /** The namespaces that it is looked for in, in this order; '' for a cluster-scoped object. */
  readonly namespaces: readonly [string, ...string[]];
  /** Whether the object may be missing. */
  readonly optional: boolean;
}

/** A Secret of type dockerconfigjson. `url` is the repository that it is for, as the spec has it: any JSON. */
export type RegistrySecretReference = Named & {
  readonly use: 'registry-secret';
  readonly kind: 'Secret';
  readonly url: unknown;
};
/** A Secret with the CA certificates that the registry is verified with. */
export type CaSecretReference = Named & { readonly use: 'ca-secret'; readonly kind: 'Secret' };
/** A Secret with the key that decrypts a bundle's values. */
export type WerfKeyReference = Named & { readonly use: 'werf-key'; readonly kind: 'Secret'; readonly key: string };
/** The account that werf runs as. */
export type ServiceAccountReference = Named & { readonly use: 'service-account'; readonly kind: 'ServiceAccount' };
/** The target namespace, if it is another one than the bundle's own, `own`. */
export type TargetNamespaceReference = Named & {
  readonly use: 'target-namespace';
  readonly kind: 'Namespace';
  readonly own: string;
};
/** An item of spec.converge.valuesFrom. `key`: one key of it; undefined: all that it has. */
export type ValuesReference = Named & {
  readonly use: 'values';
  readonly kind: 'ConfigMap' | 'Secret';
  readonly index: number;
  readonly key: string | undefined;
  /** As the item says it; undefined: as by default. */
  readonly from: ValuesSource['from'];
};

/** A reference from a spec to another object; `use` says what the object is for. */
export type Reference =
  | RegistrySecretReference
  | CaSecretReference
  | WerfKeyReference
  | ServiceAccountReference
  | TargetNamespaceReference
  | ValuesReference;

/** What the platform gives to bundles that name no registry Secret of their own: a Secret in the operator's namespace. */
interface PlatformDefaults {
  readonly namespace: string;
  readonly defaultRegistrySecret: string | undefined;
}

/**
 * All that a bundle refers to, in the order of the spec. Malformed references are left out: the rules of the spec report them. The spec may
 * be any JSON; never throws.
 * @param own - the bundle's namespace
 * @param platform - left out: only what stands in the spec itself
 */
export const referencesOf = (bundle: WerfBundle, own: string, platform?: PlatformDefaults): readonly Reference[] => {
  const spec = withoutNulls(valueAt(bundle, 'spec'));
  const target = targetOf(bundle, own);
  return [
    ...registrySecret(spec, own, platform),
    ...secretAt(spec, own, 'registry', 'caSecretRef').map((ca) => ({ ...ca, use: 'ca-secret' as const })),
    ...werfKey(spec, own),
    ...(target === undefined ? [] : inTarget(spec, own, target)),
  ];
};

/** The reference of one use. For valuesFrom there may be several: see {@link valuesReferences}. */
export const referenceFor = <Use extends Exclude<Reference['use'], 'values'>>(
  references: readonly Reference[],
  use: Use,
): Extract<Reference, { use: Use }> | undefined =>
  references.find((reference): reference is Extract<Reference, { use: Use }> => reference.use === use);

/** The sources of values, in the order of the spec. */
export const valuesReferences = (references: readonly Reference[]): readonly ValuesReference[] =>
  references.filter((reference) => reference.use === 'values');

/** The namespace that a bundle deploys into; undefined: the spec's value is no valid name. */
export const targetOf = (bundle: WerfBundle, own: string): string | undefined => {
  const given = valueAt(bundle, 'spec', 'converge', 'targetNamespace') ?? own;
  return given === own || isLabel(given) ? given : undefined;
};

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** The length is checked first, so that the expression never runs on a long text. */
const isLabel = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 63 && LABEL.test(value);

/** Whether a text can be the name of an object, by the schema's own rule, so that no reference of a valid spec is left out. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 253 && NAME.test(value);

/** A Secret in the bundle's own namespace. */
const secretAt = (spec: unknown, own: string, ...path: readonly string[]) => {
  const name = valueAt(spec, ...path, 'name');
  if (!isName(name)) return [];
  const field = `spec.${path.join('.')}.name`;
  return [{ kind: 'Secret', field, name, namespaces: [own], optional: false } as const];
};

const registrySecret = (
  spec: unknown,
  own: string,
  platform: PlatformDefaults | undefined,
): readonly RegistrySecretReference[] => {
  const url = valueAt(spec, 'registry', 'url') ?? null;
  const [named] = secretAt(spec, own, 'registry', 'secretRef');
  if (named !== undefined) return [{ ...named, use: 'registry-secret', url }];
  const name = platform?.defaultRegistrySecret;
  if (platform === undefined || name === undefined || valueAt(spec, 'registry', 'secretRef') !== undefined) return [];
  const field = 'spec.registry.secretRef.name';
  return [
    { use: 'registry-secret', kind: 'Secret', field, name, namespaces: [platform.namespace], optional: true, url },
  ];
};

const werfKey = (spec: unknown, own: string): readonly WerfKeyReference[] => {
  const key = valueAt(spec, 'converge', 'werfSecretKeyRef', 'key') ?? 'key';
  if (typeof key !== 'string') return [];
  return secretAt(spec, own, 'converge', 'werfSecretKeyRef').map((secret) => ({ ...secret, use: 'werf-key', key }));
};

/** References that are looked up in the target namespace, or also there; and the one to that namespace itself. */
const inTarget = (spec: unknown, own: string, target: string): readonly Reference[] => {
  const list = valueAt(spec, 'converge', 'valuesFrom');
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  return [
    ...serviceAccount(spec, target),
    ...(target === own ? [] : [targetNamespace(own, target)]),
    ...items.flatMap((item, index) => valuesItem(item, index, { bundleNamespace: own, targetNamespace: target })),
  ];
};

const serviceAccount = (spec: unknown, target: string): readonly ServiceAccountReference[] => {
  const name = valueAt(spec, 'converge', 'serviceAccountName');
  if (!isName(name)) return [];
  const field = 'spec.converge.serviceAccountName';
  return [{ use: 'service-account', kind: 'ServiceAccount', field, name, namespaces: [target], optional: false }];
};

const targetNamespace = (own: string, target: string): TargetNamespaceReference => ({
  use: 'target-namespace',
  kind: 'Namespace',
  field: 'spec.converge.targetNamespace',
  name: target,
  namespaces: [''],
  optional: false,
  own,
});

const valuesItem = (
  item: unknown,
  index: number,
  where: Parameters<typeof lookupOrder>[1],
): readonly ValuesReference[] => {
  const refs = (['configMapRef', 'secretRef'] as const).filter((ref) => valueAt(item, ref) !== undefined);
  const [ref, other] = refs;
  const name = ref === undefined ? undefined : valueAt(item, ref, 'name');
  if (ref === undefined || other !== undefined || !isName(name)) return [];
  const key = valueAt(item, 'key');
  const from = valueAt(item, 'from');
  if (!isPlace(from)) return [];
  return [
    {
      use: 'values',
      kind: ref === 'configMapRef' ? 'ConfigMap' : 'Secret',
      field: `spec.converge.valuesFrom[${index}].${ref}.name`,
      name,
      namespaces: lookupOrder(from, where),
      optional: valueAt(item, 'optional') === true,
      index,
      key: typeof key === 'string' ? key : undefined,
      from,
    },
  ];
};

const isPlace = (from: unknown): from is ValuesSource['from'] =>
  from === undefined || from === 'Bundle' || from === 'Target' || from === 'Either';

/** The item of valuesFrom that a reference was read from, without unknown fields. */
export const valuesSourceOf = ({ kind, name, optional, key, from }: ValuesReference): ValuesSource => ({
  ...(kind === 'ConfigMap' ? { configMapRef: { name } } : { secretRef: { name } }),
  optional,
  ...(key !== undefined && { key }),
  ...(from !== undefined && { from }),
});

/** The name that a reference stands for, in the first namespace that it is looked for in. */
export const firstRefOf = ({ namespaces: [namespace], name }: Reference): ObjectRef => ({ namespace, name });
