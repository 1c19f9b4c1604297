/** Who waits: for how much, and how they are told. */
interface Waiting {
  readonly amount: number;
  readonly enter: () => void;
}

/** So much of something, for whoever comes first: nobody overtakes, the small ones neither. */
export class Semaphore {
  readonly #waiting: Waiting[] = [];
  #free: number;

  /** @param amount - for all together: calls, bytes; at least as much as anybody asks for */
  constructor(amount: number) {
    this.#free = amount;
  }

  /** Resolves when there is as much. */
  async acquire(amount: number): Promise<void> {
    if (this.#waiting.length > 0 || amount > this.#free) {
      await new Promise<void>((enter) => this.#waiting.push({ amount, enter }));
    } else this.#free -= amount;
  }

  /** Must be called once for each that acquired, with the same amount. */
  release(amount: number): void {
    this.#free += amount;
    for (let next = this.#waiting[0]; next !== undefined && next.amount <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.amount;
      next.enter();
    }
  }

  /** Does some work that takes up one. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.acquire(1);
    try {
      return await work();
    } finally {
      this.release(1);
    }
  }
}
