import type { Clock, Random } from './ports.js';

/** The longest that a timer of Node can be set to; beyond it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    for (let left = ms; left > 0 || left === ms; left -= LONGEST_TIMER_MS) {
      await sleepOnce(Math.min(Math.max(0, left), LONGEST_TIMER_MS), signal);
    }
  },
};

/** Random enough for jitter; not for secrets. */
export const systemRandom: Random = { uniform: () => Math.random() };

const sleepOnce = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
