import { isMap, type JsonMap } from '../../api/json-map.js';

/** Values of a release: what YAML and JSON can say. */
export type Values = JsonMap;

/** A text that the stand-in, or helm itself, can't read. */
export class ValuesError extends Error {
  override readonly name = 'ValuesError';
}

/** Deep merge: maps merge, all else is replaced. Pure. */
export const mergeValues = (low: Values, high: Values): Values => {
  const merged = new Map<string, unknown>(Object.entries(low));
  for (const [key, value] of Object.entries(high)) {
    const before = merged.get(key);
    merged.set(key, isMap(before) && isMap(value) ? mergeValues(before, value) : value);
  }
  return Object.fromEntries(merged);
};
