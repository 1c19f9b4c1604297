import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { FRESH_MS } from './judge.js';

/** So many calls are remembered; only proven ones are, so nobody else can make it forget one. */
const MOST = 10_000;

/** The calls that were received lately. It remembers them for as long as their age lets them pass. */
export class Replays {
  readonly #now: () => number;
  /** When each one may be forgotten. */
  readonly #calls = new LRUCache<string, number>({ max: MOST });

  /** @param now - monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether this call was received before. */
  has(receiver: string, body: Uint8Array): boolean {
    return (this.#calls.get(keyOf(receiver, body)) ?? Number.NEGATIVE_INFINITY) > this.#now();
  }

  /** It was received, and passed on. A push may be dated {@link FRESH_MS} ahead, and stay fresh for as long again. */
  add(receiver: string, body: Uint8Array): void {
    this.#calls.set(keyOf(receiver, body), this.#now() + 2 * FRESH_MS);
  }
}

const keyOf = (receiver: string, body: Uint8Array): string =>
  createHash('sha256').update(receiver).update('\0').update(body).digest('base64');
