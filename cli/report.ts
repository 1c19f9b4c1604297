import type { createColors } from 'picocolors';
import type { Result } from './judge-text.js';

type Colors = ReturnType<typeof createColors>;

/** For programs: `{"results":[…]}`, one line. */
export const asJson = (results: readonly Result[]): string => JSON.stringify({ results });

/** For people: `file:line:column: error: field: message` for each finding, as editors know it, and a sum below. */
export function asText(results: readonly Result[], colors: Colors): string {
  const lines = results.flatMap(({ file, problems }) =>
    problems.map(({ line, column, severity, field, message }) => {
      const word = severity === 'error' ? colors.red(severity) : colors.yellow(severity);
      return `${file}:${line}:${column}: ${word}: ${field === '' ? '' : `${colors.bold(field)}: `}${message}`;
    }),
  );
  return [...lines, summary(results)].join('\n');
}

function summary(results: readonly Result[]): string {
  const all = results.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const refused = results.filter(({ verdict }) => verdict === 'deny').length;
  const found = [count(errors, 'problem'), count(all.length - errors, 'warning')].join(', ');
  return `${count(results.length, 'bundle')}, ${refused} refused: ${found}`;
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;
