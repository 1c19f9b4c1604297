import { cutReleaseName } from '../../api/names.js';
import { isMap, valueAt, withoutNulls } from '../../api/schema-node.js';
import type { ValuesSource, WerfBundle } from '../../api/werfbundle.js';
import { sameJson } from '../same-json.js';

interface Named {
  /** Path of the name, as the apiserver writes it. */
  readonly field: string;
  readonly kind: 'Secret' | 'ConfigMap' | 'ServiceAccount';
  readonly name: string;
  /** Where it is looked for, in this order. */
  readonly namespaces: readonly string[];
}

/** A name in a spec that stands for another object, by what it is for. */
type Use =
  | (Named & { readonly use: 'registry'; readonly url: unknown })
  | (Named & { readonly use: 'ca' })
  | (Named & { readonly use: 'key'; readonly key: string })
  | (Named & { readonly use: 'account' })
  | (Named & { readonly use: 'values'; readonly source: ValuesSource; readonly index: number });

/** `changed`: it did not stand like this in the stored object. */
export type Reference = Use & { readonly changed: boolean };

/** Where a release is installed. */
export interface Place {
  readonly namespace: string;
  readonly release: string;
}

/** What a bundle refers to. What is malformed in the spec is left out: the rules of the spec speak of it. */
export interface Subject {
  /** The bundle's own namespace. */
  readonly own: string;
  /** undefined: what the spec says is no namespace. */
  readonly target: string | undefined;
  readonly targetChanged: boolean;
  /** undefined: not known, or malformed. */
  readonly place: Place | undefined;
  readonly placeChanged: boolean;
  readonly references: readonly Reference[];
  /** spec.converge.valuesFrom, one for each item; undefined for one that is malformed. */
  readonly sources: readonly (Extract<Reference, { use: 'values' }> | undefined)[];
  readonly inline: Readonly<Record<string, unknown>> | undefined;
  /** Something of the values, or where their sources are looked for. */
  readonly valuesChanged: boolean;
}

/**
 * Reads what a bundle refers to out of a spec, which may be any JSON. Never throws.
 * @param old - as it is stored, if it is
 */
export const subjectOf = (bundle: WerfBundle, namespace: string, old?: WerfBundle): Subject => {
  const now = read(bundle, namespace);
  const before = old === undefined ? undefined : read(old, namespace);
  const known = before?.uses.map(withoutIndex);
  const uses = now.uses.map((use) => {
    if (known === undefined) return { ...use, changed: true };
    const same = withoutIndex(use);
    return { ...use, changed: !known.some((other) => sameJson(other, same)) };
  });
  const sources = now.items.map((_, at) =>
    uses.find((use): use is Extract<Reference, { use: 'values' }> => use.use === 'values' && use.index === at),
  );
  return {
    own: namespace,
    target: now.target,
    targetChanged: before === undefined || before.target !== now.target,
    place: now.place,
    placeChanged: before === undefined || !sameJson(before.place, now.place),
    references: uses,
    sources,
    inline: now.inline,
    valuesChanged: before === undefined || !sameJson(valuesOf(before), valuesOf(now)),
  };
};

/** The namespace that a bundle deploys into; undefined: what its spec says is none. */
export const targetOf = (bundle: WerfBundle, own: string): string | undefined => {
  const given = valueAt(bundle, 'spec', 'converge', 'targetNamespace') ?? own;
  return given === own || isLabel(given) ? given : undefined;
};

interface Read {
  readonly target: string | undefined;
  readonly place: Place | undefined;
  readonly uses: readonly Use[];
  readonly items: readonly unknown[];
  readonly inline: Readonly<Record<string, unknown>> | undefined;
}

const valuesOf = ({ target, items, inline }: Read): unknown => [target ?? null, items, inline ?? null];

/** That an item of valuesFrom has moved changes nothing of what it refers to. */
const withoutIndex = (use: Use): object => (use.use === 'values' ? { ...use, index: 0, field: '' } : use);

const read = (bundle: WerfBundle, own: string): Read => {
  const spec = withoutNulls(valueAt(bundle, 'spec'));
  const target = targetOf(bundle, own);
  const list = valueAt(spec, 'converge', 'valuesFrom');
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  const inline = valueAt(spec, 'converge', 'values');
  return {
    target,
    place: placeOf(bundle, spec, target),
    uses: [...ownUses(spec, own), ...accountUses(spec, target), ...valuesUses(items, own, target)],
    items,
    inline: isMap(inline) ? inline : undefined,
  };
};

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Bounded first, so that no text takes long. */
const isLabel = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 63 && LABEL.test(value);
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 253 && NAME.test(value);

const placeOf = (bundle: WerfBundle, spec: unknown, target: string | undefined): Place | undefined => {
  const given = valueAt(spec, 'converge', 'releaseName');
  const name = valueAt(bundle, 'metadata', 'name');
  const release = given ?? (typeof name === 'string' && name !== '' ? cutReleaseName(name) : undefined);
  return target === undefined || !isName(release) ? undefined : { namespace: target, release };
};

/** What is looked for in the bundle's own namespace. */
const ownUses = (spec: unknown, own: string): readonly Use[] => {
  const secret = (...path: readonly string[]) => {
    const name = valueAt(spec, ...path, 'name');
    if (!isName(name)) return undefined;
    return { kind: 'Secret' as const, field: `spec.${path.join('.')}.name`, name, namespaces: [own] };
  };
  const registry = secret('registry', 'secretRef');
  const ca = secret('registry', 'caSecretRef');
  const werfKey = secret('converge', 'werfSecretKeyRef');
  const key = valueAt(spec, 'converge', 'werfSecretKeyRef', 'key') ?? 'key';
  return [
    ...(registry === undefined
      ? []
      : [{ ...registry, use: 'registry' as const, url: valueAt(spec, 'registry', 'url') ?? null }]),
    ...(ca === undefined ? [] : [{ ...ca, use: 'ca' as const }]),
    ...(werfKey === undefined || typeof key !== 'string' ? [] : [{ ...werfKey, use: 'key' as const, key }]),
  ];
};

const accountUses = (spec: unknown, target: string | undefined): readonly Use[] => {
  const name = valueAt(spec, 'converge', 'serviceAccountName');
  if (target === undefined || !isName(name)) return [];
  const field = 'spec.converge.serviceAccountName';
  return [{ use: 'account', field, kind: 'ServiceAccount', name, namespaces: [target] }];
};

const valuesUses = (items: readonly unknown[], own: string, target: string | undefined): readonly Use[] => {
  if (target === undefined) return [];
  const namespaces = target === own ? [own] : [own, target];
  return items.flatMap((item, index): readonly Use[] => {
    const refs = (['configMapRef', 'secretRef'] as const).filter((ref) => valueAt(item, ref) !== undefined);
    const [ref, other] = refs;
    const name = ref === undefined ? undefined : valueAt(item, ref, 'name');
    if (ref === undefined || other !== undefined || !isName(name)) return [];
    const optional = valueAt(item, 'optional') === true;
    const key = valueAt(item, 'key');
    const source: ValuesSource = {
      [ref]: { name },
      optional,
      ...(typeof key === 'string' ? { key } : {}),
    };
    const field = `spec.converge.valuesFrom[${index}].${ref}.name`;
    const kind = ref === 'configMapRef' ? 'ConfigMap' : 'Secret';
    return [{ use: 'values', field, kind, name, namespaces, source, index }];
  });
};
