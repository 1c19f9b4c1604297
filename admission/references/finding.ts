import type { Problem, Warning } from '../../api/problem.js';
import { type Checked, problemOf, type ReferenceFault } from '../../api/references/fault.js';
import { internalError } from '../../api/validate/wording.js';
import type { Findings } from '../verdict.js';

/**
 * One thing found about what a bundle refers to.
 * `denied` always counts; `missing` may be let pass for now, and so may `lacking`: the object exists without the named key, which the
 * same commit may add; `unchecked` is not known to be wrong; `noted` is a warning.
 */
export type Finding =
  | { readonly kind: 'denied'; readonly problem: Problem }
  | { readonly kind: 'missing'; readonly problem: Problem }
  | { readonly kind: 'lacking'; readonly problem: Problem }
  | { readonly kind: 'unchecked'; readonly problem: Problem }
  | { readonly kind: 'noted'; readonly warning: Warning };

export const denied = (problem: Problem): Finding => ({ kind: 'denied', problem });
export const missing = (problem: Problem): Finding => ({ kind: 'missing', problem });
export const lacking = (problem: Problem): Finding => ({ kind: 'lacking', problem });
export const noted = (warning: Warning): Finding => ({ kind: 'noted', warning });

/** The finding for a fault of something that a bundle refers to. */
export const findingOf = (fault: ReferenceFault<string>): Finding => ({
  kind: KINDS[fault.kind],
  problem: problemOf(fault),
});

const KINDS = { absent: 'missing', 'lacks-key': 'lacking', unusable: 'denied', forbidden: 'denied' } as const;

/** The findings for the result of a check of something that a bundle refers to. */
export const findingsOf = (checked: Checked<unknown>): readonly Finding[] =>
  checked.kind === 'usable' ? checked.warnings.map(noted) : [findingOf(checked)];

/** @param what - `Secret app in namespace ops`, or a whole clause */
export const unchecked = (field: string, what: string, why: string): Finding => ({
  kind: 'unchecked',
  problem: internalError('reference-not-checked', field, `${what} could not be checked: ${why}`),
});

/** How strict to be. */
export interface Strictness {
  readonly missing: 'deny' | 'warn';
  readonly unchecked: 'deny' | 'warn';
}

/** Sorts findings into problems, which deny the request, and warnings. */
export const weigh = (findings: readonly Finding[], strictness: Strictness): Findings => {
  const problems: Problem[] = [];
  const warnings: Warning[] = [];
  for (const finding of findings) {
    if (finding.kind === 'noted') warnings.push(finding.warning);
    else if (howStrict(finding.kind, strictness) === 'deny') problems.push(finding.problem);
    else warnings.push(asWarning(finding.problem));
  }
  return { problems, warnings };
};

const asWarning = ({ rule, field, message }: Problem): Warning => ({ rule, field, message });

const howStrict = (kind: Exclude<Finding['kind'], 'noted'>, strictness: Strictness): 'deny' | 'warn' => {
  switch (kind) {
    case 'denied':
      return 'deny';
    case 'missing':
    case 'lacking':
      return strictness.missing;
    case 'unchecked':
      return strictness.unchecked;
  }
};
