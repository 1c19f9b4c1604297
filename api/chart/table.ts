import { isMap } from '../json-map.js';

/**
 * A map of values that is being merged, in place, as Helm does it: parts of one may be parts of another, and a change is seen in both, which
 * is so in Helm. It has no keys but its own, so that `__proto__` is one like any other.
 */
export interface Table {
  [key: string]: unknown;
}

export const isTable = (value: unknown): value is Table => isMap(value);

/** V8 is slow with maps that have no prototype at all. */
const NO_KEYS: object = Object.freeze(Object.create(null));

export const emptyTable = (): Table => Object.create(NO_KEYS);

/** A copy with nothing in common with what it is a copy of. */
export const copied = (values: Readonly<Record<string, unknown>>): Table => {
  const table = emptyTable();
  for (const key of Object.keys(values)) table[key] = copiedValue(values[key]);
  return table;
};

/** The same of any value. */
export const copiedValue = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copiedValue);
  return isTable(value) ? copied(value) : value;
};

/** A copy of the map alone. */
export const shallow = (values: Readonly<Record<string, unknown>>): Table => {
  const table = emptyTable();
  for (const key of Object.keys(values)) table[key] = values[key];
  return table;
};

/** The map at the end of a path with dots; undefined if there is none. */
export const tableAt = (values: Table, path: string): Table | undefined => {
  let here: unknown = values;
  for (const step of path.split('.')) here = isTable(here) ? here[step] : undefined;
  return isTable(here) ? here : undefined;
};

/**
 * Helm's coalesceTables: what `over` does not have comes from `under`. A null in `over` takes a value of `under` away, unless `keepsNull`; only then
 * `under` is changed, too.
 * @see https://github.com/helm/helm/blob/v3.22.0/pkg/chartutil/coalesce.go
 */
export const layTables = (over: Table, under: Table, keepsNull: boolean): Table => {
  // Helm marks them in both, which is seen where `under` is a part of something else.
  if (keepsNull) for (const key of Object.keys(over)) if (over[key] === null) under[key] = null;
  for (const key of Object.keys(under)) {
    const [upper, lower] = [over[key], under[key]];
    if (!(key in over)) over[key] = lower;
    else if (upper === null) {
      if (!keepsNull && lower !== null) delete over[key];
    } else if (isTable(lower) && isTable(upper)) layTables(upper, lower, keepsNull);
  }
  return over;
};
