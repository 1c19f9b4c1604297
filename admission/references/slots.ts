/** Lets a few calls run at once and the others wait, so that one request does not open a hundred connections. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param count - calls that may run at once */
  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await call();
    } finally {
      // A slot is handed on rather than freed, so that no later call overtakes.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
