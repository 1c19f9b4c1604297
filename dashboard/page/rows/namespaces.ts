import type { Entry } from './entry.js';

/** A namespace, and how many bundles are in it. */
interface NamespaceCount {
  readonly namespace: string;
  readonly count: number;
}

/** The namespaces of the list by name, and of `chosen` those without bundles. */
export const namespacesOf = (entries: readonly Entry[], chosen: readonly string[]): readonly NamespaceCount[] => {
  const counts = new Map<string, number>(chosen.map((namespace) => [namespace, 0]));
  for (const { row } of entries) counts.set(row.namespace, (counts.get(row.namespace) ?? 0) + 1);
  return [...counts]
    .map(([namespace, count]) => ({ namespace, count }))
    .toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
};
