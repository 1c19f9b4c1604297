/** Colours, as this program sets them: bold, dim, and what ends them; red to cyan. */
const COLOR = '\\u001b\\[(?:0|1|2|22|3[1-6]|39)m';
/** Control characters but tabs and line ends, and what turns the direction of writing: both can make a text look like another one. */
const HARMFUL = new RegExp(`${COLOR}|[^\\P{Cc}\\t\\n]|[\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]`, 'gu');
const IS_COLOR = new RegExp(`^${COLOR}$`);
const COLORS = new RegExp(COLOR, 'g');

/**
 * A text that cannot move the cursor of a terminal, hide or rename: U+FFFD stands for each character that could. Names, messages,
 * tags and answers of registries come from strangers.
 */
export const harmless = (text: string): string =>
  text.replace(HARMFUL, (found) => (IS_COLOR.test(found) ? found : '\uFFFD'));

/** What a terminal shows of a text in this program's colours. */
export const uncolored = (text: string): string => text.replace(COLORS, '');
