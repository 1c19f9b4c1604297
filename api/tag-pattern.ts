import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';

type TagPattern =
  | {
      readonly kind: 'ok';
      /**
       * The part of a tag that is compared: the text of the expression's first group if it has one, else the whole tag.
       * @returns undefined if the tag does not match, or if the first group took no part in the match
       */
      match(tag: string): string | undefined;
    }
  | { readonly kind: 'invalid'; readonly reason: string };

/**
 * Reads `spec.registry.tagPattern`, an RE2 expression. It is searched for anywhere in the tag, as Go's Regexp.MatchString does:
 * `^` and `$` are needed to match from end to end.
 *
 * @returns `invalid` with the reason in plain words; never throws. Matching takes time linear in the tag's length.
 * @see https://github.com/google/re2/wiki/Syntax
 */
export const parseTagPattern = (text: string): TagPattern => {
  const expression = compile(text);
  if (expression instanceof RE2JSException) return { kind: 'invalid', reason: inPlainWords(expression) };
  return {
    kind: 'ok',
    match: (tag) => {
      const matcher = expression.matcher(tag);
      if (!matcher.find()) return undefined;
      return expression.groupCount() === 0 ? tag : (matcher.group(1) ?? undefined);
    },
  };
};

const compile = (text: string): RE2JS | RE2JSException => {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    if (error instanceof RE2JSException) return error;
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
