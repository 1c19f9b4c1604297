import type { Pointer } from './pointer.js';
import type { Bound } from './schema-node.js';

/** A step from a value to one within it. */
export interface Step {
  readonly key: string | number;
  /** Whether the schema has the key as it is, so that it tells nothing of the values. */
  readonly isNamed: boolean;
}

/** Where in the values, from the root. */
export type ValuesPath = readonly Step[];

/** A value that is not what the schema wants of it. */
export interface Violation {
  readonly at: ValuesPath;
  /** Of the keyword in the schema. */
  readonly pointer: Pointer;
  readonly what: What;
}

/** What is wrong. Of the value itself only `got` has something, beside names of its keys. */
export type What =
  | { readonly kind: 'type'; readonly wanted: readonly string[]; readonly got: string }
  | { readonly kind: 'constant'; readonly wanted: unknown }
  | { readonly kind: 'choice'; readonly wanted: readonly unknown[] }
  | { readonly kind: 'format'; readonly name: string }
  | { readonly kind: 'pattern'; readonly text: string }
  | { readonly kind: 'bound'; readonly bound: Bound; readonly wanted: number; readonly got: number }
  | { readonly kind: 'multiple'; readonly of: number }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'circle' }
  | { readonly kind: 'missing'; readonly names: readonly string[]; readonly because?: string }
  /** The value's own key. */
  | { readonly kind: 'unknown-key'; readonly name: string }
  | { readonly kind: 'key'; readonly name: string; readonly why: readonly Violation[] }
  | { readonly kind: 'items'; readonly most: number }
  | { readonly kind: 'same-items'; readonly first: number; readonly second: number }
  | { readonly kind: 'no-item' }
  | { readonly kind: 'not' }
  /** None of the alternatives fits; for each what is wrong. */
  | { readonly kind: 'no-alternative'; readonly why: readonly (readonly Violation[])[] }
  | { readonly kind: 'several-alternatives' };
