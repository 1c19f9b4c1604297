import type { Value } from '../../api/values/value.js';

/** Letters in a line where nobody says how many. */
export const USUAL_WIDTH = 80;
const LEAST_WIDTH = 40;

/**
 * A text in lines of a width, broken between words only: a longer word has a line of its own. What others wrote can't move the cursor.
 * @param how.first - what stands before the first line; @param how.indent - blanks before the others
 */
export const wrapped = (
  text: string,
  how: { readonly first: string; readonly indent: number; readonly width: number },
): readonly string[] => {
  const width = Math.max(LEAST_WIDTH, how.width);
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

/** At most so many letters, cut with `…`. */
export const cut = (text: string, most: number): string => {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
};

/** A value in one line: as JSON, cut; of a text with several lines the first, and how many there are. */
export const valueText = (value: Value, most: number): string => {
  const [first = '', ...others] = typeof value === 'string' ? value.trimEnd().split(/\r?\n/) : [];
  if (others.length === 0) return cut(oneLine(JSON.stringify(value)), most);
  const end = ` (${others.length + 1} lines)`;
  return `${cut(oneLine(JSON.stringify(`${first}…`)), most - end.length)}${end}`;
};

/** `1 value`, `3 values`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
