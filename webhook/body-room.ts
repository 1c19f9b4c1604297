/** A body that waits for room: how many bytes it needs, and what to call when there is room. */
interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Room for large bodies, so that many of them at once do not need more memory than there is: a parsed body takes several times its
 * length. Those for which there is no room wait unread, which slows down their senders, and enter in the order they came.
 */
export class BodyRoom {
  readonly #waiting: Waiting[] = [];
  #free: number;

  /** @param bytes - for all bodies together; at least as many as the longest of them */
  constructor(bytes: number) {
    this.#free = bytes;
  }

  /** Resolves when there is room. */
  async enter(bytes: number): Promise<void> {
    if (this.#waiting.length > 0 || bytes > this.#free) {
      await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
    } else this.#free -= bytes;
  }

  /** Must be called once for each that entered. */
  leave(bytes: number): void {
    this.#free += bytes;
    for (let next = this.#waiting[0]; next !== undefined && next.bytes <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.bytes;
      next.enter();
    }
  }
}
