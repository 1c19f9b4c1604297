import { printable } from '../output/printable.js';
import { wrapped } from '../output/wrap.js';
import { commandWords, wrappedCommand } from '../output/wrap-command.js';
import type { Terminal } from '../terminal.js';
import type { Check, Verdict } from './check.js';
import { inOrderOfNeed } from './examine.js';

type Colors = Terminal['colors'];
/** Where it is printed: what is no terminal has lines of any length. */
type Paper = Pick<Terminal, 'colors' | 'columns'>;

const WORDS: Readonly<Record<Verdict, string>> = {
  failed: 'FAILED',
  warning: 'warning',
  'not-checked': 'not checked',
  ok: 'ok',
};
const WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length)) + 2;

/** All checks for people: what failed first, each with the commands that mend it, and what is to be done first at the end. */
export const checksText = (checks: readonly Check[], paper: Paper): string => {
  const lines = inOrderOfNeed(checks).flatMap((check) => checkLines(check, paper));
  return lines.map((line) => `${line}\n`).join('');
};

/** `ok           Webhook: it refuses what it has to`, its commands and its place in the guide below it. */
const checkLines = (
  { verdict, title, found, commands, section }: Check,
  { colors, columns }: Paper,
): readonly string[] => {
  const indent = ' '.repeat(WIDTH);
  const width = columns ?? Number.POSITIVE_INFINITY;
  const [first = '', ...more] = wrapped(`${title}: ${found}`, { first: indent, indent: WIDTH, width });
  const word = colorOf(verdict, colors)(WORDS[verdict]) + ' '.repeat(WIDTH - WORDS[verdict].length);
  const text = first.slice(WIDTH);
  const isToDo = verdict === 'failed' || verdict === 'warning';
  return [
    word + (text.startsWith(`${title}:`) ? colors.bold(title) + text.slice(title.length) : text),
    ...more,
    ...commands.flatMap((command) => commandLines(command, indent, width)).map((line) => colors.cyan(line)),
    ...(isToDo ? [indent + colors.dim(section)] : []),
  ];
};

/** As it can be pasted, however narrow the terminal is. */
const commandLines = (command: string, indent: string, width: number): readonly string[] =>
  wrappedCommand(commandWords(printable(command)), width, indent);

const colorOf = (verdict: Verdict, colors: Colors): ((text: string) => string) => {
  switch (verdict) {
    case 'failed':
      return colors.red;
    case 'warning':
      return colors.yellow;
    case 'not-checked':
      return colors.dim;
    case 'ok':
      return colors.green;
  }
};

/** The end: what to do first. */
export const firstStep = (checks: readonly Check[], { columns }: Pick<Paper, 'columns'>): string => {
  const width = columns ?? Number.POSITIVE_INFINITY;
  const told = (text: string): string => `${wrapped(text, { first: '', indent: 0, width }).join('\n')}\n`;
  const [first] = inOrderOfNeed(checks);
  if (first?.verdict !== 'failed' && first?.verdict !== 'warning')
    return told('Nothing is wrong, as far as could be checked.');
  const [command] = first.commands;
  if (command === undefined) return told(`First: mend "${first.title}"; ${first.section} says how.`);
  const line = `First, for "${first.title}": ${printable(command)}`;
  if ([...line].length <= width) return `${line}\n`;
  return `${told(`First, for "${first.title}":`)}${commandLines(command, '  ', width).join('\n')}\n`;
};

/** What a program gets of a check. */
export const checkObject = ({ id, title, section, verdict, found, commands }: Check): object => ({
  id,
  title,
  section,
  verdict,
  found,
  commands,
});

export const hasFailed = (checks: readonly Check[]): boolean => checks.some(({ verdict }) => verdict === 'failed');
