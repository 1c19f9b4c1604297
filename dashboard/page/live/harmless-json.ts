import { harmless } from '../../../api/harmless.js';

/** What sets colours in a terminal. It shows nothing by itself, so that nothing has to stand for it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const TERMINAL_COLORS = /\u001b\[[\d;]*m/g;
/** JSON writes control characters by their numbers, or a letter. Others that are not seen are rare: then it is looked at each text. */
const MAY_BE_HARMFUL = /\\[bfru]|[\u007f-\u009f\p{Cf}\p{Default_Ignorable_Code_Point}]/u;

/**
 * Reads JSON of the server. All texts in it are harmless from here on, whoever wrote them: it is the only door by which they come in.
 * @throws SyntaxError
 */
export const parseHarmless = (json: string): unknown =>
  MAY_BE_HARMFUL.test(json)
    ? JSON.parse(json, (_, value: unknown) => (typeof value === 'string' ? harmlessText(value) : value))
    : JSON.parse(json);

const harmlessText = (text: string): string =>
  harmless(text.replace(TERMINAL_COLORS, '').replaceAll('\r\n', '\n').replace(/\r$/, ''));
