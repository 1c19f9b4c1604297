import { isDeepStrictEqual } from 'node:util';
import { isMap } from '../../api/json-map.js';

/**
 * The smallest JSON merge patch that makes `after` out of `before`.
 * @returns undefined when they are equal
 * @see RFC 7386: null removes, maps merge, all else replaces
 */
export const mergePatchOf = (before: object, after: object): Record<string, unknown> | undefined => {
  const old: Readonly<Record<string, unknown>> = { ...before };
  const wanted: Readonly<Record<string, unknown>> = { ...after };
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(old)) {
    if (wanted[key] === undefined && old[key] !== undefined) patch[key] = null;
  }
  for (const [key, value] of Object.entries(wanted)) {
    const previous = old[key];
    if (value === undefined || isDeepStrictEqual(previous, value)) continue;
    patch[key] = isMap(previous) && isMap(value) ? mergePatchOf(previous, value) : value;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
};
