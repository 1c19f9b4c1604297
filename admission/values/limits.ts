import type { Warning } from '../../api/problem.js';
import { type FoundSource, fieldOf } from '../../api/values/problem.js';
import { MAX_SOURCE_BYTES, usedKeys, type ValuesInput } from '../../api/values/resolve.js';
import type { ValuesToJudge } from './judge-values.js';

/** Larger keys are not parsed at admission: the memory that it takes is up to 500 times the size of the text. */
const MAX_KEY_BYTES = 256 * 1024;
/** Limit for all sources together at admission: parsing more would take longer than the apiserver waits. */
const MAX_CHECKED_BYTES = 1024 * 1024;

/** The part of the values that is to be parsed: only the keys that are used, none of them too large. */
interface Checkable {
  readonly question: ValuesToJudge;
  /** What is not checked. */
  readonly warnings: readonly Warning[];
  /** Bytes of all texts that are to be parsed. */
  readonly bytes: number;
}

/**
 * Takes out keys and sources that are too large to be checked. If all sources together are too large for the controller as well, they
 * are left as they are, since they are refused without being parsed.
 */
export const checkable = (question: ValuesToJudge): Checkable => {
  const parts = question.sources.map(withinLimits);
  const read = parts.reduce((sum, { bytes, skipped }) => sum + bytes + skipped, 0);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  if (read > MAX_SOURCE_BYTES) return { question, warnings: [], bytes: 0 };
  const sources = parts.map(({ input }) => input);
  const warnings = parts.flatMap((part) => part.warnings);
  if (bytes <= MAX_CHECKED_BYTES) return { question: { ...question, sources }, warnings, bytes };
  return {
    question: { ...question, sources: [] },
    warnings: [
      {
        rule: 'values-not-checked',
        field: 'spec.converge.valuesFrom',
        message: `not checked: all sources together have ${read} bytes; at most ${MAX_CHECKED_BYTES} are checked at admission`,
      },
    ],
    bytes: 0,
  };
};

interface Part {
  readonly input: ValuesInput;
  readonly warnings: readonly Warning[];
  readonly bytes: number;
  /** Bytes of keys that are too large. */
  readonly skipped: number;
}

const withinLimits = ({ source, found }: ValuesInput, index: number): Part => {
  if (found === undefined) return { input: { source }, warnings: [], bytes: 0, skipped: 0 };
  const keys = usedKeys(found, source).map((key) => {
    const text = found.data[key] ?? '';
    return { key, text, bytes: Buffer.byteLength(text) };
  });
  const small = keys.filter(({ bytes }) => bytes <= MAX_KEY_BYTES);
  const large = keys.filter(({ bytes }) => bytes > MAX_KEY_BYTES);
  const data = Object.fromEntries(small.map(({ key, text }) => [key, text]));
  // Without its large keys a source may look empty, which must not count as a fault.
  const kept = large.length === 0 ? source : { ...source, optional: true };
  const sizeOf = (some: typeof keys): number => some.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    input: { source: kept, found: withData(found, data, keys.length) },
    warnings: large.map(({ key, bytes }) => ({
      rule: 'values-not-checked',
      field: fieldOf(source, index),
      message: tooLarge(found, key, bytes),
    })),
    bytes: sizeOf(small),
    skipped: sizeOf(large),
  };
};

/** Unused keys are left out, unless the used one is missing: then the message names the keys that exist. */
const withData = (found: FoundSource, data: FoundSource['data'], used: number): FoundSource => ({
  ...found,
  data: used === 0 ? Object.fromEntries(Object.keys(found.data).map((key) => [key, ''])) : data,
});

const tooLarge = ({ kind, namespace, name }: FoundSource, key: string, bytes: number): string =>
  `not checked: key ${JSON.stringify(key)} of ${kind} ${namespace}/${name} has ${bytes} bytes; at most ${MAX_KEY_BYTES} of a key are checked at admission`;
