/**
 * Keys that wait for a worker. Namespaces take turns, and within one it is first come, first served: so the wait of a key does not grow
 * with what other namespaces have in the line. All costs are constant but for namespaces that may not have another worker now.
 */
export class FairLine {
  /** By namespace, in the order of their turns. A Set keeps the order of arrival. */
  readonly #waiting = new Map<string, Set<string>>();
  #size = 0;

  /** How many keys wait. */
  get size(): number {
    return this.#size;
  }

  /** @param key - of an object in the namespace; it must not be in the line already */
  add(namespace: string, key: string): void {
    const keys = this.#waiting.get(namespace);
    if (keys === undefined) this.#waiting.set(namespace, new Set([key]));
    else keys.add(key);
    this.#size += 1;
  }

  /**
   * Takes the first key of the namespace whose turn it is, which then goes to the end.
   * @param mayHave - whether a namespace may have another worker; one that may not keeps its turn
   */
  take(mayHave: (namespace: string) => boolean): string | undefined {
    for (const [namespace, keys] of this.#waiting) {
      const [key] = keys;
      if (key === undefined || !mayHave(namespace)) continue;
      keys.delete(key);
      this.#size -= 1;
      this.#waiting.delete(namespace);
      if (keys.size > 0) this.#waiting.set(namespace, keys);
      return key;
    }
    return undefined;
  }
}
