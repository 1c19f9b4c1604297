/** Breaks a command as a shell reads it on: with a backslash at the end of each line but the last. Pure. */
export const wrappedCommand = (words: readonly string[], width: number, first: string): readonly string[] => {
  const lines: string[] = [];
  let line = first;
  for (const [index, word] of words.entries()) {
    const isLast = index === words.length - 1;
    const end = lengthOf(line) + 1 + lengthOf(word) + (isLast ? 0 : 2);
    if (index > 0 && end > width) {
      lines.push(`${line} \\`);
      line = `${' '.repeat(first.length)}  ${word}`;
    } else line += index === 0 ? word : ` ${word}`;
  }
  return [...lines, line];
};

/** Letters, not UTF-16 units. */
const lengthOf = (text: string): number => [...text].length;

/** A blank ends a word, unless it is quoted. */
const WORD = /(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gy;

/** The words of a command as they are written, quotes and all; the rest of one that no shell would take is one word. */
export const commandWords = (command: string): readonly string[] => {
  const words: string[] = [];
  const text = command.trim();
  let at = 0;
  while (at < text.length) {
    WORD.lastIndex = at;
    const word = WORD.exec(text)?.[0];
    const end = at + (word ?? '').length;
    if (word === undefined || (end < text.length && text[end] !== ' ')) return [...words, text.slice(at)];
    words.push(word);
    at = end + (/^ +/.exec(text.slice(end))?.[0] ?? '').length;
  }
  return words;
};
