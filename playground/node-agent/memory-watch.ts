import type { Clock } from '../../process/ports.js';
import { pause } from '../../process/sleep.js';
import { memoryOf, treeOf } from './process-tree.js';

/** How often memory is measured, milliseconds: short enough that a process which fills memory does not get far above its limit. */
const INTERVAL_MS = 50;

/**
 * Measures again and again until the processes below `pid` together have more memory than `limit`, or `signal` is aborted.
 * A cgroup would refuse the first page beyond it; this notices up to 50 ms later. Files in an emptyDir or the root are not counted.
 * @param limit - bytes
 * @returns whether the limit was passed
 */
export const outgrows = async (given: {
  readonly pid: () => number | undefined;
  readonly limit: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<boolean> => {
  while (!given.signal.aborted) {
    const pid = given.pid();
    const sizes = pid === undefined ? [] : await Promise.all((await treeOf(pid)).map(memoryOf));
    if (sizes.reduce((sum, size) => sum + size, 0) > given.limit) return true;
    await pause(given.clock, INTERVAL_MS, given.signal);
  }
  return false;
};
