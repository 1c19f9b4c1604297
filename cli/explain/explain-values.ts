import { valuesSourceOf } from '../../api/references/references.js';
import { type Leaf, leavesOf, type Origin, treeOf } from '../../api/values/provenance.js';
import { type ResolvedValues, type ResolveInput, resolveValues, usedKeys } from '../../api/values/resolve.js';
import { pathText, type ValueMap, valuesAt } from '../../api/values/value.js';
import { goodDeployment, heldValues } from '../diagnosis/held-values.js';
import type { SourceRow, ValueRow, ValueSource, ValuesExplanation } from './explanation.js';
import { nameOf, type Seen, type SourceSeen } from './observe.js';

/** The values as the controller would merge them, of what may be read: a source that may not be is left out. */
export const resolvedOf = (seen: Pick<Seen, 'bundle' | 'settings' | 'sources'>): ResolvedValues =>
  resolveValues(inputOf(seen, seen.sources));

const inputOf = (
  { bundle, settings: { converge } }: Pick<Seen, 'bundle' | 'settings'>,
  sources: readonly SourceSeen[],
): ResolveInput => ({
  sources: sources.map(({ reference, read }) => {
    const source = valuesSourceOf(reference);
    if (read.kind === 'found') return { source, found: read.object };
    return { source: read.kind === 'unreadable' ? { ...source, optional: true } : source };
  }),
  ...(converge.values !== undefined && { inline: converge.values }),
  bundleNamespace: bundle.metadata.namespace,
  targetNamespace: converge.targetNamespace,
});

/** Each value with its source, and what it overrides. */
export const explainValues = (
  seen: Pick<Seen, 'bundle' | 'settings' | 'sources' | 'key'>,
  resolved: ResolvedValues,
): ValuesExplanation => {
  const sources = seen.sources.map((source) => sourceRow(source));
  const { key } = seen;
  const encryptionKey =
    key &&
    stateRow(
      { field: key.reference.field, source: `${nameOf(key.reference)}, key ${quoted(key.reference.key)}` },
      key.read,
      false,
    );
  const hold = heldValues(seen.bundle, seen.settings);
  const notDeployed =
    hold &&
    `these are the present ones, and are not deployed: deployment ${hold.number} failed with them, or with the present spec; ${seen.bundle.status?.lastAppliedTag} is deployed with those of ${goodDeployment(hold)}`;
  const common = {
    sources,
    ...(encryptionKey && { encryptionKey }),
    ...(notDeployed !== undefined && { notDeployed }),
  };
  if (resolved.kind === 'invalid')
    return { ...common, count: 0, rows: [], problems: resolved.problems.map(({ text }) => text), warnings: [] };
  const rows = rowsOf(resolved.leaves, contributionsOf(seen));
  return {
    ...common,
    count: valuesIn(resolved.leaves).length,
    rows,
    problems: [],
    warnings: resolved.warnings.map(({ message }) => message),
  };
};

const sourceRow = ({ reference, read }: SourceSeen): SourceRow => {
  const key = reference.key === undefined ? '' : `, key ${quoted(reference.key)}`;
  const name =
    read.kind === 'found' ? `${reference.kind} ${read.object.namespace}/${reference.name}` : nameOf(reference);
  return stateRow({ field: reference.field, source: `${name}${key}` }, read, reference.optional);
};

const stateRow = (
  row: Pick<SourceRow, 'field' | 'source'>,
  read: SourceSeen['read'] | NonNullable<Seen['key']>['read'],
  optional: boolean,
): SourceRow => {
  if (read.kind === 'found') return { ...row, state: 'used' };
  if (read.kind === 'unreadable') return { ...row, state: 'unreadable', why: read.why };
  return { ...row, state: optional ? 'left-out' : 'missing' };
};

/** An empty map at the root is no value. */
const valuesIn = (leaves: readonly Leaf[]): readonly Leaf[] => leaves.filter(({ path }) => path.length > 0);

/** What each key of each source would give if it were the only one, in the order in which they are merged. */
const contributionsOf = (seen: Pick<Seen, 'bundle' | 'settings' | 'sources'>): readonly Leaf[] => {
  const { converge } = seen.settings;
  const single = seen.sources.flatMap(({ reference, read }) => {
    if (read.kind !== 'found') return [];
    const source = valuesSourceOf(reference);
    return usedKeys(read.object, source).flatMap((key) => {
      const resolved = resolveValues({
        sources: [{ source: { ...source, key }, found: read.object }],
        bundleNamespace: seen.bundle.metadata.namespace,
        targetNamespace: converge.targetNamespace,
      });
      return resolved.kind === 'resolved' ? valuesIn(resolved.leaves) : [];
    });
  });
  const inline = converge.values === undefined ? [] : leavesOf(treeOf(converge.values as ValueMap, { kind: 'spec' }));
  return [...single, ...valuesIn(inline)];
};

/**
 * A row for each value. Of a Secret's only those have one of their own whose path is no part of the Secret: the name of its key, and paths
 * that another source has as well; the others are counted.
 */
const rowsOf = (leaves: readonly Leaf[], contributions: readonly Leaf[]): readonly ValueRow[] => {
  const byPath = new Map<string, Leaf[]>();
  for (const leaf of contributions) {
    const path = pathText(leaf.path);
    const same = byPath.get(path);
    if (same === undefined) byPath.set(path, [leaf]);
    else same.push(leaf);
  }
  const isPublic = (path: string): boolean => (byPath.get(path) ?? []).some(({ origin }) => origin.kind !== 'Secret');
  const rows: ValueRow[] = [];
  const hidden = new Map<string, { readonly source: ValueSource; count: number }>();
  for (const { path, value, origin } of valuesIn(leaves)) {
    const text = pathText(path);
    const source = sourceOf(origin);
    const overrides = (byPath.get(text) ?? [])
      .map((leaf) => leaf.origin)
      .filter((other) => !isSame(other, origin))
      .map(sourceOf);
    if (origin.kind !== 'Secret') rows.push({ path: text, value, source, overrides });
    else if (isPublic(text) || (path.length === 1 && path[0] === origin.key))
      rows.push({ path: text, source, overrides });
    else {
      const name = JSON.stringify(source);
      const before = hidden.get(name);
      if (before === undefined) hidden.set(name, { source, count: 1 });
      else before.count += 1;
    }
  }
  return [...rows, ...[...hidden.values()].map(({ source, count }) => ({ hidden: count, source, overrides: [] }))];
};

/**
 * The merged values without what is a Secret's: `mask` stands for each of its values, and those that have no row of their own are left out.
 */
export const maskedValues = (resolved: ResolvedValues, { rows }: ValuesExplanation, mask: string): ValueMap => {
  if (resolved.kind === 'invalid') return {};
  const shown = new Set(rows.map(({ path }) => path));
  const leaves = valuesIn(resolved.leaves).filter(({ path }) => shown.has(pathText(path)));
  return valuesAt(leaves.map(({ path, value, origin }) => ({ path, value: origin.kind === 'Secret' ? mask : value })));
};

const isSame = (one: Origin, other: Origin): boolean => JSON.stringify(one) === JSON.stringify(other);

const sourceOf = (origin: Origin): ValueSource => {
  if (origin.kind === 'spec') return { kind: 'spec' };
  const { kind, namespace, name, key } = origin;
  return { kind, namespace, name, key };
};

const quoted = (text: string): string => JSON.stringify(text);
