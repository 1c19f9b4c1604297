/** The outcome of waiting for a thread. */
export type TakeOutcome<T> =
  | { readonly kind: 'taken'; readonly thread: T }
  /** The signal was aborted first. */
  | { readonly kind: 'aborted' }
  /** Too much waits already. */
  | { readonly kind: 'full' };

interface Waiting<T> {
  readonly bytes: number;
  give(thread: T): void;
}

/** Shares a few threads among many: the smallest job that waits comes first. */
export class ThreadQueue<T> {
  readonly #idle: T[];
  readonly #maxBytes: number;
  /** By size, the smallest first; of the same size by arrival. */
  #waiting: readonly Waiting<T>[] = [];

  /** @param maxBytes - limit for the sizes of all that wait */
  constructor(threads: readonly T[], maxBytes: number) {
    this.#idle = [...threads].reverse();
    this.#maxBytes = maxBytes;
  }

  /** A thread that is taken must be released. Never rejects. */
  async take(bytes: number, signal: AbortSignal): Promise<TakeOutcome<T>> {
    if (signal.aborted) return { kind: 'aborted' };
    // The one that was used last, so that the others need not be started.
    const thread = this.#idle.pop();
    if (thread !== undefined) return { kind: 'taken', thread };
    const sum = this.#waiting.reduce((total, other) => total + other.bytes, bytes);
    return sum > this.#maxBytes ? { kind: 'full' } : this.#wait(bytes, signal);
  }

  release(thread: T): void {
    const [next, ...others] = this.#waiting;
    this.#waiting = others;
    if (next === undefined) this.#idle.push(thread);
    else next.give(thread);
  }

  #wait(bytes: number, signal: AbortSignal): Promise<TakeOutcome<T>> {
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        resolve({ kind: 'aborted' });
      };
      const waiting: Waiting<T> = {
        bytes,
        give: (thread) => {
          signal.removeEventListener('abort', onAbort);
          resolve({ kind: 'taken', thread });
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting = [...this.#waiting, waiting].toSorted((a, b) => a.bytes - b.bytes);
    });
  }
}
