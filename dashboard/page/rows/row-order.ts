import type { Row } from '../../protocol.js';
import type { Entry } from './entry.js';
import { rankOf } from './states.js';

/** In which order the list stands: what needs a person first, by name, or the newest deployment first. */
export type SortKey = 'state' | 'name' | 'deployed';

/** All of them; the first is what a page begins with. */
export const SORT_KEYS: readonly SortKey[] = ['state', 'name', 'deployed'];

/** Which of two stands first, as a number below or above 0. Two entries are equal only if they are of one bundle. */
export type Order = (a: Entry, b: Entry) => number;

/** By code units: a locale's own order takes ten times as long, and names have letters of ASCII only. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byName = (a: Row, b: Row): number =>
  byText(a.namespace, b.namespace) || byText(a.name, b.name) || byText(a.uid, b.uid);

/** The order for each key. */
export const ORDERS: Readonly<Record<SortKey, Order>> = {
  state: (a, b) => rankOf(a.row.state) - rankOf(b.row.state) || byName(a.row, b.row),
  name: (a, b) => byName(a.row, b.row),
  deployed: (a, b) => byText(b.row.syncedAt, a.row.syncedAt) || byName(a.row, b.row),
};

/** Where an entry stands in a sorted list, or would: the first place whose entry does not come before it. */
export const placeOf = (sorted: readonly Entry[], entry: Entry, order: Order): number => {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = sorted[middle];
    if (found !== undefined && order(found, entry) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
