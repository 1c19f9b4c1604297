import { canonicalJson } from '../canonical-json.js';
import type { ValuesReference } from '../references/references.js';
import { valuesSourceOf } from '../references/references.js';
import type { Settings } from '../settings.js';
import type { FoundSource } from '../values/problem.js';
import { mergeTrees, treeOf, valuesOf } from '../values/provenance.js';
import { MAX_SOURCE_BYTES, resolveValues } from '../values/resolve.js';
import { mapOf, type ValueMap } from '../values/value.js';
import { type Content, type Contents, differingKeys } from './contents.js';
import { type ObjectName, objectName, type World } from './world.js';

/** Merged values with more bytes than this may be too large to be delivered. */
const MAX_WRITTEN = 1_000_000;

/** What an item of valuesFrom finds. */
type Item =
  | { readonly kind: 'content'; readonly source: FoundSource; readonly content: Content }
  | { readonly kind: 'absent' }
  /** `why` is a whole sentence. */
  | { readonly kind: 'unknown'; readonly why: string };

/** A bundle's values in one world, before they are merged. */
export interface Sources {
  readonly wanted: readonly Wanted[];
  /** One for each that is wanted. */
  readonly items: readonly Item[];
  readonly inline: Content;
  readonly settings: Settings;
  readonly bundleNamespace: string;
}

/** What the references find, each in the first namespace that has it. */
export const itemsOf = (wanted: readonly Wanted[], world: World, contents: Contents): readonly Item[] =>
  wanted.map((each) => itemOf(each, world, contents));

/** An item of valuesFrom, and the names that it is looked for by. */
interface Wanted {
  readonly reference: ValuesReference;
  readonly names: readonly ObjectName[];
}

/** The sources of a bundle's values. */
export const wantedBy = (references: readonly ValuesReference[]): readonly Wanted[] =>
  references.map((reference) => {
    const { kind, name, namespaces } = reference;
    return { reference, names: namespaces.map((namespace) => objectName(kind, { namespace, name })) };
  });

const itemOf = ({ reference, names }: Wanted, world: World, contents: Contents): Item => {
  for (const name of names) {
    const found = world.find(name);
    if (found.kind === 'unknown') return { kind: 'unknown', why: `${name.key} ${found.why}` };
    if (found.kind === 'absent') continue;
    const source = contents.source(reference, name.ref.namespace, found.object);
    return { kind: 'content', source, content: contents.of(source, reference.key) };
  }
  return { kind: 'absent' };
};

/** Why the values can't be delivered, in the controller's words; undefined: they can, as far as what is known of them goes. */
export const valuesFault = (of: Sources): string | undefined => {
  if (isSound(of)) return undefined;
  const resolved = resolve(of);
  return resolved.kind === 'invalid' ? resolved.message : undefined;
};

/** Whether nothing can be wrong with the values once they are merged. */
const isSound = ({ wanted, items, inline }: Sources): boolean => {
  let bytes = 0;
  let { written } = inline;
  for (const [at, item] of items.entries()) {
    if (item.kind === 'unknown') continue;
    if (item.kind === 'absent') {
      if (wanted[at]?.reference.optional !== true) return false;
      continue;
    }
    if (!item.content.isSound) return false;
    bytes += item.content.bytes;
    written += item.content.written;
  }
  return inline.isSound && bytes <= MAX_SOURCE_BYTES && written <= MAX_WRITTEN;
};

const resolve = ({ wanted, items, settings, bundleNamespace }: Sources) => {
  const sources = wanted.flatMap(({ reference }, at) => {
    const item = items[at];
    if (item === undefined || item.kind === 'unknown') return [];
    const source = valuesSourceOf(reference);
    return [item.kind === 'content' ? { source, found: item.source } : { source }];
  });
  return resolveValues({
    sources,
    ...(settings.converge.values !== undefined && { inline: settings.converge.values }),
    bundleNamespace,
    targetNamespace: settings.converge.targetNamespace,
  });
};

/** Whether two worlds give a bundle the same values; `why` is a whole sentence. Both have to be deliverable. */
type Comparison =
  | { readonly kind: 'same' }
  | { readonly kind: 'different' }
  | { readonly kind: 'unknown'; readonly why: string };

const SAME = { kind: 'same' } as const;
const DIFFERENT = { kind: 'different' } as const;

/** Compares what two worlds give. */
export const compareValues = (before: Sources, after: Sources, contents: Contents): Comparison => {
  const changed = changedKeys(layersOf(before), layersOf(after), contents);
  if (changed.size === 0) return SAME;
  const unknown = [...before.items, ...after.items].find((item) => item.kind === 'unknown');
  if (unknown !== undefined) return unknown;
  if (isSound(before) && isSound(after)) return isOther(before, after, changed, contents) ? DIFFERENT : SAME;
  const [was, is] = [resolve(before), resolve(after)];
  if (was.kind === 'invalid' || is.kind === 'invalid') return DIFFERENT;
  return canonicalJson(was.values) === canonicalJson(is.values) ? SAME : DIFFERENT;
};

/** Compares what is merged; of many bundles nothing else has these keys, and they are compared once for all of them. */
const isOther = (before: Sources, after: Sources, keys: ReadonlySet<string>, contents: Contents): boolean => {
  const [was, is] = [before, after].map((of) => layersOf(of).filter((layer) => hasAny(layer, keys)));
  const compare = () => canonicalJson(merged(was ?? [], keys)) !== canonicalJson(merged(is ?? [], keys));
  const [one, more] = was ?? [];
  const [other, others] = is ?? [];
  const isAlone = typeof one === 'object' && typeof other === 'object' && more === undefined && others === undefined;
  return isAlone ? contents.isOther(one, other, compare) : compare();
};

const hasAny = (layer: Layer, keys: ReadonlySet<string>): boolean => {
  for (const values of valuesIn(layer)) for (const key of keys) if (Object.hasOwn(values, key)) return true;
  return false;
};

/** From what is merged first to what is merged last; what is not known is no content. */
const layersOf = ({ items, inline }: Sources): readonly Layer[] => [
  ...items.map((item) => (item.kind === 'content' ? item.content : item.kind)),
  inline,
];

type Layer = Content | 'absent' | 'unknown';

/** Stands for whatever key something may have that is not known. */
const ANY = '';

/** The keys at the top of which two lists of layers say different things. */
const changedKeys = (before: readonly Layer[], after: readonly Layer[], contents: Contents): ReadonlySet<string> => {
  // A list that has become longer or shorter is compared as a whole.
  if (before.length !== after.length)
    return new Set([
      ...differingKeys(before.flatMap(valuesIn), after.flatMap(valuesIn)),
      ...(before.includes('unknown') || after.includes('unknown') ? [ANY] : []),
    ]);
  const changed = new Set<string>();
  for (const [at, layer] of before.entries()) {
    const other = after[at] ?? layer;
    if (layer === other) continue;
    for (const key of differingLayers(layer, other, contents)) changed.add(key);
  }
  return changed;
};

const differingLayers = (layer: Layer, other: Layer, contents: Contents): readonly string[] => {
  if (layer === 'unknown' || other === 'unknown') return [ANY];
  if (layer === 'absent' || other === 'absent') return differingKeys(valuesIn(layer), valuesIn(other));
  return contents.differing(layer, other);
};

const valuesIn = (layer: Layer): readonly ValueMap[] => (typeof layer === 'string' ? [] : layer.values);

const SPEC = { kind: 'spec' } as const;

/** The merged values of some keys at the top: what stands beside them changes nothing of them. */
const merged = (layers: readonly Layer[], keys: ReadonlySet<string>): ValueMap => {
  const trees = layers
    .flatMap(valuesIn)
    .map((values) =>
      [...keys].flatMap((key) => (Object.hasOwn(values, key) ? [[key, values[key] ?? null] as const] : [])),
    )
    .filter((entries) => entries.length > 0)
    .map((entries) => treeOf(mapOf(entries), SPEC));
  return valuesOf(mergeTrees([treeOf({}, SPEC), ...trees], []) ?? treeOf({}, SPEC));
};
