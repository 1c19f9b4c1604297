import type { RuleName } from './rules.js';

/**
 * What is wrong, in the apiserver's own vocabulary of causes.
 * @see https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#CauseType
 */
export type ProblemCode =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueNotFound'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  /** The check could not be made: whether something is wrong is unknown. */
  | 'InternalError';

/**
 * One fault of a bundle.
 * `field` is a path as the apiserver writes it: `spec.converge.valuesFrom[1].configMapRef.name`.
 * `message` is the whole text after the path, in the apiserver's form: `Invalid value: "15": a unit is missing; …`.
 * `rule` is the one that found it; the command line shows its id, an apiserver has no place for it.
 */
export interface Problem {
  readonly rule: RuleName;
  readonly code: ProblemCode;
  readonly field: string;
  readonly message: string;
}

/** Something a user should know, though it is allowed. `field` and `rule` as in {@link Problem}. */
export interface Warning {
  readonly rule: RuleName;
  readonly field: string;
  readonly message: string;
}
