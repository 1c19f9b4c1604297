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
 * Deep merge, later trees win: maps merge, everything else replaces; null is kept, because it deletes a chart's default. An empty map
 * changes nothing of a map. Takes time linear in all trees, however many they are.
 * @param clashes - receives the paths at which only one of two is a map
 */
export const mergeTrees = (trees: readonly Tree[], clashes: Clash[]): Tree | undefined => {
  let merged: Leaf | undefined;
  let branches: Branch[] = [];
  for (const tree of trees) {
    if (isBranch(tree)) branches.push(tree);
    else if (branches.length === 0) merged = tree;
    else if (!isMap(tree.value)) {
      noteClash(mergeBranches(branches, merged, clashes), tree, clashes);
      merged = tree;
      branches = [];
    }
  }
  return branches.length === 0 ? merged : mergeBranches(branches, merged, clashes);
};

/** @param before - the leaf that they replace */
const mergeBranches = (branches: readonly Branch[], before: Leaf | undefined, clashes: Clash[]): Branch => {
  const byKey = new Map<string, Tree[]>();
  for (const { children } of branches) {
    for (const [key, tree] of children) {
      const others = byKey.get(key);
      if (others === undefined) byKey.set(key, [tree]);
      else others.push(tree);
    }
  }
  const children = [...byKey].flatMap(([key, trees]) => {
    const tree = mergeTrees(trees, clashes);
    return tree === undefined ? [] : [[key, tree] as const];
  });
  const merged: Branch = { kind: 'branch', children: new Map(children) };
  if (before !== undefined) noteClash(before, merged, clashes);
  return merged;
};

const noteClash = (earlier: Tree, later: Tree, clashes: Clash[]): void => {
  const leaf = [earlier, later].find((tree): tree is Leaf => !isBranch(tree));
  const [before, after] = [leavesOf(earlier)[0], leavesOf(later)[0]];
  if (leaf === undefined || before === undefined || after === undefined || isMap(leaf.value) || leaf.value === null)
    return;
  clashes.push({ path: leaf.path, earlier: before.origin, later: after.origin });
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
