import type { Clock } from '../process/ports.js';
import { pause } from '../process/sleep.js';

/**
 * The apiserver sends a bookmark about once a minute: three missed ones mean that the connection is dead. Where bookmarks do not
 * come, this costs one request in three minutes.
 */
const SILENCE_MS = 180_000;

/** Aborts its signal when nothing is heard for {@link SILENCE_MS}. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #parent: AbortSignal;
  readonly #onParent = (): void => this.stop();
  #heardAt: number;
  #bit = false;

  constructor(clock: Clock, parent: AbortSignal) {
    this.#clock = clock;
    this.#parent = parent;
    this.#heardAt = clock.monotonic();
    parent.addEventListener('abort', this.#onParent, { once: true });
    void this.#run();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get bit(): boolean {
    return this.#bit;
  }

  alive(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  stop(): void {
    this.#parent.removeEventListener('abort', this.#onParent);
    this.#controller.abort(this.#parent.reason);
  }

  async #run(): Promise<void> {
    const { signal } = this.#controller;
    while (!signal.aborted) {
      const left = this.#heardAt + SILENCE_MS - this.#clock.monotonic();
      if (left <= 0) {
        this.#bit = true;
        this.#controller.abort(new Error('nothing was heard of the watch'));
        return;
      }
      await pause(this.#clock, left, signal);
    }
  }
}
