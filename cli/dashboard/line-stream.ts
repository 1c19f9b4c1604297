import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../process/ports.js';

/** A sign of life where nothing else is said, milliseconds: proxies end what is silent for a minute. */
const ALIVE_MS = 15_000;
/** What a page has not read of its lines, bytes: with more it is cut off, and begins again when it reads. All of 10,000 bundles have 6 MB. */
const MOST_UNREAD = 16 * 1024 * 1024;
/** The same of all pages, so that those that do not read can't fill the heap: above it, who has left much unread is cut off, and not who reads. */
const MOST_UNREAD_OF_ALL = 48 * 1024 * 1024;
const MUCH_UNREAD = 512 * 1024;

/** What the pages of one server have not read, all together. */
export class Unread {
  #bytes = 0;

  /** @param bytes - more than before, or less if below 0 */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** What one page may leave unread as things are, bytes. */
  get most(): number {
    return this.#bytes > MOST_UNREAD_OF_ALL ? MUCH_UNREAD : MOST_UNREAD;
  }
}

interface StreamDeps<Line> {
  readonly clock: Pick<Clock, 'startTimer'>;
  /** Of all pages of the server, this one included. */
  readonly unread: Unread;
  /** The line for where nothing else is said. */
  readonly alive: () => Line;
}

/** An answer that goes on: an object of JSON a line. Its head is sent with the first line, so that a refusal may still take its place. */
export class LineStream<Line extends object> {
  readonly #response: ServerResponse;
  readonly #deps: StreamDeps<Line>;
  #timer: Timer | undefined;
  #unread = 0;

  constructor(response: ServerResponse, deps: StreamDeps<Line>) {
    this.#response = response;
    this.#deps = deps;
    response.on('drain', () => this.#count(response.writableLength));
    response.once('close', () => {
      this.#timer?.cancel();
      this.#count(0);
    });
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Sends a line; nothing once the page is gone. */
  send(line: Line): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/x-ndjson; charset=utf-8' });
    response.write(`${JSON.stringify(line)}\n`);
    this.#count(response.writableLength);
    if (this.#unread > this.#deps.unread.most) response.destroy();
    else this.#aliveLater();
  }

  /** Resolves when the page has read what was sent, is gone, or the signal is aborted: for what could be sent faster than anybody reads. */
  async read(signal: AbortSignal): Promise<void> {
    const response = this.#response;
    if (!response.writableNeedDrain || response.destroyed || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        response.off('drain', done).off('close', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      response.on('drain', done).on('close', done);
      signal.addEventListener('abort', done);
    });
  }

  /** Nothing more comes. */
  end(): void {
    this.#timer?.cancel();
    this.#response.end();
  }

  #count(unread: number): void {
    this.#deps.unread.add(unread - this.#unread);
    this.#unread = unread;
  }

  #aliveLater(): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.startTimer(ALIVE_MS, () => this.send(this.#deps.alive()));
  }
}
