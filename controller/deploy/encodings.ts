import { bytesOf, type Decode, digits, escapes } from './decoding.js';

/** A form that a text may take in a log. */
interface Encoding {
  readonly name: string;
  readonly decode: Decode;
  /** Whether nothing is decoded in what it stands for: no encoder comes after it. */
  readonly last?: true;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const byte = (code: number): string => String.fromCharCode(code);

const character = (code: number): string | undefined =>
  code > 0x10ffff ? undefined : bytesOf(String.fromCodePoint(code));

const LETTERS: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\x07'],
  ['e', '\x1b'],
  ['_', '\xc2\xa0'],
  ['N', '\xc2\x85'],
  ['L', '\xe2\x80\xa8'],
  ['P', '\xe2\x80\xa9'],
]);

/** @param code - what follows the backslash */
const ofBackslash = (code: string): string | undefined => {
  if (code.startsWith('\n')) return '';
  if (/^[0-7]/.test(code)) return byte(Number.parseInt(code, 8) & 0xff);
  if (code.length === 1) return LETTERS.get(code) ?? (/[A-Za-z]/.test(code) ? undefined : code);
  if (code.startsWith('x')) return byte(Number.parseInt(code.slice(1), 16));
  const [high = 0, low] = code.split(/[^\da-fA-F]+/).flatMap((hex) => (hex === '' ? [] : Number.parseInt(hex, 16)));
  return character(low === undefined ? high : 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff));
};

const NAMED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', '\xc2\xa0'],
]);

/** @param found - `&lt;`, `&#60;` or `&#x3c;` */
const ofEntity = (found: string): string | undefined => {
  const name = found.slice(1, -1);
  if (!name.startsWith('#')) return NAMED.get(name);
  return character(/^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
};

const ofList = (codes: readonly number[]): string | undefined =>
  codes.every((code) => code < 256) ? String.fromCharCode(...codes) : undefined;

/**
 * The encodings that secrets are found in, each within each other. Padding does not matter, nor do line breaks in rows of digits, nor
 * which characters an encoder chooses to encode.
 */
export const ENCODINGS: readonly Encoding[] = [
  {
    name: 'escapes with a backslash, as JSON, Go, YAML, Python and shells have them',
    decode: escapes(
      /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|u\{[\da-fA-F]{1,6}\}|U[\da-fA-F]{8}|x[\da-fA-F]{2}|[0-3]?[0-7]{1,2}|\n[ \t]*|[\s\S])/g,
      (found) => ofBackslash(found.slice(1)),
    ),
  },
  {
    name: 'percent-encoding, as in URLs',
    decode: escapes(/%[\da-fA-F]{2}/g, (found) => byte(Number.parseInt(found.slice(1), 16))),
  },
  {
    name: 'percent-encoding of forms, where a plus is a blank',
    decode: escapes(/%[\da-fA-F]{2}|\+/g, (found) => (found === '+' ? ' ' : byte(Number.parseInt(found.slice(1), 16)))),
  },
  { name: 'entities of HTML and XML', decode: escapes(/&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|\w{2,6});/g, ofEntity) },
  {
    name: 'quotes that are doubled, as in YAML and SQL',
    // The second one may as well be the end of a text in quotes.
    decode: escapes(/''|""|'\\''/g, (found) => found.slice(-1), 1),
  },
  {
    name: 'base64 and base64url',
    decode: digits({ pattern: /[\w+/-]{8,}(?:\n[ \t]*[\w+/-]+)*/g, alphabets: [`${BASE64}+/`, `${BASE64}-_`] }),
  },
  {
    name: 'hexadecimal digits',
    decode: digits({ pattern: /[\da-fA-F]{12,}/g, alphabets: ['0123456789abcdef', '0123456789ABCDEF'] }),
  },
  {
    name: 'a list of bytes, as Go prints one',
    decode: escapes(/(?:\b\d{1,3}(?:, ?| )){5,}\d{1,3}\b/g, (found) => ofList(found.split(/\D+/).map(Number))),
  },
  { name: 'lines that were folded at a blank, as in YAML', decode: escapes(/\n[ \t]+/g, () => ' '), last: true },
];
