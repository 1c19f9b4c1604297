import type { Flag } from './flag-values.js';
import { wrapped } from './wrapped.js';

const placeholders: Readonly<Record<Flag['kind'], string>> = {
  string: 'TEXT',
  boolean: '',
  integer: 'N',
  number: 'N',
  enum: '',
  'host-port': 'HOST:PORT',
  duration: 'DURATION',
  list: 'LIST',
};

/** No line is made shorter than this, however narrow the terminal is. */
const LEAST_COLUMNS = 40;

/** The text of --help: a paragraph for each flag, with its default and its environment variable, if one is read. */
export const describeFlags = (
  table: Readonly<Record<string, Flag>>,
  options: {
    readonly program: string;
    readonly summary: string;
    /** undefined: no environment is read. */
    readonly variableOf: ((name: string) => string) | undefined;
    /** Other variables, by name. */
    readonly variables: Readonly<Record<string, string>>;
    /** Letters in a line of the terminal; undefined: no paragraph is broken. */
    readonly columns: number | undefined;
  },
): string => {
  const prose = (text: string, indent = ''): string => paragraph(text, { indent, columns: options.columns });
  const flags = Object.entries(table).map(([name, flag]) => {
    const placeholder = flag.kind === 'enum' ? flag.values.join('|') : placeholders[flag.kind];
    const head = `  --${name}${placeholder === '' ? '' : ` ${placeholder}`}`;
    const variable = options.variableOf === undefined ? '' : ` [${options.variableOf(name)}]`;
    return `${head}\n${prose(`${flag.help}${defaultOf(flag)}${variable}`, '      ')}`;
  });
  const usage = `usage: ${options.program} [flags]`;
  const summary = options.summary.split('\n').map((line) => prose(line));
  const variables = Object.entries(options.variables).map(([name, help]) => `  ${name}\n${prose(help, '      ')}`);
  const environment = variables.length === 0 ? [] : ['', 'environment:', ...variables];
  return [usage, '', ...summary, '', ...flags, '  --help', '  --version', ...environment, ''].join('\n');
};

const paragraph = (
  text: string,
  { indent, columns }: { readonly indent: string; readonly columns: number | undefined },
): string =>
  columns === undefined
    ? `${indent}${text}`
    : wrapped(text, Math.max(LEAST_COLUMNS, columns), { first: indent, rest: indent }).join('\n');

const defaultOf = (flag: Flag): string => {
  if (flag.required === true) return ' (required)';
  if (flag.default === undefined || flag.default === false) return '';
  const text = Array.isArray(flag.default) ? flag.default.join(',') : String(flag.default);
  return text === '' ? '' : ` (default ${text})`;
};
