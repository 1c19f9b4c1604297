import { setMaxListeners } from 'node:events';

/** A signal of one call: aborted with the caller's, or when its time is over. */
interface Deadline {
  readonly signal: AbortSignal;
  /** The time ran out before the caller gave up. */
  expired(): boolean;
  /** Lets go of timer and listener; must be called when the call has ended. */
  release(): void;
}

/** A time that may also be ended by hand. */
interface Timeout {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  /** Lets go of the timer; must be called in the end. */
  release(): void;
}

/**
 * A time of `ms` milliseconds, which starts when somebody asks for its signal: timer and signal cost more than most of what needs
 * neither. Not AbortSignal.timeout, which keeps all that listens to it until the time is over.
 */
export const timeout = (ms: number): Timeout => {
  let timer: NodeJS.Timeout | undefined;
  let controller: AbortController | undefined;
  let ended: Error | undefined;
  const start = (): AbortController => {
    controller = new AbortController();
    if (ended === undefined) timer = setTimeout(() => controller?.abort(new Error(`no end within ${ms / 1000} s`)), ms);
    else controller.abort(ended);
    return controller;
  };
  return {
    get signal() {
      return (controller ?? start()).signal;
    },
    abort: (reason) => {
      ended = reason;
      controller?.abort(reason);
    },
    release: () => clearTimeout(timer),
  };
};

/**
 * Starts a deadline.
 *
 * Not AbortSignal.any with AbortSignal.timeout: a caller's signal lives as long as the process, and on Node 20 it would hold every
 * signal ever derived from it.
 * @param ms - milliseconds from now
 */
export const startDeadline = (parent: AbortSignal, ms: number): Deadline => {
  const controller = new AbortController();
  let expired = false;
  // Many calls hang on the signal of one process, and each lets go of it when it ends: no leak to be warned of.
  setMaxListeners(0, parent);
  const onParent = (): void => controller.abort(parent.reason);
  const timer = setTimeout(() => {
    expired = !parent.aborted;
    controller.abort(new Error(`no end within ${ms / 1000} s`));
  }, ms);
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    expired: () => expired,
    release: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', onParent);
    },
  };
};
