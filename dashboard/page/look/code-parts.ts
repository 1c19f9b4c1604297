/** A piece of a sentence. */
interface TextPart {
  readonly text: string;
  readonly isCode: boolean;
}

/**
 * A sentence in its pieces: what stands in backticks is code. A backtick without another one stands for itself. The first letter is a
 * capital, unless it is code: the words of reasons begin without one.
 */
export const codeParts = (sentence: string): readonly TextPart[] =>
  (sentence.slice(0, 1).toUpperCase() + sentence.slice(1))
    .split(/(`[^`]+`)/)
    .filter((part) => part !== '')
    .map((part) => (/^`.+`$/s.test(part) ? { text: part.slice(1, -1), isCode: true } : { text: part, isCode: false }));
