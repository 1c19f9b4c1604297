import { readExpression } from '../regular-expression.js';
import { expressionSize } from './expression-size.js';
import type { Pattern } from './schema-node.js';

/** An expression of a schema, or why it can't be used. */
type ReadPattern =
  | { readonly kind: 'ok'; readonly pattern: Pattern }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Of all expressions of a chart together, as {@link expressionSize} counts: a fifth of a second at the worst; the largest charts have a tenth. */
const MAX_SIZE = 20_000;

/**
 * Reads the expressions of a chart's schemas, each of them once, and no more of them than it may cost: each chart within has a schema of its
 * own, and there may be hundreds. One that costs too much is left unread, whether it is right or wrong, and what is to match it is not judged.
 */
export class Patterns {
  readonly #known = new Map<string, ReadPattern>();
  #left = MAX_SIZE;

  read(text: string): ReadPattern {
    const known = this.#known.get(text) ?? this.#readNew(text);
    this.#known.set(text, known);
    return known;
  }

  #readNew(text: string): ReadPattern {
    const size = expressionSize(text);
    if (size > this.#left) return { kind: 'ok', pattern: { text, expression: undefined, size } };
    this.#left -= size;
    const read = readExpression(text);
    return read.kind === 'ok' ? { kind: 'ok', pattern: { text, expression: read.expression, size } } : read;
  }
}
