import type { ProblemCode } from '../../api/problem.js';
import type { Rule } from '../../api/rules/rule.js';
import type { Position } from './kubernetes-yaml.js';

/** A place in one of several files. */
export interface FilePosition extends Position {
  readonly file: string;
}

/** One finding about a document. `field` is '' for a document that can't be read. */
export interface Finding extends Position {
  readonly rule: Rule['id'];
  readonly severity: 'error' | 'warning';
  /** The apiserver's word for what is wrong, and three of our own; several rules share one. */
  readonly code: ProblemCode | 'SyntaxError' | 'UnknownField' | 'Warning';
  readonly field: string;
  readonly message: string;
  /** The position of the cause, if it is in another object of the input: a line of a ConfigMap's values. */
  readonly source?: FilePosition;
}

/** A reference of a bundle whose object is not known, so that it was not judged. */
export interface Unresolved extends Position {
  readonly rule: Rule['id'];
  readonly field: string;
  readonly message: string;
}

/** The result for one bundle, or for a document that can't be read (with an empty kind). */
export interface Result {
  readonly file: string;
  /** From 1; several bundles of one List share it. */
  readonly document: number;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly verdict: 'allow' | 'warn' | 'deny';
  readonly problems: readonly Finding[];
  readonly unresolved: readonly Unresolved[];
}

/** deny for any error; warn for warnings alone. Unresolved references do not count. */
export const verdictOf = (problems: readonly Finding[]): Result['verdict'] => {
  if (problems.some(({ severity }) => severity === 'error')) return 'deny';
  return problems.length > 0 ? 'warn' : 'allow';
};
