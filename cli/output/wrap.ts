interface WrapOptions {
  /** Letters in a line; undefined: lines are left as they are. */
  readonly columns: number | undefined;
  /** Spaces before each line but the first. */
  readonly indent: number;
}

/** The least that a line holds, however narrow the terminal is. */
const LEAST = 20;

/** Breaks a text between words, never within one: what is longer than a line has a line of its own. */
export const wrap = (text: string, { columns, indent }: WrapOptions): string => {
  if (columns === undefined) return text;
  const room = Math.max(LEAST, columns - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && [...longer].length > room) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
};
