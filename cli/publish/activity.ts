import type { Clock } from '../../process/ports.js';
import type { SentRequest } from './push.js';

/** Smaller bodies are sent at once. */
const WORTH_TELLING_BYTES = 64 * 1024;

/** What a publication is at: told when it begins, and known when it is given up. */
export class Activity {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #tell: (line: string) => void;
  #what = '';
  #since = 0;
  #publishes = false;
  readonly #notes = new Set<string>();

  constructor(clock: Pick<Clock, 'monotonic'>, tell: (line: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** @param what - `reading ./chart` */
  begin(what: string): void {
    this.#what = what;
    this.#since = this.#clock.monotonic();
    this.#tell(what);
  }

  request({ method, url, bytes }: SentRequest): void {
    const size = bytes > WORTH_TELLING_BYTES ? ` with ${Math.ceil(bytes / 1024)} KiB` : '';
    this.#publishes = method === 'PUT' && /\/manifests\/[^/]+$/.test(url.pathname);
    this.begin(`waiting for ${url.host} to answer ${method} ${url.origin}${url.pathname}${size}`);
  }

  /** It began last. */
  get what(): string {
    return this.#what;
  }

  /** Whole seconds since it began. */
  get seconds(): number {
    return Math.round((this.#clock.monotonic() - this.#since) / 1000);
  }

  /** Keeps what is to be told at the end, once. */
  note(line: string): void {
    this.#notes.add(line);
  }

  get notes(): readonly string[] {
    return [...this.#notes];
  }

  /** Whether the request that publishes was made: from then on it may have happened. */
  get publishes(): boolean {
    return this.#publishes;
  }
}
