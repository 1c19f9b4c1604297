/** A pattern's test, or that it is none. */
type Glob = { readonly kind: 'ok'; readonly matches: (path: string) => boolean } | { readonly kind: 'invalid' };

/**
 * Reads a pattern as Go's filepath.Match does: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` are classes, `\` takes the next
 * character as it is. Pure.
 * @see https://pkg.go.dev/path/filepath#Match
 */
export const globOf = (pattern: string): Glob => {
  const characters = [...pattern];
  let source = '';
  for (let at = 0; at < characters.length; ) {
    const part = partAt(characters, at);
    if (part === undefined) return { kind: 'invalid' };
    source += part.source;
    at = part.next;
  }
  const expression = new RegExp(`^${source}$`, 'su');
  return { kind: 'ok', matches: (path) => expression.test(path) };
};

/** A piece of a pattern as a regular expression, and where the next one begins. */
interface Part {
  readonly source: string;
  readonly next: number;
}

const partAt = (characters: readonly string[], at: number): Part | undefined => {
  const character = characters[at] ?? '';
  if (character === '*') return { source: '[^/]*', next: at + 1 };
  if (character === '?') return { source: '[^/]', next: at + 1 };
  if (character === '[') return classAt(characters, at + 1);
  const literal = character === '\\' ? characters[at + 1] : character;
  if (literal === undefined) return undefined;
  return { source: escaped(literal), next: at + (character === '\\' ? 2 : 1) };
};

const classAt = (characters: readonly string[], from: number): Part | undefined => {
  const isNegated = characters[from] === '^';
  let at = isNegated ? from + 1 : from;
  let ranges = '';
  while (characters[at] !== ']' || ranges === '') {
    const low = memberAt(characters, at);
    if (low === undefined) return undefined;
    const high = characters[low.next] === '-' ? memberAt(characters, low.next + 1) : low;
    if (high === undefined) return undefined;
    // A range from high to low holds nothing; a regular expression would be refused for it.
    const isEmpty = (low.character.codePointAt(0) ?? 0) > (high.character.codePointAt(0) ?? 0);
    ranges += isEmpty ? NOTHING : `${escapedMember(low.character)}-${escapedMember(high.character)}`;
    at = high.next;
  }
  return { source: `[${isNegated ? '^' : ''}${ranges}]`, next: at + 1 };
};

/** A character that no path has. */
const NOTHING = '\\0';

const memberAt = (
  characters: readonly string[],
  at: number,
): { readonly character: string; readonly next: number } | undefined => {
  const character = characters[at];
  if (character === undefined || character === '-' || character === ']') return undefined;
  if (character !== '\\') return { character, next: at + 1 };
  const literal = characters[at + 1];
  return literal === undefined ? undefined : { character: literal, next: at + 2 };
};

const escaped = (character: string): string => character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');

/** Within a class a dash makes a range. */
const escapedMember = (character: string): string => (character === '-' ? '\\-' : escaped(character));
