import type { Position } from './position.js';

/** A plain scalar that readers of YAML 1.1 take for something else; both readings as one would write them. */
export interface AmbiguousScalar {
  /** As it stands in the source. */
  readonly text: string;
  readonly readAs: string;
  readonly otherwise: string;
  readonly position: Position;
}

const TEXT = 'a text';
const TRUE = /^(y|yes|on)$/i;
const FALSE = /^(n|no|off)$/i;
const DECIMAL = /^[-+]?0[0-9]+$/;
const OCTAL_1_1 = /^[-+]?0[0-7]+$/;
const OCTAL_1_2 = /^0o[0-7]+$/;
const BINARY = /^[-+]?0b[01]+$/;
/** 1.1 wants a dot in whatever has an exponent. */
const EXPONENT = /^[-+]?[0-9]+[eE][-+]?[0-9]+$/;
const UNDERSCORES = /^[-+]?[1-9][0-9]*_[0-9_]*$/;
/** Longer scalars are not looked at: nobody writes such numbers, and messages quote the scalar. */
const MAX_TEXT = 20;

/**
 * What a plain scalar means here (YAML 1.2) and to readers of YAML 1.1, if these differ in a way that people fall for. Base 60
 * (`12:30`) is left out: Helm's own reader takes it for a text, as we do.
 * @param value - what it was read as
 */
export const readingsOf = (text: string, value: unknown): Pick<AmbiguousScalar, 'readAs' | 'otherwise'> | undefined => {
  // Skips most scalars: they begin with neither a digit nor one of these few letters.
  if (text.length > MAX_TEXT || !/^[-+0-9ynoYNO]/.test(text)) return undefined;
  if (TRUE.test(text)) return { readAs: TEXT, otherwise: 'true' };
  if (FALSE.test(text)) return { readAs: TEXT, otherwise: 'false' };
  if (DECIMAL.test(text)) {
    return { readAs: String(value), otherwise: OCTAL_1_1.test(text) ? String(Number.parseInt(text, 8)) : TEXT };
  }
  if (OCTAL_1_2.test(text) || EXPONENT.test(text)) return { readAs: String(value), otherwise: TEXT };
  if (UNDERSCORES.test(text)) return { readAs: TEXT, otherwise: text.replace(/_/g, '') };
  return BINARY.test(text)
    ? { readAs: TEXT, otherwise: String(Number.parseInt(text.replace('0b', ''), 2)) }
    : undefined;
};

/** `yes (line 3, column 8) is read as a text; readers of YAML 1.1 take it for true: write "yes" or true` */
export const ambiguityText = ({ text, readAs, otherwise, position }: AmbiguousScalar): string => {
  const plain = readAs === TEXT ? otherwise : readAs;
  return `${text} (line ${position.line}, column ${position.column}) is read as ${readAs}; readers of YAML 1.1 take it for ${otherwise}: write "${text}" or ${plain}`;
};
