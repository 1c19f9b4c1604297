import { Worker } from 'node:worker_threads';

/**
 * How a job ended. `exhausted`: it took more memory than a thread may have, and will again. `died`: a bug, or the thread could not
 * be started.
 */
export type ThreadOutcome<Answer> =
  | { readonly kind: 'done'; readonly answer: Answer }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'died'; readonly error: unknown };

export interface ThreadOptions {
  /** Name of the thread, as tools that inspect the process show it. */
  readonly name: string;
  /** Its program: answers each message with one. */
  readonly file: URL;
  /** Limits of its heap, megabytes. */
  readonly memoryMb: { readonly old: number; readonly young: number };
}

/**
 * One thread, one job at a time.
 *
 * Guarantees: a job always has an outcome, at once when its signal is aborted; if the thread fails, only that job fails with it,
 * and the next job gets a new thread. An idle thread keeps no process alive.
 */
export class Thread<Job, Answer> {
  readonly #options: ThreadOptions;
  #worker: Worker | undefined;

  /** The thread is started with the first job. */
  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  async run(job: Job, signal: AbortSignal): Promise<ThreadOutcome<Answer>> {
    if (signal.aborted) return { kind: 'aborted' };
    const worker = this.#worker ?? this.#start();
    worker.ref();
    const outcome = await ask<Answer>(worker, job, signal);
    worker.unref();
    if (outcome.kind !== 'done') this.stop();
    return outcome;
  }

  /** Ends the thread, and with it the job under way. Nothing waits until it has ended. */
  stop(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    const { name, file, memoryMb } = this.#options;
    const resourceLimits = { maxOldGenerationSizeMb: memoryMb.old, maxYoungGenerationSizeMb: memoryMb.young };
    const worker = new Worker(file, { resourceLimits, name });
    // Without this listener, an error between two jobs would end the process.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}

const ask = <Answer>(worker: Worker, job: unknown, signal: AbortSignal): Promise<ThreadOutcome<Answer>> =>
  new Promise((resolve) => {
    const onMessage = (answer: Answer): void => settle({ kind: 'done', answer });
    const onError = (error: unknown): void =>
      settle(isOutOfMemory(error) ? { kind: 'exhausted' } : { kind: 'died', error });
    const onExit = (code: number): void => settle({ kind: 'died', error: new Error(`ended with exit code ${code}`) });
    const onAbort = (): void => settle({ kind: 'aborted' });
    const settle = (outcome: ThreadOutcome<Answer>): void => {
      worker.off('message', onMessage).off('messageerror', onError).off('error', onError).off('exit', onExit);
      signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    worker.on('message', onMessage).on('messageerror', onError).on('error', onError).on('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    worker.postMessage(job);
  });

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
