import { readExpression } from './regular-expression.js';

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
  const read = readExpression(text);
  if (read.kind === 'invalid') return read;
  const { expression } = read;
  return {
    kind: 'ok',
    match: (tag) => {
      const matcher = expression.matcher(tag);
      if (!matcher.find()) return undefined;
      return expression.groupCount() === 0 ? tag : (matcher.group(1) ?? undefined);
    },
  };
};
