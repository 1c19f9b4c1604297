import { formatDuration, parseDuration } from '../api/duration.js';

/** A network address to listen on or to reach. Port 0: any that is free. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

interface Base {
  /** One sentence for --help. */
  readonly help: string;
  /** Must be given; there is no default. */
  readonly required?: true;
}

/** What is wrong with a text, or with an item of a list: `"x" is no network, …`; undefined: nothing. */
type Fault = (text: string) => string | undefined;

/** What a flag may be. Defaults are written as a user would write them. */
export type Flag = Base &
  (
    | { readonly kind: 'string'; readonly default?: string; readonly fault?: Fault }
    | { readonly kind: 'boolean'; readonly default?: boolean }
    | { readonly kind: 'integer'; readonly min: number; readonly max: number; readonly default?: number }
    | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly default?: number }
    | { readonly kind: 'enum'; readonly values: readonly string[]; readonly default?: string }
    | { readonly kind: 'host-port'; readonly default?: string }
    /** Milliseconds in the values; min and max as texts. */
    | { readonly kind: 'duration'; readonly min?: string; readonly max?: string; readonly default?: string }
    /** Commas separate, and the flag may be repeated. */
    | { readonly kind: 'list'; readonly default?: readonly string[]; readonly fault?: Fault }
  );

/** Flags by name, without dashes in front: `health-address`. */
export type FlagTable = Readonly<Record<string, Flag>>;

export type FlagValue = string | boolean | number | HostPort | readonly string[];

type ParsedValue =
  | { readonly kind: 'ok'; readonly value: FlagValue }
  /** Each reason stands alone: `"15" needs a unit, …`. */
  | { readonly kind: 'invalid'; readonly reasons: readonly string[] };

const ok = (value: FlagValue): ParsedValue => ({ kind: 'ok', value });
const invalid = (...reasons: readonly string[]): ParsedValue => ({ kind: 'invalid', reasons });

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];

/** Reads the text of a flag. Never throws. */
export const parseFlagValue = (flag: Flag, text: string): ParsedValue => {
  switch (flag.kind) {
    case 'string':
      return text === '' ? invalid('a value is missing') : faultless(text, [text], flag.fault);
    case 'boolean':
      return parseBoolean(text);
    case 'integer':
    case 'number':
      return parseNumber(flag, text);
    case 'enum':
      return flag.values.includes(text) ? ok(text) : invalid(`"${text}" is none of ${flag.values.join(', ')}`);
    case 'host-port':
      return parseHostPort(text);
    case 'duration':
      return parseBoundedDuration(flag, text);
    case 'list':
      return parseList(flag, text);
    default:
      return flag satisfies never;
  }
};

const parseList = ({ fault }: Extract<Flag, { kind: 'list' }>, text: string): ParsedValue => {
  const items = text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
  return faultless(items, items, fault);
};

const faultless = (value: FlagValue, texts: readonly string[], fault: Fault = () => undefined): ParsedValue => {
  const faults = texts.flatMap((text) => fault(text) ?? []);
  return faults.length > 0 ? invalid(...faults) : ok(value);
};

const parseBoolean = (text: string): ParsedValue => {
  const word = text.toLowerCase();
  if (TRUE.includes(word)) return ok(true);
  return FALSE.includes(word) ? ok(false) : invalid(`"${text}" is neither true nor false`);
};

const parseNumber = (flag: Extract<Flag, { kind: 'integer' | 'number' }>, text: string): ParsedValue => {
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const what = flag.kind === 'integer' ? 'a whole number' : 'a number';
  const fits = Number.isFinite(value) && (flag.kind === 'number' || Number.isSafeInteger(value));
  return fits && value >= flag.min && value <= flag.max
    ? ok(value)
    : invalid(`"${text}" is not ${what} from ${flag.min} to ${flag.max}`);
};

const parseHostPort = (text: string): ParsedValue => {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) return invalid(`"${text}" is not HOST:PORT, for example "0.0.0.0:8081"`);
  return ok({ host: bracketed ?? (plain === '' || plain === undefined ? '0.0.0.0' : plain), port });
};

const parseBoundedDuration = ({ min = '0s', max }: Extract<Flag, { kind: 'duration' }>, text: string): ParsedValue => {
  const range = max === undefined ? `${min} or more` : `from ${min} to ${max}`;
  const parsed = parseDuration(text);
  if (parsed.kind === 'invalid') return invalid(`"${text}": ${parsed.reason}; a duration ${range} is needed`);
  const fits = parsed.ms >= millis(min) && (max === undefined || parsed.ms <= millis(max));
  return fits ? ok(parsed.ms) : invalid(`${formatDuration(parsed.ms)} is not ${range}`);
};

const millis = (text: string): number => {
  const parsed = parseDuration(text);
  if (parsed.kind === 'invalid') throw new Error(`a flag's bound is no duration: ${text}`);
  return parsed.ms;
};
