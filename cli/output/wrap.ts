/** The least that a line holds, however narrow the terminal is. */
const LEAST = 20;

/**
 * A text in lines of a width, broken between words only: a longer word has a line of its own. What others wrote can't move the cursor.
 * @param how.first - what stands before the first line; @param how.indent - blanks before the others
 */
export const wrapped = (
  text: string,
  how: { readonly first: string; readonly indent: number; readonly width: number },
): readonly string[] => {
  const width = Math.max(how.indent + LEAST, how.width);
  const lines: string[] = [];
  let line = how.first;
  let isEmpty = true;
  for (const word of oneLine(text).split(' ')) {
    if (!isEmpty && lengthOf(line) + 1 + lengthOf(word) > width) {
      lines.push(line.trimEnd());
      line = ' '.repeat(how.indent);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line.trimEnd()];
};

/** Letters, not UTF-16 units. */
const lengthOf = (text: string): number => [...text].length;

/** Without line breaks and control characters. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '�');

/**
 * The same as one text, for what begins in the middle of a line.
 * @param how.columns - letters in a line; undefined: it stays one line
 * @param how.indent - blanks before each line but the first, and letters before that one
 */
export const wrap = (text: string, how: { readonly columns: number | undefined; readonly indent: number }): string => {
  const { columns: width, indent } = how;
  if (width === undefined) return oneLine(text);
  return wrapped(text, { first: ' '.repeat(indent), indent, width })
    .join('\n')
    .slice(indent);
};
