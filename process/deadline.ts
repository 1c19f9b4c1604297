import { setMaxListeners } from 'node:events';
import type { Clock, Timer } from './ports.js';

/** Whose call it is: its signal is asked for when the time starts. */
interface Caller {
  readonly signal: AbortSignal;
}

/**
 * The time that a piece of work has: a signal that is aborted with the caller's, or when the time is over.
 *
 * It starts when somebody asks for its signal: timer and signal cost more than most of what needs neither.
 *
 * Neither AbortSignal.timeout, which keeps all that listens to it until the time is over, nor AbortSignal.any: a caller's signal
 * lives as long as the process, and on Node 20 it would hold every signal ever derived from it.
 */
export class Deadline {
  readonly #clock: Pick<Clock, 'startTimer'>;
  readonly #ms: number;
  readonly #caller: Caller | undefined;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #state: 'open' | 'released' | 'aborted' | 'expired' = 'open';
  #reason: unknown;

  /** @param ms - milliseconds, from the first look at {@link signal} */
  constructor(clock: Pick<Clock, 'startTimer'>, ms: number, caller?: Caller) {
    this.#clock = clock;
    this.#ms = ms;
    this.#caller = caller;
  }

  /** Whoever asks for it first starts the time. */
  get signal(): AbortSignal {
    this.#controller ??= this.#start();
    return this.#controller.signal;
  }

  /** The time ran out, before the caller gave up and before the work had ended. */
  get expired(): boolean {
    return this.#state === 'expired';
  }

  /** Ends it before its time. */
  abort(reason: unknown): void {
    this.#end('aborted', reason);
  }

  /** Lets go of timer and caller; must be called when the work has ended. */
  release(): void {
    if (this.#state === 'open') this.#state = 'released';
    this.#timer?.cancel();
    if (this.#controller !== undefined) this.#caller?.signal.removeEventListener('abort', this.#onCaller);
  }

  /** Does the work with this signal, and lets go of it. Whoever works has to listen to the signal: nothing else is cut off. */
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
    // Many calls hang on the signal of one process, and each lets go of it when it ends: no leak to be warned of. Not 0, which says the
    // same, but for which Node 20 refuses to tell the number, so that fetch() fails.
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
