/**
 * Loaded before a program under test (`node --expose-gc --import`): tells the benchmark what the process has used. CPU is that of all its
 * threads, its garbage collector included.
 */
import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';

/** What a program has used. */
export interface Usage {
  /** User and system time since its start, microseconds. */
  readonly cpuMicros: number;
  /** Bytes. */
  readonly heapUsed: number;
  /** Bytes. */
  readonly rss: number;
  /** The highest that the RSS ever was, bytes. */
  readonly highestRss: number;
}

/** What a program is asked. `collect`: the heap is measured after a collection, the RSS before it. */
export interface UsageQuestion {
  readonly ask: 'usage';
  readonly collect: boolean;
}

const usage = async ({ collect }: UsageQuestion): Promise<Usage> => {
  const { user, system } = process.cpuUsage();
  const { rss } = process.memoryUsage();
  // What a finalizer lets go of is collected the next time.
  for (let times = collect ? 3 : 0; times > 0; times -= 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const highestRss = process.resourceUsage().maxRSS * 1024;
  return { cpuMicros: user + system, heapUsed: process.memoryUsage().heapUsed, rss, highestRss };
};

if (isMainThread) {
  process.on('message', (question: UsageQuestion | { readonly ask: undefined }) => {
    if (question.ask !== 'usage') return;
    void usage(question).then((answer) => process.send?.(answer));
  });
  process.channel?.unref();
  // The benchmark was killed: nobody would end this process.
  process.once('disconnect', () => process.exit(1));
}
