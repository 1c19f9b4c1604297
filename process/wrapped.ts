/** How a text's lines begin. */
interface Indent {
  readonly first: string;
  /** Of all lines but the first. */
  readonly rest: string;
}

/**
 * Breaks a text between words, so that no line is longer than the width; a word that is longer has a line of its own. Pure.
 * @param text - one line; blanks within it stay, unless it is broken there
 * @param width - letters in a line
 */
export const wrapped = (text: string, width: number, { first, rest }: Indent): readonly string[] => {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const [, blanks = '', word = ''] of text.matchAll(/(\s*)(\S+)/g)) {
    if (!isEmpty && letters(line) + blanks.length + letters(word) > width) {
      lines.push(line);
      line = `${rest}${word}`;
    } else line += isEmpty && lines.length > 0 ? word : `${blanks}${word}`;
    isEmpty = false;
  }
  return [...lines, line];
};

/** Letters, not code units. */
export const letters = (text: string): number => [...text].length;
