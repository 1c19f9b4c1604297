import { isMap } from '../json-map.js';
import type { Leaf } from './provenance.js';
import type { Value } from './value.js';
import { quoted } from './write-file.js';

/** Longest key, quotes and escapes included: Go's YAML reader looks for the colon within 1,024 characters only. */
const MAX_KEY = 1_000;
/** Levels of nesting; the same limit as for YAML. */
const MAX_DEPTH = 100;

/**
 * Why werf could not get a leaf exactly as it is written; undefined if it can. The texts repeat nothing of the value.
 * A number in the spec that is too large for JavaScript has lost digits already, so no such number is delivered.
 */
export const undeliverable = ({ path, value, origin }: Leaf): string | undefined => {
  if (path.length > MAX_DEPTH) return tooDeep;
  for (const key of path) {
    const fault = keyFault(key);
    if (fault !== undefined) return fault;
  }
  return valueFault(value, { depth: path.length, exactIntegers: origin.kind === 'spec' });
};

/** Whether a value that {@link parseKey} has not bounded is nested too deeply; to be asked before anything recurses into it. */
export const isTooDeep = (value: unknown, levels = MAX_DEPTH): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels < 0 || Object.values(value).some((item) => isTooDeep(item, levels - 1)));

export const tooDeep = `is nested more than ${MAX_DEPTH} levels deep`;

const keyFault = (key: string): string | undefined => {
  if (quoted(key).length > MAX_KEY) return `has a key of more than ${MAX_KEY} characters`;
  return isHalved(key) ? halfCharacter : undefined;
};

const halfCharacter = 'has half a character (a lone surrogate), which no file can hold';
const isHalved = (text: string): boolean => /\p{Surrogate}/u.test(text);

const valueFault = (
  value: Value,
  at: { readonly depth: number; readonly exactIntegers: boolean },
): string | undefined => {
  if (typeof value === 'string') return isHalved(value) ? halfCharacter : undefined;
  if (typeof value === 'number') {
    return at.exactIntegers && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? 'has an integer beyond 2^53, which would lose digits: quote it'
      : undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (at.depth >= MAX_DEPTH) return tooDeep;
  const keys = isMap(value) ? Object.keys(value) : [];
  const below = { ...at, depth: at.depth + 1 };
  return (
    firstOf(keys, keyFault) ?? firstOf(Object.values(value as object) as Value[], (item) => valueFault(item, below))
  );
};

const firstOf = <T>(items: readonly T[], fault: (item: T) => string | undefined): string | undefined => {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
};
