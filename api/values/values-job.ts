import type { ResolveInput } from './resolve.js';

/**
 * Values on their way to another thread. The inline ones travel as JSON: one text is copied at once, while the structured clone of an
 * object takes the sender's time for each of its parts.
 */
export interface ValuesJob {
  readonly input: Omit<ResolveInput, 'inline'>;
  readonly inline: string | undefined;
}

/** @param input - inline values are JSON of a bounded depth */
export const jobOf = ({ inline, ...input }: ResolveInput): ValuesJob => ({
  input,
  inline: inline === undefined ? undefined : JSON.stringify(inline),
});

export const inputOf = ({ input, inline }: ValuesJob): ResolveInput =>
  inline === undefined ? input : { ...input, inline: JSON.parse(inline) };
