import { uncolored } from './harmless.js';

/** Programs whose commands the messages give. */
const PROGRAMS = ['werfbundle', 'kubectl', 'flux', 'argocd'];
/** The least that a line holds, however narrow the terminal is. */
const LEAST = 20;

/**
 * A message, which may be coloured, in lines of a terminal's width, broken between words. A command within it is not broken: of one that is
 * pasted in two lines, a shell would run the first.
 * @param how.columns - letters in a line; undefined, where no person reads: the text stays as it is
 * @param how.indent - blanks before each line but the first
 * @param how.first - blanks before the first one
 */
export const folded = (
  text: string,
  how: { readonly columns: number | undefined; readonly indent: number; readonly first?: number },
): string => {
  const { columns, indent, first = 0 } = how;
  const start = ' '.repeat(first);
  if (columns === undefined) return start + text;
  const [one = '', ...others] = text.split('\n');
  const width = Math.max(indent + LEAST, columns);
  return [
    ...linesOf(one, start, { indent, width }),
    ...others.flatMap((other) => linesOf(other, '', { indent, width })),
  ].join('\n');
};

const linesOf = (
  text: string,
  start: string,
  { indent, width }: { readonly indent: number; readonly width: number },
): readonly string[] => {
  const lines: string[] = [];
  let line = start;
  for (const [at, part] of partsOf(text).entries()) {
    const isFull = at > 0 && widthOf(line) + 1 + widthOf(part) > width;
    if (isFull) {
      lines.push(line);
      line = ' '.repeat(indent) + part;
    } else line += at === 0 ? part : ` ${part}`;
  }
  return [...lines, line];
};

/** Letters, not UTF-16 units. */
const widthOf = (text: string): number => [...uncolored(text)].length;

/** Words; a command, to the mark that ends it, is one. */
const partsOf = (text: string): readonly string[] => {
  const words = text.split(' ');
  const parts: string[] = [];
  let command: string | undefined;
  for (const [at, word] of words.entries()) {
    const begins = PROGRAMS.includes(word) && /^[a-z]/.test(words[at + 1] ?? '');
    if (command === undefined && !begins) {
      parts.push(word);
      continue;
    }
    command = command === undefined ? word : `${command} ${word}`;
    const isQuoted = (command.match(/'/g) ?? []).length % 2 === 1;
    if (!isQuoted && /[;,.:)]$/.test(word)) {
      parts.push(command);
      command = undefined;
    }
  }
  return command === undefined ? parts : [...parts, command];
};
