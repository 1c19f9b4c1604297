import { isMap, valueAt } from '../../api/json-map.js';
import {
  type Reference as AnyReference,
  referencesOf,
  targetOf,
  type ValuesReference,
} from '../../api/references/references.js';
import { type Release, releaseOf } from '../../api/references/release.js';
import { withoutNulls } from '../../api/schema-node.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import { sameJson } from '../same-json.js';

/** `changed`: the stored object has something else there. */
interface Changed {
  readonly changed: boolean;
}

type TargetNamespace = Extract<AnyReference, { use: 'target-namespace' }>;

/** A reference that needs a grant or a look-up. The target namespace is handled by itself. */
export type Reference = Exclude<AnyReference, TargetNamespace> & Changed;

/** A source of values, and whether it has changed. */
export type Source = ValuesReference & Changed;

/** What a bundle refers to. Malformed references are left out: the rules of the spec report them. */
export interface BundleReferences {
  /** The bundle's own namespace. */
  readonly own: string;
  /** undefined: the spec's value is no valid namespace. */
  readonly target: string | undefined;
  /** The target, if it is another namespace. */
  readonly targetNamespace: (TargetNamespace & Changed) | undefined;
  /** undefined: not known, or malformed. */
  readonly release: Release | undefined;
  readonly releaseChanged: boolean;
  readonly references: readonly Reference[];
  /** spec.converge.valuesFrom, one for each item; undefined for one that is malformed. */
  readonly sources: readonly (Source | undefined)[];
  readonly inline: Readonly<Record<string, unknown>> | undefined;
  /** Whether the values, or where their sources are looked for, have changed. */
  readonly valuesChanged: boolean;
}

/**
 * Reads what a bundle refers to out of a spec, which may be any JSON. Never throws.
 * @param old - as it is stored, if it is
 */
export const bundleReferencesOf = (bundle: WerfBundle, namespace: string, old?: WerfBundle): BundleReferences => {
  const now = read(bundle, namespace);
  const before = old === undefined ? undefined : read(old, namespace);
  const known = before?.references.map(withoutIndex);
  const all = now.references.map((reference) => {
    if (known === undefined) return { ...reference, changed: true };
    const same = withoutIndex(reference);
    return { ...reference, changed: !known.some((other) => sameJson(other, same)) };
  });
  return {
    own: namespace,
    target: now.target,
    targetNamespace: all.find((reference) => reference.use === 'target-namespace'),
    release: now.release,
    releaseChanged: before === undefined || !sameJson(before.release, now.release),
    references: all.filter((reference) => reference.use !== 'target-namespace'),
    sources: now.items.map((_, at) =>
      all.find((reference): reference is Source => reference.use === 'values' && reference.index === at),
    ),
    inline: now.inline,
    valuesChanged: before === undefined || !sameJson(valuesOf(before), valuesOf(now)),
  };
};

interface Read {
  readonly target: string | undefined;
  readonly release: Release | undefined;
  readonly references: readonly AnyReference[];
  readonly items: readonly unknown[];
  readonly inline: Readonly<Record<string, unknown>> | undefined;
}

const valuesOf = ({ target, items, inline }: Read): unknown => [target ?? null, items, inline ?? null];

/** Moving an item of valuesFrom does not change what it refers to. */
const withoutIndex = (reference: AnyReference): object =>
  reference.use === 'values' ? { ...reference, index: 0, field: '' } : reference;

const read = (bundle: WerfBundle, own: string): Read => {
  const spec = withoutNulls(valueAt(bundle, 'spec'));
  const list = valueAt(spec, 'converge', 'valuesFrom');
  const inline = valueAt(spec, 'converge', 'values');
  return {
    target: targetOf(bundle, own),
    release: releaseOf(bundle, own),
    references: referencesOf(bundle, own),
    items: Array.isArray(list) ? list : [],
    inline: isMap(inline) ? inline : undefined,
  };
};
