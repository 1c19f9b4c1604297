import type { Clock } from './clock.js';

/** Makes one call of many that come within a time; it is made at its end. */
export const gathered = (act: () => void, ms: number, clock: Pick<Clock, 'after'>): (() => void) => {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    clock.after(ms, () => {
      isDue = false;
      act();
    });
  };
};
