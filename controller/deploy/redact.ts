import { MIN_SECRET_TEXT, secretTextsIn } from '../../api/values/secret-texts.js';
import { bytesOf } from './decoding.js';
import { type Reading, readingsOfLog } from './log-readings.js';
import { plainLog } from './log-tail.js';

/** What replaces a secret text. */
const MASK = '***';

/** This many bytes of a secret in a row count as a secret by themselves: longer secrets are searched for piece by piece. */
const PIECE = 64;

/** {@link redactor}, for one text. */
export const redact = (log: string, secretTexts: readonly string[]): string => redactor(secretTexts)(log);

/**
 * Replaces every secret text in logs by `***`: each as a whole and line by line, as it is and in all encodings of {@link ENCODINGS}. Of
 * texts that overlap nothing is left. The log is made plain first: a text with a colour in its middle would not be found, and would be
 * whole again once the colours are removed.
 *
 * Not the secrets are encoded, the log is decoded: so it does not matter how an encoder goes about it, and the cost is bounded.
 * It takes time linear in the sum of the secrets, once, and in each text, however alike the secrets are: a place is looked up
 * once for each length that a piece may have.
 *
 * @param secretTexts - those shorter than 6 characters are ignored: too much of a log would be replaced
 */
export const redactor = (secretTexts: readonly string[]): ((log: string) => string) => {
  const pieces = piecesOf(secretTexts);
  return (log) => {
    const text = plainLog(log);
    if (pieces.all.size === 0) return text;
    const bytes = bytesOf(text);
    const secret = new Uint8Array(bytes.length);
    for (const reading of readingsOfLog(bytes)) mark(secret, reading, pieces);
    return secret.includes(1) ? masked(bytes, secret) : text;
  };
};

/** Marks the bytes of a log that stand for pieces of secrets in one reading of it. */
const mark = (secret: Uint8Array, { bytes, from, to }: Reading, { all, lengths, hashes }: Pieces): void => {
  for (let at = 0; at + MIN_SECRET_TEXT <= bytes.length; at += 1) {
    if (hashes[hashAt(bytes, at)] === 0) continue;
    const candidates = lengths.get(bytes.slice(at, at + MIN_SECRET_TEXT));
    const length = candidates?.find((candidate) => all.has(bytes.slice(at, at + candidate)));
    if (length !== undefined) secret.fill(1, from(at), to(at + length - 1));
  }
};

/** @param secret - which bytes are to be hidden; no character is cut in two */
const masked = (bytes: string, secret: Uint8Array): string => {
  const isInside = (at: number) => at < bytes.length && (bytes.charCodeAt(at) & 0xc0) === 0x80;
  let result = '';
  let shown = 0;
  for (let at = secret.indexOf(1); at >= 0; at = secret.indexOf(1, shown)) {
    let start = at;
    while (start > shown && isInside(start)) start -= 1;
    let end = secret.indexOf(0, at);
    if (end < 0) end = bytes.length;
    while (isInside(end)) end += 1;
    result += textOf(bytes.slice(shown, start)) + (start > shown || shown === 0 ? MASK : '');
    shown = end;
  }
  return result + textOf(bytes.slice(shown));
};

const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** How many hashes there are: a few times as many as secrets of a megabyte have beginnings. */
const HASHES = 2 ** 20;

/** Of the six bytes at a place: most places of a log are passed over by it, without a look at the pieces. */
const hashAt = (bytes: string, at: number): number => {
  let hash = 0;
  for (let n = at; n < at + MIN_SECRET_TEXT; n += 1) hash = (Math.imul(hash, 0x01000193) ^ bytes.charCodeAt(n)) >>> 0;
  return (hash ^ (hash >>> 12)) & (HASHES - 1);
};

/** The pieces of secrets to search for in a log. */
interface Pieces {
  readonly all: ReadonlySet<string>;
  /** Lengths of those that begin with these six characters, the longest first. */
  readonly lengths: ReadonlyMap<string, readonly number[]>;
  /** 1 at the hashes of what they begin with. */
  readonly hashes: Uint8Array;
}

/** The secrets in pieces. */
export const piecesOf = (secretTexts: readonly string[]): Pieces => {
  const texts = new Set(secretTexts.flatMap(secretTextsIn).map(bytesOf));
  const all = new Set([...texts].flatMap(cut).filter((piece) => piece.trim().length >= MIN_SECRET_TEXT));
  const hashes = new Uint8Array(HASHES);
  for (const piece of all) hashes[hashAt(piece, 0)] = 1;
  const lengths = new Map<string, Set<number>>();
  for (const piece of all) {
    const start = piece.slice(0, MIN_SECRET_TEXT);
    const sameStart = lengths.get(start);
    if (sameStart === undefined) lengths.set(start, new Set([piece.length]));
    else sameStart.add(piece.length);
  }
  const sorted = [...lengths].map(([start, some]) => [start, [...some].sort((a, b) => b - a)] as const);
  return { all, lengths: new Map(sorted), hashes };
};

/** Adjacent pieces of equal length; the last one may overlap the one before, so that they cover all of the form. */
const cut = (form: string): readonly string[] =>
  form.length <= PIECE
    ? [form]
    : Array.from({ length: Math.ceil(form.length / PIECE) }, (_, at) => {
        const start = Math.min(at * PIECE, form.length - PIECE);
        return form.slice(start, start + PIECE);
      });
