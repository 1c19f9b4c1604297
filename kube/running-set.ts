import { setMaxListeners } from 'node:events';

/** Tasks that run until one signal is aborted; more may come while they run. A task rejects for bugs only. */
export class RunningSet {
  readonly #waiting: ((signal: AbortSignal) => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();
  #signal: AbortSignal | undefined;
  #fail: (fault: unknown) => void = () => {};

  /** Starts the task, or keeps it until {@link RunningSet.run} is called. */
  add(task: (signal: AbortSignal) => Promise<void>): void {
    if (this.#signal === undefined) {
      this.#waiting.push(task);
      return;
    }
    const running = task(this.#signal);
    running.catch((fault: unknown) => this.#fail(fault));
    this.#running.add(running);
  }

  /** Resolves when the signal was aborted and all tasks have ended; rejects with what the first of them threw. */
  async run(signal: AbortSignal): Promise<void> {
    // Each task listens to it, and so does much of what a task does.
    setMaxListeners(0, signal);
    this.#signal = signal;
    const ended = new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    for (const task of this.#waiting.splice(0)) this.add(task);
    await ended;
    await Promise.all(this.#running);
  }
}
