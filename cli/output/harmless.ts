import { harmless as withoutColors } from '../../api/harmless.js';

/** Colours, as this program sets them: bold, dim, and what ends them; red to cyan. */
const COLOR = '\\u001b\\[(?:0|1|2|22|3[1-6]|39)m';
const COLORS = new RegExp(COLOR, 'g');
/** Keeps the colours, each as a part of its own. */
const AROUND_COLORS = new RegExp(`(${COLOR})`);

/** A text that is harmless in a terminal, but for this program's own colours. */
export const harmless = (text: string): string =>
  text
    .split(AROUND_COLORS)
    .map((part, at) => (at % 2 === 1 ? part : withoutColors(part)))
    .join('');

/** What a terminal shows of a text in this program's colours. */
export const uncolored = (text: string): string => text.replace(COLORS, '');
