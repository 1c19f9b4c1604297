/** Values of a release: what YAML and JSON can say. */
export type Values = { readonly [key: string]: unknown };

/** A text that the stand-in, or helm itself, can't read. The message names the flag and never the value. */
export class ValuesError extends Error {
  override readonly name = 'ValuesError';
}

export const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep merge: maps merge, all else is replaced. Pure. */
export function mergeValues(low: Values, high: Values): Values {
  const merged = new Map<string, unknown>(Object.entries(low));
  for (const [key, value] of Object.entries(high)) {
    const before = merged.get(key);
    merged.set(key, isMap(before) && isMap(value) ? mergeValues(before, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Splits at `separator` where no backslash stands before it; backslashes stay. */
function split(text: string, separator: string): readonly string[] {
  const parts = [''];
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (char === separator) {
      parts.push('');
      continue;
    }
    const whole = char === '\\' ? text.slice(index, index + 2) : char;
    parts[parts.length - 1] += whole;
    index += whole.length - 1;
  }
  return parts;
}

const unescaped = (text: string): string => text.replace(/\\(.)/gs, '$1');

/** The type that --set gives a text, as helm's strvals does. */
function typed(text: string, flag: string): unknown {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  if (/^null$/i.test(text)) return null;
  if (text === '0') return 0;
  if (!/^[+-]?[1-9]\d*$/.test(text)) return text;
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) return text;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new ValuesError(`--${flag}: the stand-in can't hold so large an integer`);
  return number;
}

function nested(path: readonly string[], value: unknown, before: Values, flag: string): Values {
  const [key = '', ...rest] = path;
  if (key === '') return before;
  if (rest.length === 0) return mergedWith(before, key, value);
  const inner = before[key];
  if (inner !== undefined && inner !== null && !isMap(inner)) {
    throw new ValuesError(`--${flag}: key "${key}" has a value already and can't become a map`);
  }
  return mergedWith(before, key, nested(rest, value, isMap(inner) ? inner : {}, flag));
}

const mergedWith = (map: Values, key: string, value: unknown): Values =>
  Object.fromEntries([...Object.entries(map).filter(([each]) => each !== key), [key, value]]);

/**
 * Adds what one `--set` or `--set-string` says: `a.b=1,c=x`. Keys nest at dots, `\` takes the meaning from the next character;
 * `--set` makes bools, null and integers, `--set-string` texts only. Lists (`{…}`) and indexes (`[0]`) are refused.
 * Pure.
 * @throws ValuesError
 */
export function addSet(values: Values, text: string, flag: 'set' | 'set-string'): Values {
  return split(text, ',')
    .filter((pair) => pair !== '')
    .reduce((result, pair) => {
      const [rawKey = '', ...rest] = split(pair, '=');
      if (rest.length === 0)
        throw new ValuesError(`failed parsing --${flag} data: key "${unescaped(rawKey)}" has no value`);
      const raw = rest.join('=');
      if (split(rawKey, '[').length > 1)
        throw new ValuesError(`--${flag}: the stand-in can't read indexes ("${rawKey}")`);
      if (raw.startsWith('{')) throw new ValuesError(`--${flag}: the stand-in can't read lists (key "${rawKey}")`);
      const value = unescaped(raw);
      const path = split(rawKey, '.').map(unescaped);
      return nested(path, flag === 'set' ? typed(value, flag) : value, result, flag);
    }, values);
}
