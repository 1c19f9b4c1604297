import type { ObjectRef } from '../../api/objects.js';

/** Of the looks that a start needs, so many wait in the queue at once: enough to keep all workers busy. */
const AT_ONCE = 32;

/**
 * The first look at each bundle after a start. They come into the queue by and by: what happens meanwhile, a new tag or the end of a
 * Job, is not to wait behind ten thousand of them.
 */
export class Sweep {
  readonly #left: Iterator<ObjectRef>;
  readonly #add: (ref: ObjectRef) => void;
  #feeding = false;

  constructor(refs: Iterable<ObjectRef>, add: (ref: ObjectRef) => void) {
    this.#left = refs[Symbol.iterator]();
    this.#add = add;
  }

  /** @param depth - keys that wait in the queue now */
  feed(depth: number): void {
    // What is added is told as a new depth.
    if (this.#feeding) return;
    this.#feeding = true;
    for (let room = AT_ONCE - depth; room > 0; room -= 1) {
      const next = this.#left.next();
      if (next.done) break;
      this.#add(next.value);
    }
    this.#feeding = false;
  }
}
