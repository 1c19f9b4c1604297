import { Worker } from 'node:worker_threads';
import type { ValuesFindings } from './judge-values.js';
import type { ValuesJob } from './values-job.js';

/**
 * How a job ended. `exhausted`: it took more memory than a thread may have, and will again. `died`: a bug, or the thread could not
 * be started.
 */
export type ThreadOutcome =
  | { readonly kind: 'done'; readonly findings: ValuesFindings }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'died'; readonly error: unknown };

/**
 * What a thread may take, megabytes. Dense YAML of 256 KiB needs about 100 for a moment; with the webhook's own 100 this has to stay
 * below the 256 of its container.
 */
const MEMORY = { maxOldGenerationSizeMb: 112, maxYoungGenerationSizeMb: 16 };

/**
 * One thread that reads values, one job at a time.
 *
 * Guarantees: a job always has an outcome, at once when its signal is aborted; whatever becomes of the thread is no more than
 * that job's outcome; the next job gets a new one. An idle thread keeps no process alive.
 */
export class ValuesThread {
  readonly #file: URL;
  #worker: Worker | undefined;

  /** @param file - the program of the thread; it is started with the first job */
  constructor(file: URL) {
    this.#file = file;
  }

  async run(job: ValuesJob, signal: AbortSignal): Promise<ThreadOutcome> {
    if (signal.aborted) return { kind: 'aborted' };
    const worker = this.#worker ?? this.#start();
    worker.ref();
    const outcome = await ask(worker, job, signal);
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
    const worker = new Worker(this.#file, { resourceLimits: MEMORY, name: 'values' });
    // Without a listener of its own an error that comes when nothing is asked would end the process.
    worker.on('error', () => {});
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}

const ask = (worker: Worker, job: ValuesJob, signal: AbortSignal): Promise<ThreadOutcome> =>
  new Promise((resolve) => {
    const onMessage = (findings: ValuesFindings): void => settle({ kind: 'done', findings });
    const onError = (error: unknown): void =>
      settle(isOutOfMemory(error) ? { kind: 'exhausted' } : { kind: 'died', error });
    const onExit = (code: number): void => settle({ kind: 'died', error: new Error(`ended with exit code ${code}`) });
    const onAbort = (): void => settle({ kind: 'aborted' });
    const settle = (outcome: ThreadOutcome): void => {
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
