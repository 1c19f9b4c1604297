import { setMaxListeners } from 'node:events';
import type { Clock, Timer } from './ports.js';

/** The caller of the work; its signal is read when the time starts. */
interface Caller {
  readonly signal: AbortSignal;
}

/**
 * Bounds the time of a piece of work: its signal is aborted with the caller's, or when the time is over.
 *
 * The time starts when the signal is read first: a timer and a signal cost more than most work that needs neither.
 *
 * AbortSignal.timeout does not serve, since it keeps its listeners until the time is over; nor does AbortSignal.any: a caller's signal
 * lives as long as the process, and on Node 20 it would keep every signal ever derived from it.
 */
export class Deadline {
  readonly #clock: Pick<Clock, 'startTimer'>;
  readonly #ms: number;
  readonly #caller: Caller | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #state: 'open' | 'released' | 'aborted' | 'expired' = 'open';
  #reason: unknown;

  /** @param ms - milliseconds, from the first read of {@link signal} */
  constructor(clock: Pick<Clock, 'startTimer'>, ms: number, caller?: Caller) {
    this.#clock = clock;
    this.#ms = ms;
    this.#caller = caller;
  }

  /** The first read starts the time. */
  get signal(): AbortSignal {
    this.#controller ??= this.#start();
    return this.#controller.signal;
  }

  /** Whether the time ran out before the caller gave up, and before the work ended. */
  get expired(): boolean {
    return this.#state === 'expired';
  }

  /** Aborts the signal before the time is over. */
  abort(reason: unknown): void {
    this.#end('aborted', reason);
  }

  /** Cancels the timer and stops listening to the caller; must be called when the work has ended. */
  release(): void {
    if (this.#state === 'open') this.#state = 'released';
    this.#timer?.cancel();
    if (this.#controller !== undefined) this.#caller?.signal.removeEventListener('abort', this.#onCaller);
  }

  /** Runs the work with this signal, then releases it. Only work that listens to the signal is cut off. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(this.signal);
    } finally {
      this.release();
    }
  }

  #start(): AbortController {
    const controller = new AbortController();
    if (this.#state === 'aborted') controller.abort(this.#reason);
    if (this.#state !== 'open') return controller;
    const caller = this.#caller?.signal;
    // Many calls listen to the signal of one process until they end, which is no leak. Infinity, not 0, which means the same: after 0,
    // fetch() fails on Node 20.
    setMaxListeners(Number.POSITIVE_INFINITY, controller.signal, ...(caller === undefined ? [] : [caller]));
    if (caller?.aborted === true) {
      controller.abort(caller.reason);
      return controller;
    }
    caller?.addEventListener('abort', this.#onCaller, { once: true });
    this.#timer = this.#clock.startTimer(this.#ms, () =>
      this.#end('expired', new Error(`no end within ${this.#ms / 1000} s`)),
    );
    return controller;
  }

  readonly #onCaller = (): void => this.abort(this.#caller?.signal.reason);

  #end(how: 'aborted' | 'expired', reason: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = how;
    this.#reason = reason;
    this.release();
    this.#controller?.abort(reason);
  }
}
