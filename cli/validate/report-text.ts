import type { createColors } from 'picocolors';
import { folded } from '../output/fold.js';
import { printable } from '../output/printable.js';
import type { Quote } from './quote.js';
import type { FilePosition, Finding, Result, Unresolved } from './result.js';
import { type Report, summaryText, titleOf } from './summary.js';

type Colors = ReturnType<typeof createColors>;

/**
 * For people: file by file, each finding as `file:line:column: error: field: message [rule]`, which editors and terminals know, with the
 * line that it is about; and a sum below. Bundles without findings are not mentioned.
 */
export const asText = (
  report: Report,
  how: { readonly colors: Colors; readonly quote: Quote; readonly columns: number | undefined },
): string => {
  const reported = report.results.filter(({ problems, unresolved }) => problems.length + unresolved.length > 0);
  return [...reported.map((result) => sectionOf(result, how)), summaryText(report)].join('\n');
};

type How = Parameters<typeof asText>[1];

const sectionOf = (result: Result, how: How): string => {
  const { file, problems, unresolved } = result;
  const head = how.colors.bold(`${file}: ${titleOf(result)}`);
  const findings = problems.flatMap((problem) => findingLines(file, problem, how));
  return [head, ...findings, ...unresolved.map((open) => openLine(file, open, how)), ''].join('\n');
};

const findingLines = (file: string, finding: Finding, { colors, quote, columns }: How): readonly string[] => {
  const { rule, severity, field, message, source } = finding;
  const word = severity === 'error' ? colors.red('error') : colors.yellow('warning');
  const words = `${field === '' ? '' : `${colors.bold(printable(field))}: `}${printable(message)} ${colors.dim(`[${rule}]`)}`;
  const at = { file, line: finding.line, column: finding.column };
  return [
    prose(`${placeText(at)}: ${word}: ${words}`, columns),
    ...(source === undefined
      ? quoteLines(at, { colors, quote })
      : [`    ${colors.dim('see')} ${placeText(source)}`, ...quoteLines(source, { colors, quote })]),
  ];
};

const openLine = (file: string, { rule, line, column, field, message }: Unresolved, { colors, columns }: How): string =>
  prose(
    `${placeText({ file, line, column })}: ${colors.cyan('not checked')}: ${colors.bold(printable(field))}: ${printable(message)} ${colors.dim(`[${rule}]`)}`,
    columns,
  );

/** Below the place, and deeper than what is quoted of the file. */
const prose = (text: string, columns: number | undefined): string => folded(text, { columns, first: 2, indent: 4 });

const placeText = ({ file, line, column }: FilePosition): string => `${file}:${line}:${column}`;

const quoteLines = (place: FilePosition, { colors, quote }: Omit<How, 'columns'>): readonly string[] => {
  const quoted = quote(place);
  if (quoted === undefined) return [];
  const number = String(place.line).padStart(6);
  const bar = colors.dim('|');
  return [
    `${colors.dim(number)} ${bar} ${quoted.text}`,
    `${' '.repeat(number.length)} ${bar} ${' '.repeat(quoted.column)}${colors.red('^')}`,
  ];
};
