interface Item<Key> {
  readonly key: Key;
  readonly at: number;
}

/**
 * Keys by the time at which they are due, each at most once: a binary heap with the place of each key, so that moving or removing a key
 * costs O(log n) and leaves no stale entry. Objects are compared by identity.
 */
export class DueHeap<Key> {
  readonly #items: Item<Key>[] = [];
  readonly #places = new Map<Key, number>();

  /** Time of the first key; Infinity if there is none. */
  get nextAt(): number {
    return this.#at(0);
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds the key, or moves it. `undefined` removes it. */
  set(key: Key, at: number | undefined): void {
    const place = this.#places.get(key);
    if (at === undefined) {
      if (place !== undefined) this.#remove(place);
      return;
    }
    if (place !== undefined && this.#items[place]?.at === at) return;
    if (place !== undefined) this.#remove(place);
    this.#put(this.#items.length, { key, at });
    this.#up(this.#items.length - 1);
  }

  /** Takes the first key out if its time has come. */
  takeDue(now: number): Key | undefined {
    const first = this.#items[0];
    if (first === undefined || first.at > now) return undefined;
    this.#remove(0);
    return first.key;
  }

  #remove(place: number): void {
    const gone = this.#items[place];
    const last = this.#items.pop();
    if (gone === undefined || last === undefined) return;
    this.#places.delete(gone.key);
    if (place === this.#items.length) return;
    this.#put(place, last);
    this.#up(place);
    this.#down(place);
  }

  #put(place: number, item: Item<Key>): void {
    this.#items[place] = item;
    this.#places.set(item.key, place);
  }

  #up(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (this.#at(parent) <= this.#at(place)) return;
      this.#swap(parent, place);
      place = parent;
    }
  }

  #down(from: number): void {
    for (let place = from; ; ) {
      const [left, right] = [2 * place + 1, 2 * place + 2];
      const child = this.#at(right) < this.#at(left) ? right : left;
      if (this.#at(child) >= this.#at(place)) return;
      this.#swap(child, place);
      place = child;
    }
  }

  #at(place: number): number {
    return this.#items[place]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#items[a], this.#items[b]];
    if (first === undefined || second === undefined) return;
    this.#put(a, second);
    this.#put(b, first);
  }
}
