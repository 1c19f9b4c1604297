import { createHash } from 'node:crypto';
import { FRESH_MS } from './judge.js';

/** So many calls of one receiver are remembered: more than it may make in the time that they have to be. */
const MOST = 20_000;

/** The calls that this process has taken lately. It remembers them for as long as their age lets them pass; what it keeps grows with use. */
export class Replays {
  readonly #now: () => number;
  /** By receiver: when each call may be forgotten, the oldest first. */
  readonly #calls = new Map<string, Map<string, number>>();

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
    const [now, calls] = [this.#now(), this.#calls.get(receiver) ?? new Map<string, number>()];
    this.#calls.set(receiver, calls);
    for (const [oldest, until] of calls) {
      if (until > now && calls.size < MOST) break;
      calls.delete(oldest);
    }
    calls.set(call, now + 2 * FRESH_MS);
  }

  /** It was not taken after all: its sender was told to try again. */
  remove(receiver: string, call: string): void {
    this.#calls.get(receiver)?.delete(call);
  }

  /** How many are remembered. */
  get size(): number {
    return [...this.#calls.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** What a call is known again by. */
export const callKey = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64');
