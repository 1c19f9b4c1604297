import type { Log } from '../../process/ports.js';
import { type PoolOutcome, ThreadPool } from '../../process/thread-pool.js';
import type { Judging, JudgingJob, Keeping, KeepingJob } from '../charts/thread-charts.js';
import type { DeliveredValues } from './delivered-values.js';
import type { ReadingJob } from './reading-job.js';

/** What the thread does: its jobs, and their answers. */
interface Work {
  readonly read: { readonly job: ReadingJob; readonly answer: DeliveredValues };
  readonly keep: { readonly job: KeepingJob; readonly answer: Keeping };
  readonly judge: { readonly job: JudgingJob; readonly answer: Judging };
}

/** A job as it is sent. */
export type ThreadJob = { readonly [Kind in keyof Work]: { readonly kind: Kind } & Work[Kind]['job'] }[keyof Work];

/** Heap of the thread, megabytes; the container has 512. A megabyte of usual YAML takes about 150 for a moment, the densest far more. */
export const MEMORY_MB = { old: 256, young: 16 };

/** The thread beside the controller's own: for values that are not small, and for charts. */
export class ReadingThread {
  readonly #pool: ThreadPool<ThreadJob, unknown>;

  /** @param file - its program, if it is not in its usual place */
  constructor({ log, file = threadFile() }: { readonly log: Log; readonly file?: URL }) {
    // Only the controller's workers can wait here, which bounds them.
    const maxWaitingBytes = Number.POSITIVE_INFINITY;
    this.#pool = new ThreadPool({ log, name: 'values', file, threads: 1, memoryMb: MEMORY_MB, maxWaitingBytes });
  }

  /**
   * @param bytes - the size of the job, by which it is queued: smaller ones go first
   * @param working - as {@link ThreadPool} has it: ends the work, and not the waiting
   */
  async run<Kind extends keyof Work>(
    job: Extract<ThreadJob, { readonly kind: Kind }>,
    bytes: number,
    signal: AbortSignal,
    working?: { readonly signal: AbortSignal },
  ): Promise<PoolOutcome<Work[Kind]['answer']>> {
    // The thread answers each kind of job by its own function.
    return (await this.#pool.run(job, bytes, signal, working)) as PoolOutcome<Work[Kind]['answer']>;
  }

  /** Ends the thread, for callers that do not live as long as the process. */
  stop(): void {
    this.#pool.stop();
  }
}

/** Beside this file, whether that stands by itself or has been bundled into dist/. */
const threadFile = (): URL => new URL('./reading-worker.js', import.meta.url);
