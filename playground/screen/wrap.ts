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

/** Breaks what a command printed: the rest of a line stands two letters deeper than its beginning. Pure. */
export const wrappedOutput = (line: string, width: number, margin: string): readonly string[] => {
  if (margin.length + letters(line) <= width) return [`${margin}${line}`];
  const depth = /^\s*/.exec(line)?.[0] ?? '';
  return wrapped(line.trimStart(), width, { first: `${margin}${depth}`, rest: `${margin}${depth}  ` });
};

/** Breaks a command as a shell reads it on: with a backslash at the end of each line but the last. Pure. */
export const wrappedCommand = (words: readonly string[], width: number, first: string): readonly string[] => {
  const lines: string[] = [];
  let line = first;
  for (const [index, word] of words.entries()) {
    const isLast = index === words.length - 1;
    const end = letters(line) + 1 + letters(word) + (isLast ? 0 : 2);
    if (index > 0 && end > width) {
      lines.push(`${line} \\`);
      line = `${' '.repeat(first.length)}  ${word}`;
    } else line += index === 0 ? word : ` ${word}`;
  }
  return [...lines, line];
};

/** Letters, not code units. */
export const letters = (text: string): number => [...text].length;
