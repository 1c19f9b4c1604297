import type { ResolveInput } from './resolve.js';

/**
 * Values as they are sent to another thread. Inline values are sent as JSON: a text is copied at once, while a structured clone of an
 * object costs the sender time for each of its parts.
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
