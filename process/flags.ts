import { describeFlags } from './flag-help.js';
import { type Flag, type FlagTable, type FlagValue, type HostPort, parseFlagValue } from './flag-values.js';
import { nearest } from './nearest.js';

export { commonFlags } from './common-flags.js';
export type { FlagTable } from './flag-values.js';

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

type RawValue<F extends Flag> = F extends { readonly kind: 'enum'; readonly values: readonly (infer V)[] }
  ? V
  : F extends { readonly kind: 'string' }
    ? string
    : F extends { readonly kind: 'boolean' }
      ? boolean
      : F extends { readonly kind: 'host-port' }
        ? HostPort
        : F extends { readonly kind: 'list' }
          ? readonly string[]
          : number;

/** Booleans and lists are there even without a default: false and []. */
type Value<F extends Flag> = F extends
  | { readonly default: unknown }
  | { readonly required: true }
  | { readonly kind: 'boolean' | 'list' }
  ? RawValue<F>
  : RawValue<F> | undefined;

/** The values of a table: `health-address` becomes `healthAddress`. Durations are milliseconds. */
export type FlagValues<T extends FlagTable> = {
  readonly [Name in keyof T & string as CamelCase<Name>]: Value<T[Name]>;
};

type ParsedFlags<T extends FlagTable> =
  | { readonly kind: 'ok'; readonly values: FlagValues<T> }
  /** Every problem, one line each: `--workers: "many" is not a whole number from 1 to 64`. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

export interface FlagInput {
  /** Without node and script. */
  readonly argv: readonly string[];
  /** Left out where only what was typed counts; --help names no variables then. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For --help: `webhook`. */
  readonly program: string;
  readonly summary: string;
  /** Other variables that the program reads, for --help: what each is for, by its name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** For --help: letters in a line of the terminal, which it is broken at; undefined: there is no terminal. */
  readonly columns?: number | undefined;
}

/**
 * Reads a program's flags: the command line first, then `WERFBUNDLE_*` if there is an environment, then the defaults.
 * `--name value`, `--name=value`; booleans also `--name` and `--no-name`. An empty variable counts as not set.
 * @param table - declare it `as const satisfies FlagTable`, so that the values are typed by it
 * @returns never throws for what a user wrote
 */
export const parseFlags = <const T extends FlagTable>(table: T, input: FlagInput): ParsedFlags<T> => {
  const { argv, env, program, summary, variables = {}, columns } = input;
  if (argv.includes('--help') || argv.includes('-h')) {
    const text = describeFlags(table, { program, summary, variableOf: env && variableOf, variables, columns });
    return { kind: 'help', text };
  }
  if (argv.includes('--version')) return { kind: 'version' };
  const given = readArguments(table, argv);
  const problems = [...given.problems];
  const values = Object.entries(table).map(([name, flag]) => {
    const resolved = resolve(flag, {
      name,
      texts: given.texts.get(name) ?? [],
      variable: env?.[variableOf(name)] ?? '',
    });
    problems.push(...resolved.problems);
    return [camelCase(name), resolved.value] as const;
  });
  if (problems.length > 0) return { kind: 'invalid', problems };
  return { kind: 'ok', values: Object.fromEntries(values) as FlagValues<T> };
};

/** The variable that a flag may be given by: `WERFBUNDLE_HEALTH_ADDRESS` */
export const variableOf = (name: string): string => `WERFBUNDLE_${name.toUpperCase().replaceAll('-', '_')}`;

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

interface Arguments {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly string[];
}

const readArguments = (table: FlagTable, argv: readonly string[]): Arguments => {
  const texts = new Map<string, string[]>();
  const problems: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const [, written, text] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (written === undefined) {
      problems.push(`"${word}" is not understood: there are only flags, each with two dashes`);
      continue;
    }
    const { name, negated } = nameOf(table, written);
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (flag === undefined) {
      problems.push(`--${written}: there is no such flag${hintOf(Object.keys(table), written)}`);
      // Skips its value, if it has one, which is no second problem.
      if (text === undefined && argv[at + 1]?.startsWith('-') === false) at += 1;
      continue;
    }
    const bare = flag.kind === 'boolean' ? (negated ? 'false' : 'true') : undefined;
    const value = text ?? bare ?? argv[at + 1];
    if (text === undefined && bare === undefined) at += 1;
    if (value === undefined || (text === undefined && bare === undefined && value.startsWith('--'))) {
      problems.push(`--${name}: a value is missing`);
      if (value !== undefined) at -= 1;
      continue;
    }
    texts.set(name, [...(texts.get(name) ?? []), value]);
  }
  return { texts, problems };
};

const nameOf = (table: FlagTable, written: string): { readonly name: string; readonly negated: boolean } => {
  const positive = written.replace(/^no-/, '');
  const negated =
    !Object.hasOwn(table, written) && Object.hasOwn(table, positive) && table[positive]?.kind === 'boolean';
  return negated ? { name: positive, negated } : { name: written, negated };
};

interface Resolved {
  readonly value: FlagValue | undefined;
  readonly problems: readonly string[];
}

const resolve = (
  flag: Flag,
  given: { readonly name: string; readonly texts: readonly string[]; readonly variable: string },
): Resolved => {
  const { name, texts, variable } = given;
  const text = flag.kind === 'list' && texts.length > 0 ? texts.join(',') : texts.at(-1);
  if (text !== undefined) return parsedAs(flag, { text, from: `--${name}` });
  if (variable !== '') return parsedAs(flag, { text: variable, from: variableOf(name) });
  if (flag.required === true) return { value: undefined, problems: [`--${name} is missing: ${flag.help}`] };
  if (flag.default === undefined) return { value: absent(flag), problems: [] };
  return typeof flag.default === 'string'
    ? parsedAs(flag, { text: flag.default, from: `default of --${name}` })
    : { value: flag.default, problems: [] };
};

const absent = (flag: Flag): FlagValue | undefined => {
  if (flag.kind === 'boolean') return false;
  return flag.kind === 'list' ? [] : undefined;
};

const parsedAs = (flag: Flag, { text, from }: { readonly text: string; readonly from: string }): Resolved => {
  const parsed = parseFlagValue(flag, text);
  return parsed.kind === 'ok'
    ? { value: parsed.value, problems: [] }
    : { value: undefined, problems: parsed.reasons.map((reason) => `${from}: ${reason}`) };
};

/** `; did you mean --workers?`, if one of the names is near enough. Names have no dashes in front. */
export const hintOf = (names: readonly string[], written: string): string => {
  const near = nearest(names, written);
  return near === undefined ? '; --help lists them' : `; did you mean --${near}?`;
};
