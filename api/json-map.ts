/** A JSON object whose fields are not known yet. */
export type JsonMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at the end of the fields, or undefined where there is no such way. Never throws. */
export const valueAt = (value: unknown, ...fields: readonly (string | number)[]): unknown => {
  let here = value;
  for (const field of fields) {
    if (typeof here !== 'object' || here === null) return undefined;
    if (Array.isArray(here) ? typeof field !== 'number' : !Object.hasOwn(here, field)) return undefined;
    here = (here as JsonMap)[field];
  }
  return here;
};
