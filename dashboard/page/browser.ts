import type { Fetch } from './live/client.js';
import type { Clock } from './live/clock.js';

/** The browser's `fetch`. */
export const browserFetch: Fetch = (path, init) => fetch(path, init);

/** The browser's time. */
export const browserClock: Clock = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};
