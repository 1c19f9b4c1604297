import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { FRESH_MS } from './judge.js';

/** So many calls of one receiver are remembered: more than it may make in the time that they have to be. */
const MOST = 20_000;

/** The calls that this process has taken lately. It remembers them for as long as their age lets them pass. */
export class Replays {
  readonly #now: () => number;
  /** By receiver: when each call may be forgotten. */
  readonly #calls = new Map<string, LRUCache<string, number>>();

  /** @param now - monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether this call was taken before. */
  has(receiver: string, call: string): boolean {
    return (this.#calls.get(receiver)?.get(call) ?? Number.NEGATIVE_INFINITY) > this.#now();
  }

  /** It is taken. A push may be dated {@link FRESH_MS} ahead, and stay fresh for as long again. */
  add(receiver: string, call: string): void {
    const calls = this.#calls.get(receiver) ?? new LRUCache({ max: MOST });
    this.#calls.set(receiver, calls);
    calls.set(call, this.#now() + 2 * FRESH_MS);
  }

  /** It was not taken after all: its sender was told to try again. */
  remove(receiver: string, call: string): void {
    this.#calls.get(receiver)?.delete(call);
  }
}

/** What a call is known again by. */
export const callKey = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64');
