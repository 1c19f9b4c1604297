/**
 * Whether two JSON values are equal; the order of keys means nothing.
 * Without recursion: users decide how deep their values are nested.
 */
export const sameJson = (one: unknown, other: unknown): boolean => {
  const open: [unknown, unknown][] = [[one, other]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [a, b] = pair;
    if (a === b) continue;
    const inside = pairsInside(a, b);
    if (inside === undefined) return false;
    for (const next of inside) open.push(next);
  }
  return true;
};

/** What must be equal for `a` and `b` to be; undefined if they differ already. */
const pairsInside = (a: unknown, b: unknown): [unknown, unknown][] | undefined => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return undefined;
  if (Array.isArray(a) !== Array.isArray(b)) return undefined;
  const left = new Map<string, unknown>(Object.entries(a));
  const right = new Map<string, unknown>(Object.entries(b));
  if (left.size !== right.size || [...left.keys()].some((key) => !right.has(key))) return undefined;
  return [...left].map(([key, value]) => [value, right.get(key)]);
};
