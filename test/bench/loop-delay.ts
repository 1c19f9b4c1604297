/** Loaded before a program under test: tells the benchmark how late its event loop was. It looks a hundred times a second. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop was since the question before, milliseconds. */
export interface Delays {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** What a program is asked. */
export interface DelaysQuestion {
  readonly ask: 'delays';
}

const EVERY_MS = 10;
const histogram = monitorEventLoopDelay({ resolution: EVERY_MS });
/** Until a program takes signals it loads its modules, which is one piece of work however it is written, and serves nobody. */
const begin = (): void => {
  if (process.listenerCount('SIGTERM') > 0) histogram.enable();
  else setTimeout(begin, 1).unref();
};
begin();

/** The histogram holds the times between two looks. */
const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - EVERY_MS);

process.on('message', ({ ask }: { readonly ask: unknown }) => {
  if (ask !== 'delays') return;
  const delays: Delays = { p99Ms: late(histogram.percentile(99)), maxMs: late(histogram.max) };
  histogram.reset();
  process.send?.(delays);
});
process.channel?.unref();
