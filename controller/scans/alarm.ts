import type { Clock } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';

/** One timer for many: sleeps until the earliest time, and can be woken for an earlier one. */
export class Alarm {
  readonly #clock: Clock;
  #until = Number.POSITIVE_INFINITY;
  #sleeping: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves at `until` (monotonic), at the latest after `mostMs`, when woken, or when the signal is aborted.
   */
  async sleep(until: number, mostMs: number, signal: AbortSignal): Promise<void> {
    const ms = Math.min(Math.max(until - this.#clock.monotonic(), 0), mostMs);
    const sleeping = new AbortController();
    const stop = (): void => sleeping.abort();
    this.#until = until;
    this.#sleeping = sleeping;
    signal.addEventListener('abort', stop, { once: true });
    if (!signal.aborted) await pause(this.#clock, ms, sleeping.signal);
    signal.removeEventListener('abort', stop);
    this.#sleeping = undefined;
  }

  /** Ends a sleep that would last beyond `at`. */
  wake(at: number): void {
    if (at < this.#until) this.#sleeping?.abort();
  }
}
