import type { Clock, Random, Timer } from './ports.js';
import { sleepBy } from './sleep.js';

/** The longest that a timer of Node can be set to; beyond it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const startTimer = (ms: number, onDue: () => void): Timer => {
  let handle: NodeJS.Timeout | undefined;
  const arm = (left: number): void => {
    const step = Math.min(Math.max(0, left), LONGEST_TIMER_MS);
    handle = setTimeout(() => (left > step ? arm(left - step) : onDue()), step);
  };
  arm(ms);
  return { cancel: () => clearTimeout(handle) };
};

/** The machine's time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: sleepBy(startTimer),
  startTimer,
};

/** Random enough for jitter; not for secrets. */
export const systemRandom: Random = { uniform: () => Math.random() };
