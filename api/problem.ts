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
 */
export interface Problem {
  readonly code: ProblemCode;
  readonly field: string;
  readonly message: string;
}

/** Something a user should know, though it is allowed. `field` as in {@link Problem}. */
export interface Warning {
  readonly field: string;
  readonly message: string;
}
