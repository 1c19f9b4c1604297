import type { Clock, Timer } from '../../process/ports.js';
import { sleepBy } from '../../process/sleep.js';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/**
 * A clock that stands still until it is told to go on.
 * @param start - wall clock at the beginning; the monotonic one starts at 0
 * @returns `advance` wakes sleepers in the order of their times, and lets everything they do happen in between; `pending` counts
 * those that sleep, `woken` those that were
 */
export const createFakeClock = (
  start = Date.UTC(2026, 0, 1),
): Clock & { advance(ms: number): Promise<void>; pending(): number; woken(): number } => {
  let elapsed = 0;
  let woken = 0;
  const sleepers = new Set<Sleeper>();
  const first = (until: number): Sleeper | undefined =>
    [...sleepers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0];
  const startTimer = (ms: number, wake: () => void): Timer => {
    const sleeper = { at: elapsed + Math.max(0, ms), wake };
    sleepers.add(sleeper);
    return {
      cancel: () => {
        sleepers.delete(sleeper);
      },
    };
  };
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    pending: () => sleepers.size,
    woken: () => woken,
    startTimer,
    sleep: sleepBy(startTimer),
    advance: async (ms) => {
      const until = elapsed + ms;
      await settle();
      for (let next = first(until); next !== undefined; next = first(until)) {
        elapsed = Math.max(elapsed, next.at);
        sleepers.delete(next);
        woken += 1;
        next.wake();
        await settle();
      }
      elapsed = until;
      await settle();
    },
  };
};

/** Lets promises that follow from one another run, however long the chain. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};
