import type { ValuesQuestion } from './judge-values.js';

/**
 * A question on its way to another thread. The inline values travel as JSON: one text is copied at once, while the structured clone
 * of an object takes the sender's time for each of its parts.
 */
export interface ValuesJob {
  readonly question: Omit<ValuesQuestion, 'inline'>;
  readonly inline: string | undefined;
}

/** @param question - inline values are JSON of a bounded depth */
export const jobOf = ({ inline, ...question }: ValuesQuestion): ValuesJob => ({
  question,
  inline: inline === undefined ? undefined : JSON.stringify(inline),
});

export const questionOf = ({ question, inline }: ValuesJob): ValuesQuestion =>
  inline === undefined ? question : { ...question, inline: JSON.parse(inline) };
