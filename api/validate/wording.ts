import type { Problem } from '../problem.js';
import type { RuleName } from '../rules.js';

/** A longer value is cut where a message quotes it. */
const MAX_QUOTED = 100;

/** `Invalid value: "15": a unit is missing`. Maps and lists are not quoted, since they may hold anything. */
export const invalid = (rule: RuleName, field: string, value: unknown, words: string): Problem => ({
  rule,
  code: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${quoted(value)}: ${words}`,
});

/** A value of the wrong JSON type. A value in the place of a map is not quoted: it may be values, with a password among them. */
export const wrongType = (field: string, value: unknown, wanted: string, advice = ''): Problem => ({
  rule: 'wrong-type',
  code: 'FieldValueTypeInvalid',
  field,
  message: `Invalid value: ${wanted === 'a map' ? `"${jsonType(value)}"` : quoted(value)}: must be ${wanted}, not ${typeOf(value)}${advice}`,
});

const QUOTE_IT = ': quote it as it was written';

/**
 * What to do with a text that YAML has read as a number or as true or false: `6063e25` comes as 6.063e+28, `0123456` as 42798, and
 * `yes` as true. How a whole number was written is known most likely, and of no other.
 */
export const quoteAdvice = (value: unknown): string => {
  if (Number.isSafeInteger(value)) return `${QUOTE_IT}: "${value}", unless it had other digits`;
  if (typeof value === 'number') return `${QUOTE_IT}, which a number does not tell`;
  return typeof value === 'boolean' ? `${QUOTE_IT}, "${value}" or "${value ? 'yes' : 'no'}"` : '';
};

/** The message of {@link wrongType} for somebody who knows how the value was written; other messages as they are. */
export const quoteAsWritten = (message: string, written: string): string => {
  const at = message.lastIndexOf(QUOTE_IT);
  return at < 0 ? message : `${message.slice(0, at)}${QUOTE_IT}: ${quoted(written)}`;
};

/** What to do with a number, or with true or false, in quotes. */
export const unquoteAdvice = (value: unknown, wanted: string): string => {
  const isMeant = wanted === 'integer' ? /^-?\d+$/ : wanted === 'boolean' ? /^(true|false)$/ : undefined;
  return typeof value === 'string' && isMeant?.test(value) ? ': take the quotes away' : '';
};

export const required = (rule: RuleName, field: string, words: string): Problem => ({
  rule,
  code: 'FieldValueRequired',
  field,
  message: words === '' ? 'Required value' : `Required value: ${words}`,
});

export const forbidden = (rule: RuleName, field: string, words: string): Problem => ({
  rule,
  code: 'FieldValueForbidden',
  field,
  message: `Forbidden: ${words}`,
});

/** The object that a field refers to does not exist. The apiserver would quote the value; here `words` name it. */
export const notFound = (field: string, words: string): Problem => ({
  rule: 'reference-absent',
  code: 'FieldValueNotFound',
  field,
  message: `Not found: ${words}`,
});

/** A check could not be made, so whether something is wrong is unknown. */
export const internalError = (rule: RuleName, field: string, words: string): Problem => ({
  rule,
  code: 'InternalError',
  field,
  message: `Internal error: ${words}`,
});

export const unsupported = (field: string, value: unknown, supported: readonly unknown[]): Problem => ({
  rule: 'unsupported-value',
  code: 'FieldValueNotSupported',
  field,
  message: `Unsupported value: ${quoted(value)}: supported values: ${supported.map(quoted).join(', ')}`,
});

/** @param limit - characters, which the apiserver calls bytes */
export const tooLong = (field: string, limit: number): Problem => ({
  rule: 'too-long',
  code: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${limit} characters`,
});

export const tooMany = (field: string, count: number, limit: number): Problem => ({
  rule: 'too-many-items',
  code: 'FieldValueTooMany',
  field,
  message: `Too many: ${count}: must have at most ${limit} items`,
});

/** A value as a message shows it. */
export const quoted = (value: unknown): string => {
  if (typeof value === 'string') {
    // Cut by code points, so that no surrogate pair is split.
    const points = [...value];
    return JSON.stringify(points.length > MAX_QUOTED ? `${points.slice(0, MAX_QUOTED).join('')}…` : value);
  }
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return `"${jsonType(value)}"`;
};

const jsonType = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  array: 'a list',
};

const typeOf = (value: unknown): string => {
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a fraction';
  return TYPES[jsonType(value)] ?? jsonType(value);
};
