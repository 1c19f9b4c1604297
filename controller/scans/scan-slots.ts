/** How many scans run at once. */
export interface ScanConcurrency {
  readonly perHost: number;
  readonly total: number;
}

/** A scan is a few requests one after another: these keep a host at ease, and fifty hosts that hang don't stop the others. */
export const DEFAULT_SCAN_CONCURRENCY: ScanConcurrency = { perHost: 10, total: 50 };

/** What waits for a slot: in turn among hosts, first come first served within one. */
export class ScanSlots<Item> {
  readonly #limits: ScanConcurrency;
  readonly #waiting = new Map<string, Item[]>();
  readonly #running = new Map<string, number>();
  #total = 0;

  constructor(limits: ScanConcurrency) {
    this.#limits = limits;
  }

  wait(host: string, item: Item): void {
    const items = this.#waiting.get(host);
    if (items === undefined) this.#waiting.set(host, [item]);
    else items.push(item);
  }

  /** The next one that may run; its slot is taken until {@link release}. undefined: none waits, or all slots are taken. */
  take(): Item | undefined {
    if (this.#total >= this.#limits.total) return undefined;
    for (const [host, items] of this.#waiting) {
      const running = this.#running.get(host) ?? 0;
      if (running >= this.#limits.perHost) continue;
      const item = items.shift();
      // To the end of the line, for the other hosts' sake.
      this.#waiting.delete(host);
      if (items.length > 0) this.#waiting.set(host, items);
      this.#running.set(host, running + 1);
      this.#total += 1;
      return item;
    }
    return undefined;
  }

  release(host: string): void {
    const running = (this.#running.get(host) ?? 1) - 1;
    if (running === 0) this.#running.delete(host);
    else this.#running.set(host, running);
    this.#total -= 1;
  }

  /** Takes away all that waits. */
  clear(): readonly Item[] {
    const items = [...this.#waiting.values()].flat();
    this.#waiting.clear();
    return items;
  }
}
