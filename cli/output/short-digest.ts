/** `sha256:` and twelve letters. */
const LETTERS = 19;

/** Enough of a digest to tell it from others; '' if there is none. */
export const shortDigest = (digest = ''): string => digest.slice(0, LETTERS);
