import { parseJson } from '../parse-json.js';
import { isTooDeep } from './deliverable.js';

/** Shorter texts are not hidden in logs: `true` and `8080` occur everywhere. */
export const MIN_SECRET_TEXT = 6;

/** How many times JSON is looked for within a text of JSON. */
const MAX_NESTED_JSON = 4;

/**
 * The texts to hide in logs for a secret text: itself and each of its lines, as it is and without the blanks around it;
 * only those of 6 characters or more.
 */
export const secretTextsIn = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/);
  const texts = [text, ...lines, ...lines.map((line) => line.trim())];
  return [...new Set(texts)].filter((item) => item.trim().length >= MIN_SECRET_TEXT);
};

/**
 * The texts to hide for a value of a Secret, as {@link secretTextsIn} has them: its texts, its keys, its numbers as they are printed,
 * and, if a text is JSON, what is in that.
 * @param value - JSON of a bounded depth
 */
export const secretTextsOfValue = (value: unknown, nested = 0): readonly string[] => {
  if (typeof value === 'string') return [...secretTextsIn(value), ...textsInJson(value, nested)];
  if (typeof value === 'number') return printed(value).flatMap(secretTextsIn);
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [] : Object.keys(value).flatMap(secretTextsIn);
  return [...keys, ...Object.values(value).flatMap((item) => secretTextsOfValue(item, nested))];
};

/** A text that a chart may take apart with `fromJson`. */
const textsInJson = (text: string, nested: number): readonly string[] => {
  if (nested >= MAX_NESTED_JSON || !/^\s*[[{"]/.test(text)) return [];
  const parsed = parseJson(text);
  return isTooDeep(parsed) ? [] : secretTextsOfValue(parsed, nested + 1);
};

/**
 * A chart's numbers are float64: 1234567 is printed as 1.234567e+06 by Go's templates, as 1234567 by `int` and in YAML or JSON, and
 * 1e21 in all its digits by `printf "%.0f"`.
 */
const printed = (value: number): readonly string[] => [
  String(value),
  value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2'),
  ...(Number.isInteger(value) && !Number.isSafeInteger(value) ? [String(BigInt(value))] : []),
];
