import type { Log } from './ports.js';
import { Thread, type ThreadOptions, type ThreadOutcome } from './thread.js';
import { ThreadQueue } from './thread-queue.js';

interface ThreadPoolOptions extends ThreadOptions {
  readonly log: Log;
  /** How many at most; each is started when it is needed for the first time. */
  readonly threads: number;
  /** Limit for all jobs that wait, by the sizes that their callers give. */
  readonly maxWaitingBytes: number;
}

/** `full`: too much waits already. `began`: a thread had the job when its signal was aborted. */
export type PoolOutcome<Answer> =
  | Exclude<ThreadOutcome<Answer>, { kind: 'died' | 'aborted' }>
  | { readonly kind: 'full' | 'died' }
  | { readonly kind: 'aborted'; readonly began: boolean };

/**
 * A few threads for work that would block the event loop.
 *
 * Guarantees: each job has an outcome, at the latest when its signal is aborted, and never a rejection; a thread that is too slow, or
 * dies, is replaced, and its death is logged; smaller jobs go first, so that large ones hold up large ones only.
 */
export class ThreadPool<Job, Answer> {
  readonly #log: Log;
  readonly #name: string;
  readonly #queue: ThreadQueue<Thread<Job, Answer>>;
  readonly #threads: readonly Thread<Job, Answer>[];

  constructor({ log, threads, maxWaitingBytes, ...options }: ThreadPoolOptions) {
    this.#log = log;
    this.#name = options.name;
    this.#threads = Array.from({ length: threads }, () => new Thread<Job, Answer>(options));
    this.#queue = new ThreadQueue(this.#threads, maxWaitingBytes);
  }

  /**
   * @param bytes - the size of the job, by which it is queued
   * @param signal - ends the waiting for a thread
   * @param working - ends the work; its signal is read when a thread begins it, as a `Deadline` needs. The same signal if left out
   */
  async run(
    job: Job,
    bytes: number,
    signal: AbortSignal,
    working: { readonly signal: AbortSignal } = { signal },
  ): Promise<PoolOutcome<Answer>> {
    const taken = await this.#queue.take(bytes, signal);
    if (taken.kind === 'aborted') return { kind: 'aborted', began: false };
    if (taken.kind === 'full') return taken;
    try {
      const outcome = await taken.thread.run(job, working.signal);
      if (outcome.kind === 'aborted') return { kind: 'aborted', began: true };
      if (outcome.kind !== 'died') return outcome;
      this.#log.error('a thread ended', { thread: this.#name, fault: faultOf(outcome.error) });
      return { kind: 'died' };
    } finally {
      this.#queue.release(taken.thread);
    }
  }

  /** Ends the threads, for callers that do not live as long as the process. Jobs under way fail. */
  stop(): void {
    for (const thread of this.#threads) thread.stop();
  }
}

/** The class and the stack of an exception without its message, which might quote what was read. */
const faultOf = (error: unknown): string =>
  error instanceof Error
    ? [error.name, ...(error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))].join('\n')
    : typeof error;
