/** Control characters but tabs and line ends, and what turns the direction of writing: both can make a text look like another one. */
const HARMFUL = /[^\P{Cc}\t\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text that cannot move a cursor, hide or rename: U+FFFD stands for each character that could. Names, messages, tags, logs and answers
 * of registries come from strangers.
 */
export const harmless = (text: string): string => text.replace(HARMFUL, '\uFFFD');
