import { printable } from '../output/printable.js';
import type { Input } from './inputs.js';
import { type Manifest, manifestsIn, mentionsSecret } from './manifests.js';
import type { FilePosition } from './result.js';

/** A line of a file, or the part of it around a place. */
interface QuotedLine {
  readonly text: string;
  /** Column of the place within the text, from 0. */
  readonly column: number;
}

/** A line that may be shown; undefined if it may not be, or does not exist. */
export type Quote = (place: FilePosition) => QuotedLine | undefined;

/** Longer lines are cut, characters: JSON may have a whole file in one line. */
const MAX_WIDTH = 100;
/** Characters to keep before the place, if a line is cut. */
const BEFORE = 30;

/** Quotes lines of the inputs, but none that belongs to a Secret; of a file that can't be read only if it mentions no Secret. */
export const quoting = (inputs: readonly Input[]): Quote => {
  const byName = new Map(inputs.map((input) => [input.name, input] as const));
  const files = new Map<string, readonly (string | undefined)[]>();
  return ({ file, line, column }) => {
    const input = byName.get(file);
    if (input === undefined) return undefined;
    const lines = files.get(file) ?? shownLines(input);
    files.set(file, lines);
    const text = lines[line - 1];
    return text === undefined || text.trim() === '' ? undefined : excerptAround(printable(text), column - 1);
  };
};

const shownLines = (input: Input): readonly (string | undefined)[] => {
  const lines = input.text.split(/\r?\n/);
  const { objects, unreadable } = manifestsIn(input);
  if (unreadable.length > 0 && mentionsSecret(input.text)) return [];
  const hidden = objects.filter(({ kind }) => kind === 'Secret').map(linesOf);
  return lines.map((text, index) =>
    hidden.some(({ from, to }) => index + 1 >= from && index + 1 <= to) ? undefined : text,
  );
};

const linesOf = ({ node, yaml }: Manifest): { readonly from: number; readonly to: number } => {
  const [start, , end] = node.range ?? [0, 0, Number.MAX_SAFE_INTEGER];
  return { from: yaml.positionOf(start).line, to: yaml.positionOf(Math.max(start, end - 1)).line };
};

const excerptAround = (text: string, column: number): QuotedLine => {
  if (text.length <= MAX_WIDTH) return { text: text.trimEnd(), column };
  const from = Math.max(0, column - BEFORE);
  const part = text.slice(from, from + MAX_WIDTH);
  const [before, after] = [from > 0 ? '…' : '', from + MAX_WIDTH < text.length ? '…' : ''];
  return { text: `${before}${part}${after}`, column: column - from + before.length };
};
