/** Calls of one receiver a second, on the average, and at once. A push makes one or two. */
const PER_SECOND = 20;
const BURST = 100;

interface Bucket {
  tokens: number;
  at: number;
}

/** How many proven calls of each receiver are taken: a token bucket for each. */
export class CallRate {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now - monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether one more call of a receiver may be taken; it counts then. Receivers are as many as are configured. */
  take(receiver: string): boolean {
    const now = this.#now();
    const { tokens, at } = this.#buckets.get(receiver) ?? { tokens: BURST, at: now };
    const left = Math.min(BURST, tokens + ((now - at) * PER_SECOND) / 1_000);
    this.#buckets.set(receiver, { tokens: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }
}
