import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { isMap } from '../../api/json-map.js';
import type { ValuesOptions } from './command-line.js';
import { addSet } from './strvals.js';
import { mergeValues, type Values, ValuesError } from './values.js';

const readValues = async (file: string): Promise<Values> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ValuesError(`open ${file}: ${error.code === 'ENOENT' ? 'no such file or directory' : error.code}`);
  });
  let values: unknown;
  try {
    values = parse(text, { logLevel: 'error', maxAliasCount: 1000 });
  } catch {
    // The parser's message is dropped, since it would quote the file, which may hold a Secret.
    throw new ValuesError(`failed to parse ${file}: it is no YAML`);
  }
  if (values === null || values === undefined) return {};
  if (isMap(values)) return values;
  throw new ValuesError(`failed to parse ${file}: cannot unmarshal into a map`);
};

/** What is given in texts, in werf's order of precedence. */
type Sets = Pick<ValuesOptions, 'set' | 'setString'>;

/**
 * Values merged as werf does it: files in order, then --set, then --set-string. Pure.
 * @throws ValuesError
 */
export const mergedValues = (files: readonly Values[], { set, setString }: Sets): Values => {
  let values = files.reduce<Values>(mergeValues, {});
  for (const text of set) values = addSet(values, text, 'set');
  for (const text of setString) values = addSet(values, text, 'set-string');
  return values;
};

/**
 * Whether --set has made an integer of a value. The release stores a floating point number, so werf finds the values changed each
 * time. Pure.
 */
export const hasIntegers = (sets: Sets): boolean => isOrHasNumber(mergedValues([], sets));

const isOrHasNumber = (value: unknown): boolean =>
  typeof value === 'object' && value !== null ? Object.values(value).some(isOrHasNumber) : typeof value === 'number';

/** Keys that are named; there may be thousands. */
const KEYS_SHOWN = 20;

/** Which values were given, by their keys alone: what they are may come from a Secret. Pure. @returns undefined if there are none */
export const tellKeys = (values: Values): string | undefined => {
  const keys = keysIn(values);
  if (keys.length === 0) return undefined;
  const more = keys.length > KEYS_SHOWN ? ` and ${keys.length - KEYS_SHOWN} more` : '';
  return `Values given (keys only): ${keys.slice(0, KEYS_SHOWN).join(', ')}${more}`;
};

const keysIn = (values: Values): readonly string[] =>
  Object.entries(values).flatMap(([key, value]) =>
    isMap(value) && Object.keys(value).length > 0 ? keysIn(value).map((below) => `${key}.${below}`) : [key],
  );

/**
 * All values of a command line.
 * @throws ValuesError
 */
export const releaseValues = async (options: ValuesOptions): Promise<Values> => {
  const other = [...options.json, ...options.setFile, ...options.setLiteral];
  if (other.length > 0) throw new ValuesError("the stand-in can't read --set-json, --set-file and --set-literal");
  return mergedValues(await Promise.all(options.files.map(readValues)), options);
};
