import type { BundleState, FeedLine, Row } from '../../protocol.js';
import { type Entry, entryOf } from './entry.js';
import { ORDERS, type Order, placeOf, type SortKey } from './row-order.js';

/** Up to so many changes at once are put into their places; above it all is sorted anew, which is cheaper then. */
const FEW = 50;

/** All bundles that the feed has named, in the order of the list. It is what has happened so far, a line after the other. */
export class RowStore {
  readonly #entries = new Map<string, Entry>();
  #sorted: Entry[] = [];
  #isSorted = true;
  #key: SortKey = 'state';
  /** Named since `listing`; undefined while nothing is listed. */
  #named: Set<string> | undefined;

  /** How many bundles there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** How many bundles are in a state. */
  count(state: BundleState): number {
    let count = 0;
    for (const { row } of this.#entries.values()) if (row.state === state) count += 1;
    return count;
  }

  /** A bundle by its name; undefined: the feed does not have it. */
  find(namespace: string, name: string): Row | undefined {
    for (const { row } of this.#entries.values()) if (row.name === name && row.namespace === namespace) return row;
    return undefined;
  }

  /** Takes in what a line of the feed says of bundles. */
  take(line: FeedLine): void {
    if (line.kind === 'listing') this.#named = new Set();
    else if (line.kind === 'bundles') this.#put(line.rows);
    else if (line.kind === 'removed') this.#remove(line.uid);
    else if (line.kind === 'listed') this.#endListing();
  }

  /** Forgets at once what is not in these namespaces; none: keeps all. */
  retain(namespaces: readonly string[]): void {
    if (namespaces.length === 0) return;
    const wanted = new Set(namespaces);
    for (const [uid, { row }] of this.#entries) if (!wanted.has(row.namespace)) this.#remove(uid);
  }

  /** All entries in an order. The list is changed in place by later lines, and not to be kept. */
  sorted(key: SortKey): readonly Entry[] {
    if (this.#isSorted && this.#key === key) return this.#sorted;
    this.#sorted = [...this.#entries.values()].sort(ORDERS[key]);
    this.#key = key;
    this.#isSorted = true;
    return this.#sorted;
  }

  get #order(): Order {
    return ORDERS[this.#key];
  }

  #put(rows: readonly Row[]): void {
    if (rows.length > FEW) this.#isSorted = false;
    for (const row of rows) {
      this.#named?.add(row.uid);
      this.#takeOut(row.uid);
      const entry = entryOf(row);
      this.#entries.set(row.uid, entry);
      if (this.#isSorted) this.#sorted.splice(placeOf(this.#sorted, entry, this.#order), 0, entry);
    }
  }

  #remove(uid: string): void {
    this.#takeOut(uid);
    this.#entries.delete(uid);
  }

  /** Out of the sorted list only. */
  #takeOut(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry !== undefined && this.#isSorted) this.#sorted.splice(placeOf(this.#sorted, entry, this.#order), 1);
  }

  #endListing(): void {
    const named = this.#named;
    this.#named = undefined;
    if (named === undefined) return;
    const gone = [...this.#entries.keys()].filter((uid) => !named.has(uid));
    if (gone.length > FEW) this.#isSorted = false;
    for (const uid of gone) this.#remove(uid);
  }
}
