import { isDeepStrictEqual } from 'node:util';
import { isMap } from '../../api/json-map.js';

/**
 * The smallest JSON merge patch that makes `after` out of `before`.
 * @returns undefined when they are equal
 * @see RFC 7386: null removes, maps merge, all else replaces
 */
export const mergePatchOf = (before: object, after: object): Record<string, unknown> | undefined =>
  isDeepStrictEqual(before, after) ? undefined : difference(mapOf(before), mapOf(after));

type JsonMap = Readonly<Record<string, unknown>>;

const difference = (old: JsonMap, wanted: JsonMap): Record<string, unknown> | undefined => {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(old)) if (!Object.hasOwn(wanted, key)) patch[key] = null;
  for (const [key, value] of Object.entries(wanted)) {
    const previous = old[key];
    if (isDeepStrictEqual(previous, value)) continue;
    patch[key] = isMap(previous) && isMap(value) ? difference(previous, value) : value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
};

/** As JSON has it: what is undefined is not there, in whatever depth. */
const mapOf = (map: object): JsonMap =>
  Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => (value === undefined ? [] : [[key, definite(value)]])),
  );

const definite = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(definite);
  return isMap(value) ? mapOf(value) : value;
};
