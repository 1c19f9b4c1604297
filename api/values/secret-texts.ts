/** Shorter texts are not hidden in logs: `true` and `8080` occur everywhere. */
export const MIN_SECRET_TEXT = 6;

/**
 * The texts to hide in logs for a secret text: itself and each of its lines, as it is and without the blanks around it;
 * only those of 6 characters or more.
 */
export const secretTextsIn = (text: string): readonly string[] => {
  const lines = text.split(/\r?\n/);
  const texts = [text, ...lines, ...lines.map((line) => line.trim())];
  return [...new Set(texts)].filter((item) => item.trim().length >= MIN_SECRET_TEXT);
};
