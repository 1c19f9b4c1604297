import type { Answer, Client, Refused } from './client.js';
import type { Clock } from './clock.js';

/** Changes that follow each other within this time are read once. */
const GAP_MS = 400;

/** What is known of something that is read by one call. */
export interface Loaded<T> {
  /** The newest answer there was; it stays while, and if, another one fails. */
  readonly value?: T;
  /** What the last call failed for; left out if it did not. */
  readonly problem?: Refused | { readonly kind: 'lost' };
  /** A call is under way. */
  readonly isLoading: boolean;
}

/** Something that is read by one call, and read again when it has changed; one call at a time. */
export class Resource<T> {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #stopped = new AbortController();
  #loaded: Loaded<T> = { isLoading: true };
  #wanted: string | undefined;
  #isBusy = false;

  constructor(deps: {
    readonly client: Client;
    readonly clock: Clock;
    readonly path: string;
    readonly onChange: () => void;
  }) {
    this.#client = deps.client;
    this.#clock = deps.clock;
    this.#path = deps.path;
    this.#onChange = deps.onChange;
  }

  get loaded(): Loaded<T> {
    return this.#loaded;
  }

  /** Reads it, unless it was read for this version. @param version - any text; another one means that it has changed */
  want(version: string): void {
    if (version === this.#wanted) return;
    this.#wanted = version;
    if (!this.#isBusy) void this.#read();
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stopped.abort();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stopped;
    this.#isBusy = true;
    for (let read: string | undefined; read !== this.#wanted && !signal.aborted; ) {
      read = this.#wanted;
      this.#become(Object.assign({}, this.#loaded, { isLoading: true }));
      const answer = await this.#client.get<T>(this.#path, signal);
      if (signal.aborted) return;
      this.#become(this.#after(answer));
      await this.#clock.sleep(GAP_MS, signal);
    }
    this.#isBusy = false;
  }

  #after(answer: Answer<T>): Loaded<T> {
    if (answer.kind === 'answered') return { value: answer.value, isLoading: false };
    const { value } = this.#loaded;
    return { ...(value !== undefined && { value }), problem: answer, isLoading: false };
  }

  #become(loaded: Loaded<T>): void {
    this.#loaded = loaded;
    this.#onChange();
  }
}
