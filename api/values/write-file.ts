import type { ValueMap } from './value.js';

/** What JSON leaves as it is, though a YAML reader takes it as a line break or refuses it. */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * The text of a file for werf's `--values`. It is JSON, the part of YAML that 1.1 and 1.2 read alike: "yes", "0777", "1e3",
 * "null" and "1.0" are in quotes and stay texts for Go's YAML 1.1.
 * @returns the same text for the same values, keys in their order, with a line feed at its end
 */
export const writeValuesFile = (values: ValueMap): string => `${withoutUnsafe(JSON.stringify(values, null, 2))}\n`;

/** A key or text as it stands in the file. */
export const quoted = (text: string): string => withoutUnsafe(JSON.stringify(text));

const withoutUnsafe = (json: string): string =>
  json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
