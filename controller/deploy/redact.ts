import { MIN_SECRET_TEXT, secretTextsIn } from '../../api/values/secret-texts.js';
import { plainLog } from './log-tail.js';

/** What stands in the place of a secret text. */
const MASK = '***';

/**
 * Replaces every secret text by `***`: each as a whole and line by line, as it is, as JSON and Go quote it, and in base64 at
 * every alignment (a docker `auth`, a Secret's `data`). Texts that overlap leave nothing of any of them. The log is made plain
 * first: a text with a colour in its middle would not be found, and would be whole again once the colours are taken out.
 *
 * Takes time linear in the text and in the sum of the secrets: they are found by their first characters.
 *
 * @param secretTexts - shorter ones than 6 characters are left alone: too much of a log would go
 */
export const redact = (log: string, secretTexts: readonly string[]): string => {
  const text = plainLog(log);
  const byStart = indexOf(secretTexts);
  if (byStart.size === 0) return text;
  let result = '';
  let shown = 0;
  let coveredUntil = -1;
  for (let at = 0; at + MIN_SECRET_TEXT <= text.length; at += 1) {
    const forms = byStart.get(text.slice(at, at + MIN_SECRET_TEXT));
    const form = forms?.find((candidate) => text.startsWith(candidate, at));
    if (form === undefined) continue;
    if (at > coveredUntil) result += text.slice(shown, at) + MASK;
    coveredUntil = Math.max(coveredUntil, at + form.length);
    shown = coveredUntil;
  }
  return result + text.slice(shown);
};

/** All forms that are looked for, by their first six characters, longest first. */
const indexOf = (secretTexts: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const byStart = new Map<string, string[]>();
  for (const form of new Set(secretTexts.flatMap(secretTextsIn).flatMap(formsOf))) {
    if (form.length < MIN_SECRET_TEXT) continue;
    const start = form.slice(0, MIN_SECRET_TEXT);
    const sameStart = byStart.get(start);
    if (sameStart === undefined) byStart.set(start, [form]);
    else sameStart.push(form);
  }
  for (const forms of byStart.values()) forms.sort((a, b) => b.length - a.length);
  return byStart;
};

const formsOf = (text: string): readonly string[] => {
  const encoded = [0, 1, 2].flatMap((offset) => base64At(text, offset));
  const urlSafe = encoded.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [text, JSON.stringify(text).slice(1, -1), ...encoded, ...urlSafe];
};

/**
 * The base64 of a text that starts `offset` bytes after a group of three: as it is where the encoded text ends with it, and
 * what is always the same of it, whatever follows: the characters that depend on no other byte.
 */
const base64At = (text: string, offset: number): readonly string[] => {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const first = Math.ceil((offset * 8) / 6);
  const toEnd = bytes.toString('base64').slice(first).replace(/=+$/, '');
  return [toEnd, toEnd.slice(0, Math.floor((bytes.length * 8) / 6) - first)];
};
