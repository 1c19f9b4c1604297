/** A text on one line, without control characters: it may come from strangers. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
