import type { Cel } from './cel.js';

/** What the table of rules says of one rule. */
export interface Rule {
  /** `WB017`; it stays with this rule for ever, also in its name: people write it into their CI. */
  readonly id: `WB${string}`;
  /** What its findings are as a rule. What is missing may be a warning where the platform, or an annotation, wants it so. */
  readonly severity: 'error' | 'warning';
  /** Who refuses it where no webhook answers. */
  readonly cel: Cel;
  /** What is wrong, as a sentence. */
  readonly what: string;
  /** How to mend it, as a sentence. */
  readonly mend: string;
  /**
   * YAML that the rule finds something in: the spec of a bundle, or, if it begins with `apiVersion:`, whole objects. Left out where a file
   * alone can't show it.
   */
  readonly example?: string;
}
