import { readExpression } from '../regular-expression.js';
import type { Pattern } from './schema-node.js';

/** An expression of a schema, or why it can't be used. */
type ReadPattern =
  | { readonly kind: 'ok'; readonly pattern: Pattern }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Of all expressions of a schema together, as {@link sizeOf} counts: some hundred milliseconds. */
const MAX_SIZE = 100_000;

/** Reads the expressions of one schema, each of them once, and no more of them than it may cost. */
export class Patterns {
  readonly #known = new Map<string, ReadPattern>();
  #size = 0;

  read(text: string): ReadPattern {
    const known = this.#known.get(text) ?? this.#readNew(text);
    this.#known.set(text, known);
    return known;
  }

  #readNew(text: string): ReadPattern {
    const size = sizeOf(text);
    this.#size += size;
    if (this.#size > MAX_SIZE) return { kind: 'invalid', reason: 'all expressions together cost too much' };
    const read = readExpression(text);
    return read.kind === 'ok' ? { kind: 'ok', pattern: { text, expression: read.expression, size } } : read;
  }
}

/**
 * The most instructions that an expression becomes: RE2 repeats nothing more than a thousand times, also where repetitions are within
 * repetitions.
 */
const sizeOf = (text: string): number => {
  const counts = [...text.matchAll(/\{\d*,?(\d+)?,?\}/g)].map(([, most = '1']) => Math.min(Number(most), 1000));
  const sum = counts.reduce((total, count) => total + count, 0);
  if (!text.includes('){')) return text.length + sum;
  return (
    text.length *
    Math.min(
      counts.reduce((product, count) => product * Math.max(count, 1), 1),
      1000,
    )
  );
};
