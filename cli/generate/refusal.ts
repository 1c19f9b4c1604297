import { printable } from '../output/printable.js';
import type { Finding, Result } from '../validate/result.js';
import { titleOf } from '../validate/summary.js';

/**
 * How much is told, characters: the whole of it becomes a condition of the Application, which stays in etcd and comes with every look
 * at the Application.
 */
const MAX_LENGTH = 16_384;

/**
 * What Argo CD's people read: it shows the whole text of standard error in the Application, in some places without line breaks, so each
 * problem has a number and can be read by itself. Warnings are left out.
 * @returns undefined if nothing is refused
 */
export const refusalOf = (results: readonly Result[]): string | undefined => {
  const refused = results.filter(({ verdict }) => verdict === 'deny');
  if (refused.length === 0) return undefined;
  const problems = refused.flatMap((result) => errorsOf(result).map((problem) => lineOf(result, problem)));
  const told = upTo(MAX_LENGTH, problems);
  const more = problems.length - told.length;
  return [
    `${count(problems.length, 'problem')}, nothing is applied:`,
    ...told.map((line, index) => `(${index + 1}) ${line}`),
    ...(more === 0 ? [] : [`and ${count(more, 'problem')} more: werfbundle validate lists them`]),
    '',
  ].join('\n');
};

const errorsOf = ({ problems }: Result): readonly Finding[] => problems.filter(({ severity }) => severity === 'error');

const lineOf = (result: Result, { rule, line, column, field, message, source }: Finding): string => {
  const about = result.kind === '' ? '' : `${titleOf(result)}: `;
  const words = `${field === '' ? '' : `${field}: `}${printable(message)}`;
  const cause = source === undefined ? '' : ` (see ${source.file}:${source.line}:${source.column})`;
  return `${result.file}:${line}:${column}: ${about}${words}${cause} [${rule}]`;
};

const upTo = (length: number, lines: readonly string[]): readonly string[] => {
  let sum = 0;
  const tooLong = lines.findIndex((line, index) => {
    sum += line.length;
    return index > 0 && sum > length;
  });
  return tooLong < 0 ? lines : lines.slice(0, tooLong);
};

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
