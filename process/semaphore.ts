/** A caller that waits for an amount. */
interface Waiting {
  readonly amount: number;
  readonly enter: () => void;
}

/** A counting semaphore: callers get their amount in the order in which they came, and a small amount never overtakes a large one. */
export class Semaphore {
  readonly #waiting: Waiting[] = [];
  #free: number;

  /** @param amount - for all callers together, such as calls or bytes; no caller may acquire more */
  constructor(amount: number) {
    this.#free = amount;
  }

  /** Resolves when the caller has the amount. */
  async acquire(amount: number): Promise<void> {
    if (this.#waiting.length > 0 || amount > this.#free) {
      await new Promise<void>((enter) => this.#waiting.push({ amount, enter }));
    } else this.#free -= amount;
  }

  /** Gives the amount back; must be called once for each `acquire`. */
  release(amount: number): void {
    this.#free += amount;
    for (let next = this.#waiting[0]; next !== undefined && next.amount <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.amount;
      next.enter();
    }
  }

  /** Runs work that takes up an amount of 1. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.acquire(1);
    try {
      return await work();
    } finally {
      this.release(1);
    }
  }
}
