import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';

/** An expression that was understood, or why it was not, in plain words. */
type RegularExpression =
  | { readonly kind: 'ok'; readonly expression: RE2JS }
  | { readonly kind: 'invalid'; readonly reason: string };

/**
 * Reads an RE2 expression as Go does: a stranger may have written it, since matching takes time linear in the text. Never throws.
 * @see https://github.com/google/re2/wiki/Syntax
 */
export const readExpression = (text: string): RegularExpression => {
  try {
    return { kind: 'ok', expression: RE2JS.compile(text) };
  } catch (error) {
    if (error instanceof RE2JSException) return { kind: 'invalid', reason: inPlainWords(error) };
    throw error;
  }
};

const inPlainWords = (error: RE2JSException): string => {
  if (!(error instanceof RE2JSSyntaxException)) return 'the expression is too large';
  const words = error.getDescription();
  const part = error.getPattern();
  if (part === null) return words;
  if (/^\(\?<?[=!]/.test(part)) return `RE2 has no look-ahead and no look-behind: ${JSON.stringify(part)}`;
  if (/^\\[1-9]/.test(part)) return `RE2 has no back-references: ${JSON.stringify(part)}`;
  return `${words}: ${JSON.stringify(part)}`;
};
