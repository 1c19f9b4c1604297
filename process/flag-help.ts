import type { Flag } from './flag-values.js';

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
  },
): string => {
  const flags = Object.entries(table).map(([name, flag]) => {
    const placeholder = flag.kind === 'enum' ? flag.values.join('|') : placeholders[flag.kind];
    const head = `  --${name}${placeholder === '' ? '' : ` ${placeholder}`}`;
    const variable = options.variableOf === undefined ? '' : ` [${options.variableOf(name)}]`;
    return `${head}\n      ${flag.help}${defaultOf(flag)}${variable}`;
  });
  const usage = `usage: ${options.program} [flags]`;
  const variables = Object.entries(options.variables).map(([name, help]) => `  ${name}\n      ${help}`);
  const environment = variables.length === 0 ? [] : ['', 'environment:', ...variables];
  return [usage, '', options.summary, '', ...flags, '  --help', '  --version', ...environment, ''].join('\n');
};

const defaultOf = (flag: Flag): string => {
  if (flag.required === true) return ' (required)';
  if (flag.default === undefined || flag.default === false) return '';
  const text = Array.isArray(flag.default) ? flag.default.join(',') : String(flag.default);
  return text === '' ? '' : ` (default ${text})`;
};
