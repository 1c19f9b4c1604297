import { ADVICE_RULES } from './rules/advice-rules.js';
import { DOCUMENT_RULES } from './rules/document-rules.js';
import { REFERENCE_RULES } from './rules/reference-rules.js';
import type { Rule } from './rules/rule.js';
import { SPEC_RULES } from './rules/spec-rules.js';
import { VALUES_RULES } from './rules/values-rules.js';

/** The name of a rule, as code says it: `malformed-duration`. Whatever makes a problem or a warning names its rule. */
export type RuleName =
  | keyof typeof DOCUMENT_RULES
  | keyof typeof SPEC_RULES
  | keyof typeof ADVICE_RULES
  | keyof typeof REFERENCE_RULES
  | keyof typeof VALUES_RULES;

/**
 * Everything that can be said of a bundle, by webhook, controller and command line; docs/rules.md is made of it. An id is given once and
 * stays: a spec remembers them all.
 */
export const RULES: Readonly<Record<RuleName, Rule>> = {
  ...DOCUMENT_RULES,
  ...SPEC_RULES,
  ...ADVICE_RULES,
  ...REFERENCE_RULES,
  ...VALUES_RULES,
};
