import pino from 'pino';
import type { LogLevel } from './log-level.js';
import type { Log, LogFields } from './ports.js';

/** Where lines go; each ends in a newline. */
interface LogDestination {
  write(line: string): void;
}

const CONFIDENTIAL = /authorization|token|password|passwd|cookie/i;
const REDACTED = '[redacted]';
/** Deeper fields are cut off: a log line is no dump. */
const MAX_DEPTH = 6;

/**
 * A log of JSON lines: `{"level":"info","time":"2026-01-01T00:00:00.000Z","name":"controller","message":"job created","job":"…"}`.
 * Errors keep stack, code and cause. Fields whose name says that they are credentials are redacted, and so are bearer tokens and
 * passwords of URLs in texts: a last line of defence, no licence to log them.
 * @param options.destination - stdout if left out
 */
export const createLog = (options: {
  readonly level: LogLevel;
  readonly name: string;
  readonly destination?: LogDestination;
}): Log => {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { name: options.name },
    messageKey: 'message',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: {},
  };
  return wrap(options.destination === undefined ? pino(settings) : pino(settings, options.destination), {});
};

/** @param bound - the fields of each line. pino would write a field twice that a child and a line have both; the line's own counts */
const wrap = (logger: pino.Logger, bound: LogFields): Log => {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(level)) logger[level](Object.assign({}, bound, printable(fields)), message);
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(logger, Object.assign({}, bound, printable(fields))),
  };
};

/** Keys of each line; a field of that name is written with `_` behind it, since readers of JSON take the last of two. */
const OWN_KEYS: ReadonlySet<string> = new Set(['level', 'time', 'name', 'message']);

const printable = (fields: LogFields = {}): Record<string, unknown> => {
  const whole = printableMap(fields, MAX_DEPTH);
  if (!Object.keys(whole).some((key) => OWN_KEYS.has(key))) return whole;
  return Object.fromEntries(Object.entries(whole).map(([key, value]) => [OWN_KEYS.has(key) ? `${key}_` : key, value]));
};

/** A loop for speed: a line is logged for every answer. */
const printableMap = (map: object, depth: number): Record<string, unknown> => {
  const printable: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(map)) {
    const hidden = typeof value !== 'number' && CONFIDENTIAL.test(key);
    // Defined, not set: a user may call a label __proto__.
    if (key === '__proto__') Object.defineProperty(printable, key, { value: '[…]', enumerable: true });
    else printable[key] = hidden ? REDACTED : printableValue(value, depth);
  }
  return printable;
};

const printableValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '[…]';
  if (value instanceof Error) return printableError(value, depth - 1);
  if (value instanceof Date || value instanceof URL) return redact(value.toJSON());
  if (Array.isArray(value)) return value.map((item) => printableValue(item, depth - 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return printableValue(value.toJSON(), depth - 1);
  return printableMap(value, depth - 1);
};

const printableError = (error: Error, depth: number): Record<string, unknown> => {
  const { code, status } = error as { readonly code?: unknown; readonly status?: unknown };
  return {
    type: error.name,
    message: redact(error.message),
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
    ...(error.stack !== undefined && { stack: redact(error.stack) }),
    ...(error.cause !== undefined && { cause: printableValue(error.cause, depth) }),
  };
};

/** Every credential in a text contains one of these; most texts contain none, and are not searched further. */
const SUSPECT = /@|bearer|basic/i;

const redact = (text: string): string =>
  !SUSPECT.test(text)
    ? text
    : text
        .replace(/\b(Bearer|Basic)\s+[\w.~+/-]{6,}=*/gi, `$1 ${REDACTED}`)
        .replace(/(\/\/[^\s/:@]*):[^\s/@]+@/g, `$1:${REDACTED}@`);
