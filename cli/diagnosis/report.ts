import { printable } from '../output/printable.js';
import type { Terminal } from '../terminal.js';
import type { Check, Verdict } from './check.js';
import { inOrderOfNeed } from './examine.js';

type Colors = Terminal['colors'];

const WORDS: Readonly<Record<Verdict, string>> = {
  failed: 'FAILED',
  warning: 'warning',
  'not-checked': 'not checked',
  ok: 'ok',
};
const WIDTH = Math.max(...Object.values(WORDS).map((word) => word.length)) + 2;

/** All checks for people: what failed first, each with the commands that mend it. */
export const checksText = (checks: readonly Check[], colors: Colors): string =>
  inOrderOfNeed(checks)
    .map((check) => checkText(check, colors))
    .join('');

/** `ok           Webhook: it refuses what it has to`, its commands and its place in the guide below it. */
const checkText = ({ verdict, title, found, commands, section }: Check, colors: Colors): string => {
  const indent = ' '.repeat(WIDTH);
  const word = colorOf(verdict, colors)(WORDS[verdict]) + ' '.repeat(WIDTH - WORDS[verdict].length);
  const isToDo = verdict === 'failed' || verdict === 'warning';
  return [
    `${word}${colors.bold(title)}: ${printable(found)}`,
    ...commands.map((command) => `${indent}${colors.cyan(printable(command))}`),
    ...(isToDo ? [`${indent}${colors.dim(section)}`] : []),
  ]
    .map((line) => `${line}\n`)
    .join('');
};

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

/** The line at the end: what to do first. */
export const firstStep = (checks: readonly Check[]): string => {
  const [first] = inOrderOfNeed(checks);
  if (first?.verdict !== 'failed' && first?.verdict !== 'warning')
    return 'Nothing is wrong, as far as could be checked.';
  const [command] = first.commands;
  return command === undefined
    ? `First: mend "${first.title}"; ${first.section} says how.`
    : `First, for "${first.title}": ${printable(command)}`;
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
