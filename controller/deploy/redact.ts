import { MIN_SECRET_TEXT, secretTextsIn } from '../../api/values/secret-texts.js';
import { plainLog } from './log-tail.js';

/** What replaces a secret text. */
const MASK = '***';

/** This many characters of a secret in a row count as a secret by themselves: longer secrets are searched for piece by piece. */
const PIECE = 64;

/**
 * Replaces every secret text by `***`: each as a whole and line by line, as it is, as JSON and Go quote it, and in base64 at
 * every alignment (a docker `auth`, a Secret's `data`). Of texts that overlap nothing is left. The log is made plain first: a
 * text with a colour in its middle would not be found, and would be whole again once the colours are removed.
 *
 * Takes time linear in the text and in the sum of the secrets, however alike they are: a place is looked up once for each length
 * that a piece may have.
 *
 * @param secretTexts - those shorter than 6 characters are ignored: too much of a log would be replaced
 */
export const redact = (log: string, secretTexts: readonly string[]): string => {
  const text = plainLog(log);
  const pieces = piecesOf(secretTexts);
  if (pieces.all.size === 0) return text;
  let result = '';
  let shown = 0;
  let coveredUntil = -1;
  for (let at = 0; at + MIN_SECRET_TEXT <= text.length; at += 1) {
    const lengths = pieces.lengths.get(text.slice(at, at + MIN_SECRET_TEXT));
    const length = lengths?.find((candidate) => pieces.all.has(text.slice(at, at + candidate)));
    if (length === undefined) continue;
    if (at > coveredUntil) result += text.slice(shown, at) + MASK;
    coveredUntil = Math.max(coveredUntil, at + length);
    shown = coveredUntil;
  }
  return result + text.slice(shown);
};

/** The pieces of secrets to search for in a log. */
interface Pieces {
  readonly all: ReadonlySet<string>;
  /** Lengths of those that begin with these six characters, the longest first. */
  readonly lengths: ReadonlyMap<string, readonly number[]>;
}

/** The secrets in all forms that they may take in a log, in pieces. */
export const piecesOf = (secretTexts: readonly string[]): Pieces => {
  const forms = new Set(secretTexts.flatMap(secretTextsIn).flatMap(formsOf));
  const all = new Set([...forms].flatMap(cut).filter((piece) => piece.trim().length >= MIN_SECRET_TEXT));
  const lengths = new Map<string, Set<number>>();
  for (const piece of all) {
    const start = piece.slice(0, MIN_SECRET_TEXT);
    const sameStart = lengths.get(start);
    if (sameStart === undefined) lengths.set(start, new Set([piece.length]));
    else sameStart.add(piece.length);
  }
  return { all, lengths: new Map([...lengths].map(([start, some]) => [start, [...some].sort((a, b) => b - a)])) };
};

/** Adjacent pieces of equal length; the last one may overlap the one before, so that they cover all of the form. */
const cut = (form: string): readonly string[] =>
  form.length <= PIECE
    ? [form]
    : Array.from({ length: Math.ceil(form.length / PIECE) }, (_, at) => {
        const start = Math.min(at * PIECE, form.length - PIECE);
        return form.slice(start, start + PIECE);
      });

const formsOf = (text: string): readonly string[] => {
  const encoded = [0, 1, 2].flatMap((offset) => base64At(text, offset));
  const urlSafe = encoded.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [text, JSON.stringify(text).slice(1, -1), ...encoded, ...urlSafe];
};

/**
 * The base64 of a text that starts `offset` bytes after a group of three, in two forms: complete, for an encoded text that ends with
 * it, and only the characters that depend on no other byte, for one that goes on.
 */
const base64At = (text: string, offset: number): readonly string[] => {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const first = Math.ceil((offset * 8) / 6);
  const toEnd = bytes.toString('base64').slice(first).replace(/=+$/, '');
  return [toEnd, toEnd.slice(0, Math.floor((bytes.length * 8) / 6) - first)];
};
