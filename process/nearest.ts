/** The name that is meant, if one is near enough to what was written. */
export const nearest = (names: readonly string[], written: string): string | undefined =>
  nearestFirst(names, written)[0];

/** All that are near enough to be meant, the nearest first. */
export const nearestFirst = (names: readonly string[], written: string): readonly string[] =>
  names
    .map((name) => ({ name, distance: distance(name, written) }))
    .filter((one) => one.distance <= Math.max(2, written.length / 3))
    .toSorted((a, b) => a.distance - b.distance)
    .map(({ name }) => name);

/** Levenshtein's: insertions, deletions and changes of a letter. */
const distance = (a: string, b: string): number => {
  let row = [...b, ''].map((_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
