import type { Position } from './position.js';
import { keyText, type Scalar } from './yaml-scalar.js';

/** A plain scalar that other readers of YAML take for something else; both readings as one would write them. */
export interface AmbiguousScalar {
  /** As it stands in the source. */
  readonly text: string;
  readonly isKey: boolean;
  readonly readAs: string;
  readonly otherwise: string;
  /** The version of YAML that has the other reading. */
  readonly version: '1.1' | '1.2';
  readonly position: Position;
}

type Readings = Pick<AmbiguousScalar, 'readAs' | 'otherwise' | 'version'>;

const TEXT = 'a text';
/** YAML 1.1 wants a dot in whatever has an exponent, has no `0o`, and no 8 and 9 behind a zero; Go reads them as numbers. */
const NO_NUMBER_IN_1_1 = /^[-+]?(0o[0-7]+|[0-9]+[eE][-+]?[0-9]+|0[0-9]*[89][0-9]*)$/;
const INTEGER_1_2 = /^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT_1_2 = /^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;
const WORD_1_2 = /^(true|True|TRUE|false|False|FALSE|null|Null|NULL|~|)$/;
/** Longer scalars are not looked at: nobody writes such numbers, and messages quote the scalar. */
const MAX_TEXT = 20;

/**
 * What a plain scalar means here, where it is read as Helm reads it, and to readers of YAML 1.2, or to those of YAML 1.1 that are not
 * Helm's, if these differ in a way that people fall for. Base 60 (`12:30`) is left out: Helm takes it for a text, as YAML 1.2 does.
 */
export const readingsOf = (text: string, scalar: Scalar): Readings | undefined => {
  // Skips most scalars: they begin with neither a digit nor one of these few letters.
  if (text.length > MAX_TEXT || !/^[-+.0-9ynoYNO]/.test(text)) return undefined;
  const readAs = written(scalar);
  const otherwise = in1_2(text);
  if (readAs !== otherwise) return { readAs, otherwise, version: '1.2' };
  return NO_NUMBER_IN_1_1.test(text) ? { readAs, otherwise: TEXT, version: '1.1' } : undefined;
};

const written = (scalar: Scalar): string => (scalar.kind === 'text' ? TEXT : (keyText(asWide(scalar)) ?? TEXT));

/** Floats in all their digits: as a value, not as a key. */
const asWide = (scalar: Scalar): Scalar =>
  scalar.kind === 'float' ? { kind: 'text', value: String(scalar.value) } : scalar;

/** By the core schema of YAML 1.2. */
const in1_2 = (text: string): string => {
  if (INTEGER_1_2.test(text)) return String(/^[-+]/.test(text) ? signed(text) : prefixed(text));
  if (FLOAT_1_2.test(text))
    return String(Number(text.replace(/\.(inf|nan)/i, (word) => (/n$/i.test(word) ? 'NaN' : 'Infinity'))));
  return WORD_1_2.test(text) ? text.toLowerCase() : TEXT;
};

const signed = (text: string): bigint => (text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text.slice(1)));
const prefixed = (text: string): bigint => BigInt(text);

/**
 * `yes (line 3, column 8) is read as true; readers of YAML 1.2 take it for a text: write "yes" or true`; of a key:
 * `key y (line 3, column 1) is read as true; readers of YAML 1.2 take it for a text: write "y"`.
 */
export const ambiguityText = ({ text, isKey, readAs, otherwise, version, position }: AmbiguousScalar): string => {
  const where = `${isKey ? 'key ' : ''}${text} (line ${position.line}, column ${position.column})`;
  const plain = readAs === TEXT ? otherwise : readAs;
  const remedy = isKey ? `"${text}"` : `"${text}" or ${plain}`;
  return `${where} is read as ${readAs}; readers of YAML ${version} take it for ${otherwise}: write ${remedy}`;
};
