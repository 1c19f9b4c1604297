/**
 * A value as a chart gets it: what JSON has, no more. Numbers are exact: integers beyond 2^53 are refused when they are read.
 */
export type Value = null | boolean | number | string | readonly Value[] | ValueMap;

/** Made by {@link mapOf} only, so that every key, `__proto__` included, is an own property. */
export interface ValueMap {
  readonly [key: string]: Value;
}

/** Later entries of the same key win. Object.fromEntries defines keys, where an assignment to `__proto__` would not. */
export const mapOf = (entries: Iterable<readonly [string, Value]>): ValueMap => Object.fromEntries(entries);

/** Where a value is: keys from the root. Lists are values as a whole. */
export type ValuePath = readonly string[];

/** A path as Helm's --set has it: `ingress.annotations.kubernetes\.io/class`. */
export const pathText = (path: ValuePath): string => path.map((key) => key.replaceAll(/[\\.,=[]/g, '\\$&')).join('.');

/**
 * The map that has just these values at these paths.
 * @param items - no path is empty or the beginning of another
 */
export const valuesAt = (
  items: readonly { readonly path: ValuePath; readonly value: Value }[],
  depth = 0,
): ValueMap => {
  const byKey = new Map<string, (typeof items)[number][]>();
  for (const item of items) {
    const key = item.path[depth] ?? '';
    const others = byKey.get(key);
    if (others === undefined) byKey.set(key, [item]);
    else others.push(item);
  }
  return mapOf([...byKey].map(([key, below]) => [key, valueBelow(below, depth + 1)]));
};

const valueBelow = (items: Parameters<typeof valuesAt>[0], depth: number): Value => {
  const end = items.find(({ path }) => path.length === depth);
  return end === undefined ? valuesAt(items, depth) : end.value;
};
