import { monitorEventLoopDelay } from 'node:perf_hooks';

/** The longest time that the event loop did not get on while something ran, milliseconds. */
export const worstDelay = async (run: () => unknown): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const ticks = () => new Promise((resolve) => setTimeout(resolve, 20));
  delay.enable();
  await ticks();
  await run();
  await ticks();
  delay.disable();
  return delay.max / 1e6;
};

/**
 * The least of some tries, as soon as it is below a bound: the machine may have been busy with something else, but not each time.
 * @param below - milliseconds
 */
export const leastDelay = async (
  run: () => unknown,
  { below, tries }: { below: number; tries: number },
): Promise<number> => {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < tries && least >= below; round += 1) least = Math.min(least, await worstDelay(run));
  return least;
};
