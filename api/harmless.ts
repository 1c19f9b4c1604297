/** Control characters but tabs and line ends. */
const CONTROL = '[^\\P{Cc}\\t\\n]';
/** Format characters, all that turn the direction of writing among them, and whatever else is not seen by itself. */
const UNSEEN = '[\\p{Cf}\\p{Default_Ignorable_Code_Point}]';
/** Signs of Arabic, Syriac and Kaithi that stand around numbers: they are format characters, and are seen. */
const SEEN = '[\\u0600-\\u0605\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u{110bd}\\u{110cd}]';

const JOINING_SCRIPTS = [
  ...['Arabic', 'Syriac', 'Nko', 'Mongolian', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati', 'Oriya'],
  ...['Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar'],
];
/** A letter or a mark of a script in which joiners decide what is read. */
const JOINING = `[${JOINING_SCRIPTS.map((script) => `\\p{Script_Extensions=${script}}`).join('')}]`;
/** What joins letters of those scripts, or keeps them apart, and what makes one picture of several. */
const JOINERS = [
  `(?<=${JOINING})[\\u200c\\u200d](?=${JOINING})`,
  '(?<=\\p{Extended_Pictographic}\\ufe0f?|\\p{Emoji_Modifier})\\u200d(?=\\p{Extended_Pictographic})',
];
/** What chooses between forms of the picture, the Han character or the Mongolian letter before it. */
const VARIATIONS = [
  '(?<=\\p{Extended_Pictographic})[\\ufe0e\\ufe0f]|\\ufe0f(?=\\u20e3)',
  '(?<=\\p{Script=Han})[\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}]|(?<=\\p{Script=Mongolian})[\\u180b-\\u180d\\u180f]',
];

/** Found by one look at each letter: what is around it is looked at only where there is one, which is seldom. */
const SUSPECT = new RegExp(`${CONTROL}|${UNSEEN}`, 'gu');
const ALLOWED = new RegExp([SEEN, ...JOINERS, ...VARIATIONS].join('|'), 'uy');

const isAllowed = (text: string, at: number): boolean => {
  ALLOWED.lastIndex = at;
  return ALLOWED.test(text);
};

/**
 * A text that cannot move a cursor, hide, reorder or rename: U+FFFD stands for each character that could. Names, messages, tags, logs and
 * answers of registries come from strangers.
 *
 * Of Unicode's format characters (Cf), and of what is ignored where it is not known (Default_Ignorable_Code_Point), nothing passes, for what is
 * not seen makes two texts look like one, or carries what nobody reads: U+00AD, U+061C, U+200B, U+2060, U+FEFF, bidirectional controls, fillers of
 * Hangul, tags. Joiners (U+200C, U+200D) and variation selectors pass only where they change what is seen: Persian and the scripts of India
 * are misspelled without them, and a family would fall into its members. The flags of England, Scotland and Wales are lost: their tags could
 * be any text.
 */
export const harmless = (text: string): string =>
  text.replace(SUSPECT, (letter, at: number) => (isAllowed(text, at) ? letter : '\uFFFD'));
