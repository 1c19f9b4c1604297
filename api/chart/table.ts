import { isMap } from '../json-map.js';

/**
 * A map of values that is being merged, in place, as Helm does it: parts of one may be parts of another, and a change is seen in both, which
 * is so in Helm. It has no prototype, so that `__proto__` is a key like any other.
 */
export interface Table {
  [key: string]: unknown;
}

export const isTable = (value: unknown): value is Table => isMap(value);

export const emptyTable = (): Table => Object.create(null);

/** A copy with nothing in common with what it is a copy of. */
export const copied = (values: Readonly<Record<string, unknown>>): Table =>
  shallow(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, copiedValue(value)])));

const copiedValue = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(copiedValue);
  return isTable(value) ? copied(value) : value;
};

/** A copy of the map alone. */
export const shallow = (values: Readonly<Record<string, unknown>>): Table => {
  const table = emptyTable();
  for (const [key, value] of Object.entries(values)) table[key] = value;
  return table;
};

/** The map at the end of a path with dots; undefined if there is none. */
export const tableAt = (values: Table, path: string): Table | undefined => {
  let here: unknown = values;
  for (const step of path.split('.')) here = isTable(here) ? here[step] : undefined;
  return isTable(here) ? here : undefined;
};

/**
 * Helm's coalesceTables: what `over` does not have comes from `under`. A null in `over` takes a value of `under` away, unless `keepsNull`.
 * @see https://github.com/helm/helm/blob/v3.22.0/pkg/chartutil/coalesce.go
 */
export const layTables = (over: Table, under: Table, keepsNull: boolean): Table => {
  const was = new Set(Object.keys(under).filter((key) => under[key] !== null));
  for (const key of Object.keys(over)) if (over[key] === null) under[key] = null;
  for (const [key, value] of Object.entries(under)) {
    const upper = over[key];
    if (!(key in over)) over[key] = value;
    else if (!keepsNull && upper === null && was.has(key)) delete over[key];
    else if (isTable(value) && isTable(upper)) layTables(upper, value, keepsNull);
  }
  return over;
};
