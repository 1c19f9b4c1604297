/** One way to authenticate that a registry offers. Names are lower case: scheme `bearer`, parameter `realm`. */
export interface Challenge {
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SEPARATORS = /[ \t,]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;

/**
 * Reads the `WWW-Authenticate` headers of a 401: several challenges may share a header, and quoted values may hold commas.
 * Never throws: reading stops at the first thing that is no challenge, and what came before it counts.
 * @param headers - the header's values in order
 * @see https://www.rfc-editor.org/rfc/rfc7235#section-4.1
 */
export const parseChallenges = (headers: readonly string[]): readonly Challenge[] => headers.flatMap(parseHeader);

const parseHeader = (header: string): Challenge[] => {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(header) ?? undefined;
    if (match !== undefined) at = pattern.lastIndex;
    return match;
  };
  for (;;) {
    take(SEPARATORS);
    const name = take(TOKEN)?.[0];
    if (name === undefined) return found;
    const current = found.at(-1);
    if (current !== undefined && take(EQUALS) !== undefined) {
      const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(TOKEN)?.[0];
      if (value === undefined) return found;
      // The first one counts: a later duplicate must not replace a realm that was already chosen.
      if (!current.params.has(name.toLowerCase())) current.params.set(name.toLowerCase(), value);
      continue;
    }
    found.push({ scheme: name.toLowerCase(), params: new Map() });
    take(SEPARATORS);
    // `Negotiate YII=`: a lone token68 in place of parameters.
    take(TOKEN68);
  }
};
