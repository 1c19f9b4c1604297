/** Values of a release: what YAML and JSON can say. */
export type Values = { readonly [key: string]: unknown };

/** A text that the stand-in, or helm itself, can't read. */
export class ValuesError extends Error {
  override readonly name = 'ValuesError';
}

export const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep merge: maps merge, all else is replaced. Pure. */
export const mergeValues = (low: Values, high: Values): Values => {
  const merged = new Map<string, unknown>(Object.entries(low));
  for (const [key, value] of Object.entries(high)) {
    const before = merged.get(key);
    merged.set(key, isMap(before) && isMap(value) ? mergeValues(before, value) : value);
  }
  return Object.fromEntries(merged);
};
