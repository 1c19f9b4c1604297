import { setTimeout as delay } from 'node:timers/promises';

/**
 * Looks again and again until what is seen is as wanted, or the time is over.
 * @param withinMs - 30 s, if left out
 * @returns what was seen last, wanted or not: to be asserted
 */
export const eventually = async <T>(
  look: () => Promise<T>,
  wanted: (seen: T) => boolean,
  withinMs = 30_000,
): Promise<T> => {
  for (const start = performance.now(); ; await delay(50)) {
    const seen = await look();
    if (wanted(seen) || performance.now() - start > withinMs) return seen;
  }
};
