/** One condition of the admission policy; a bundle that does not fulfil it is refused. All texts are CEL but `message`. */
export interface CelValidation {
  /** True of a bundle without this fault. It may name variables of {@link CEL_VARIABLES}, and relies on the CRD's schema having passed. */
  readonly expression: string;
  /** The whole message, `spec.registry.url: …`, if `messageExpression` is left out or has no value. */
  readonly message: string;
  /** The whole message with what the bundle says; the webhook's own words. */
  readonly messageExpression?: string;
}

/**
 * Who refuses what a rule is against, where no webhook answers.
 * - `schema`: the CRD, all of it.
 * - `policy`: the admission policy, all that the CRD lets pass, `except` for what that says.
 * - `not-expressible`: nobody at admission; `why` no expression can.
 * - `not-refused`: the webhook refuses nothing by this rule either; `why`.
 */
export type Cel =
  | { readonly kind: 'schema' }
  | { readonly kind: 'policy'; readonly validations: readonly CelValidation[]; readonly except?: string }
  | { readonly kind: 'not-expressible'; readonly why: string }
  | { readonly kind: 'not-refused'; readonly why: string };

export const IN_SCHEMA: Cel = { kind: 'schema' };
export const LOOKS_UP: Cel = {
  kind: 'not-expressible',
  why: 'it depends on other objects, which a policy can not read',
};
export const ONLY_ADVICE: Cel = { kind: 'not-refused', why: 'warnings are given by the webhook alone' };
export const ONLY_IN_FILES: Cel = { kind: 'not-refused', why: 'it is of files, and a cluster gets JSON' };
