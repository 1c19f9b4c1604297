import type { ObjectRef } from '../../api/objects.js';

/** How many of the first reconciles wait in the queue at once: enough to keep all workers busy. */
const AT_ONCE = 32;

/**
 * The first reconcile of each bundle after a start. They are queued a few at a time, so that what happens meanwhile, a new tag or the
 * end of a Job, does not wait behind ten thousand of them.
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
    // Adding to the queue reports a new depth, which calls this again.
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
