import { isMap } from '../json-map.js';
import { mapOf, pathText, type Value, type ValueMap, type ValuePath } from './value.js';

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'ConfigMap' | 'Secret'; readonly namespace: string; readonly name: string; readonly key: string }
  /** spec.converge.values */
  | { readonly kind: 'spec' };

/** A value that no other value is part of: a text, number, boolean, null, list, or empty map. */
export interface Leaf {
  readonly path: ValuePath;
  readonly value: Value;
  readonly origin: Origin;
}

/** A path at which only one of two sources has a map; the later source wins. */
export interface Clash {
  readonly path: ValuePath;
  readonly earlier: Origin;
  readonly later: Origin;
}

/** Values of several origins. */
export type Tree = Leaf | Branch;
interface Branch {
  readonly kind: 'branch';
  readonly children: ReadonlyMap<string, Tree>;
}

const isBranch = (tree: Tree): tree is Branch => 'children' in tree;

/** All of `values` comes from `origin`. */
export const treeOf = (values: Value, origin: Origin, path: ValuePath = []): Tree => {
  if (!isMap(values) || (path.length > 0 && Object.keys(values).length === 0)) return { path, value: values, origin };
  const children = Object.entries(values).map(([key, value]) => [key, treeOf(value, origin, [...path, key])] as const);
  return { kind: 'branch', children: new Map(children) };
};

/**
 * Deep merge: maps merge, everything else replaces; null is kept, because it deletes a chart's default. An empty map changes
 * nothing of a map.
 * @param clashes - receives the paths at which only one of the two is a map
 */
export const mergeTrees = (earlier: Tree, later: Tree, clashes: Clash[]): Tree => {
  if (isBranch(earlier) && isBranch(later)) {
    const children = new Map(earlier.children);
    for (const [key, tree] of later.children) {
      const before = children.get(key);
      children.set(key, before === undefined ? tree : mergeTrees(before, tree, clashes));
    }
    return { kind: 'branch', children };
  }
  if (isBranch(earlier) && !isBranch(later)) {
    if (isMap(later.value)) return earlier;
    const hidden = leavesOf(earlier)[0];
    if (hidden !== undefined && later.value !== null)
      clashes.push({ path: later.path, earlier: hidden.origin, later: later.origin });
    return later;
  }
  if (!isBranch(earlier) && isBranch(later)) {
    const hiding = leavesOf(later)[0];
    if (hiding !== undefined && !isMap(earlier.value) && earlier.value !== null) {
      clashes.push({ path: earlier.path, earlier: earlier.origin, later: hiding.origin });
    }
  }
  return later;
};

/** The leaves, in the order of their keys' first appearance. */
export const leavesOf = (tree: Tree): readonly Leaf[] =>
  isBranch(tree) ? [...tree.children.values()].flatMap(leavesOf) : [tree];

/** The values without their origins. */
export const valuesOf = (tree: Tree): ValueMap => {
  const value = plainOf(tree);
  return isMap(value) ? value : {};
};

const plainOf = (tree: Tree): Value =>
  isBranch(tree) ? mapOf([...tree.children].map(([key, child]) => [key, plainOf(child)] as const)) : tree.value;

/** The source of each leaf, by its path as Helm's --set has it. */
export const provenanceOf = (leaves: readonly Leaf[]): ReadonlyMap<string, Origin> =>
  new Map(leaves.map(({ path, origin }) => [pathText(path), origin]));
