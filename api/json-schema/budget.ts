/** What judging one set of values may cost, so that no schema can hold up who judges by it. */
export class Budget {
  #left: number;

  /** @param steps - about a microsecond each */
  constructor(steps: number) {
    this.#left = steps;
  }

  /** Counts steps. @returns whether there were that many left */
  spend(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  /** Ends it: nothing more may be done. */
  exhaust(): void {
    this.#left = -1;
  }

  get isExhausted(): boolean {
    return this.#left < 0;
  }
}
