import { isMap, valueAt } from '../../api/json-map.js';
import type { RawAnswer } from './raw-api.js';

/** Paths of the fields below spec that each manager owns, `spec.registry.url`. */
export const owned = ({ body }: Pick<RawAnswer, 'body'>): Readonly<Record<string, readonly string[]>> => {
  const entries = valueAt(body, 'metadata', 'managedFields');
  const own = (entry: unknown) => pathsIn(valueAt(entry, 'fieldsV1', 'f:spec'), 'spec');
  return Object.fromEntries(
    (Array.isArray(entries) ? entries : []).map((entry) => [valueAt(entry, 'manager'), own(entry)]),
  );
};

const pathsIn = (fields: unknown, path: string): readonly string[] =>
  Object.entries(isMap(fields) ? fields : {})
    .flatMap(([key, below]) =>
      key.startsWith('f:') ? [`${path}.${key.slice(2)}`, ...pathsIn(below, `${path}.${key.slice(2)}`)] : [],
    )
    .toSorted();

/** Leaves and lists that stand in a spec, each with what is above it where the apiserver names that, too. */
export const fieldsOf = (spec: unknown): readonly string[] => leavesOf(spec, 'spec').toSorted();
const leavesOf = (value: unknown, path: string): readonly string[] =>
  isMap(value)
    ? Object.entries(value).flatMap(([key, below]) => [`${path}.${key}`, ...leavesOf(below, `${path}.${key}`)])
    : [];
