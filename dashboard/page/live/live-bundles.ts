import type { FeedLine } from '../../protocol.js';
import { RowStore } from '../rows/row-store.js';
import type { Client, LinesEnd } from './client.js';
import type { Clock } from './clock.js';
import { type Connection, connectionAfter, connectionLost, isKnownLine, retryDelayMs } from './connection.js';

/** The server says something every 15 s: after this long it is no longer there, whatever the network says. */
const SILENCE_MS = 40_000;

/** The list as the server tells it: follows the feed, and begins again when it breaks off. */
export class LiveBundles {
  readonly rows = new RowStore();
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #connection: Connection = { kind: 'connecting' };
  #listings = 0;
  #isOutdated = false;
  #revision = 0;
  #following = new AbortController();
  #waiting = new AbortController();

  /** @param onChange - hears of each change, often many in a row */
  constructor(deps: { readonly client: Client; readonly clock: Clock; readonly onChange: () => void }) {
    this.#client = deps.client;
    this.#clock = deps.clock;
    this.#onChange = deps.onChange;
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** How often the list has been whole: what was read before another one may be old. */
  get listings(): number {
    return this.#listings;
  }

  /** The server has said what this page does not know, since it is newer. */
  get isOutdated(): boolean {
    return this.#isOutdated;
  }

  /** Another one means that something is another one. */
  get revision(): number {
    return this.#revision;
  }

  /** Follows these namespaces from now on; none: all. What is known of others is dropped at once. */
  follow(namespaces: readonly string[]): void {
    this.#following.abort();
    this.#following = new AbortController();
    this.rows.retain(namespaces);
    this.#become({ kind: 'connecting' });
    void this.#run(pathOf(namespaces), this.#following.signal);
  }

  /** Tries again at once what would be tried later. */
  retry(): void {
    this.#waiting.abort();
  }

  /** Ends it, for good. */
  stop(): void {
    this.#following.abort();
  }

  async #run(path: string, signal: AbortSignal): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      const { end, heard } = await this.#listen(path, signal);
      if (signal.aborted || this.#connection.kind === 'refused') return;
      if (end.kind === 'refused' && end.status < 500) return this.#become(end);
      if (heard) failures = 1;
      const delay = retryDelayMs(failures);
      this.#become(connectionLost(this.#connection, this.#clock.now(), delay));
      this.#waiting = new AbortController();
      await this.#clock.sleep(delay, AbortSignal.any([signal, this.#waiting.signal]));
      if (signal.aborted) return;
    }
  }

  /** One stream, until it ends or falls silent. */
  async #listen(path: string, signal: AbortSignal): Promise<{ readonly end: LinesEnd; readonly heard: boolean }> {
    const silent = new AbortController();
    let heard = false;
    const watch = () => this.#clock.after(SILENCE_MS, () => silent.abort());
    let cancel = watch();
    const take = (line: FeedLine): void => {
      if (signal.aborted) return;
      cancel();
      cancel = watch();
      heard = true;
      this.#take(line);
    };
    const end = await this.#client.lines(path, AbortSignal.any([signal, silent.signal]), take);
    cancel();
    return { end, heard };
  }

  #take(line: FeedLine): void {
    this.#isOutdated ||= !isKnownLine(line);
    this.rows.take(line);
    if (line.kind === 'listed') this.#listings += 1;
    this.#become(connectionAfter(this.#connection, line, this.#clock.now()));
  }

  #become(connection: Connection): void {
    this.#connection = connection;
    this.#revision += 1;
    this.#onChange();
  }
}

const pathOf = (namespaces: readonly string[]): string => {
  const query = new URLSearchParams(namespaces.map((namespace): [string, string] => ['namespace', namespace]));
  return namespaces.length === 0 ? '/api/bundles' : `/api/bundles?${query}`;
};
