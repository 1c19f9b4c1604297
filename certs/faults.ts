import { KubeError } from '../kube/client.js';
import type { Log } from '../process/ports.js';
import { StartError } from '../process/start-error.js';

/** A failure that the surroundings are to blame for, and not a bug. */
const isExpected = (error: unknown): error is KubeError | StartError =>
  error instanceof KubeError || error instanceof StartError;

/**
 * Logs when something begins to fail and when it works again, and nothing in between.
 * @typeParam What - the things that may fail, as they are logged: `publish the certificates`
 */
export class Faults<What extends string> {
  readonly #log: Log;
  readonly #present = new Map<What, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether anything fails at present. */
  get any(): boolean {
    return this.#present.size > 0;
  }

  /**
   * Runs `run`. @returns its result, or undefined if it failed
   * @throws bugs
   */
  async heed<T>(what: What, run: () => Promise<T>): Promise<T | undefined> {
    let result: T;
    try {
      result = await run();
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (!(error instanceof KubeError && error.code === 'aborted')) this.#failed(what, error.message);
      return undefined;
    }
    if (this.#present.delete(what)) this.#log.info(`works again: ${what}`);
    return result;
  }

  #failed(what: What, reason: string): void {
    if (this.#present.get(what) !== reason) this.#log.warn(`can't ${what}`, { reason });
    this.#present.set(what, reason);
  }
}
