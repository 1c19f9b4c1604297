/** @returns undefined if the text is no JSON; the parser's message is dropped, since it quotes the text */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
