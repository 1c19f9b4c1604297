import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../../process/ports.js';

/** A sign of life where nothing else is said, milliseconds: proxies end what is silent for a minute. */
const ALIVE_MS = 15_000;
/** What a page has not read of its lines, bytes: with more it is cut off, and begins again when it reads. All of 10,000 bundles have 6 MB. */
const MOST_UNREAD = 32 * 1024 * 1024;

/** An answer that goes on: an object of JSON a line. Its head is sent with the first line, so that a refusal may still take its place. */
export class LineStream<Line extends object> {
  readonly #response: ServerResponse;
  readonly #clock: Pick<Clock, 'startTimer'>;
  readonly #alive: () => Line;
  #timer: Timer | undefined;

  /** @param alive - the line for where nothing else is said */
  constructor(response: ServerResponse, clock: Pick<Clock, 'startTimer'>, alive: () => Line) {
    this.#response = response;
    this.#clock = clock;
    this.#alive = alive;
    response.once('close', () => this.#timer?.cancel());
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
    if (response.writableLength > MOST_UNREAD) response.destroy();
    else this.#aliveLater();
  }

  /** Nothing more comes. */
  end(): void {
    this.#timer?.cancel();
    this.#response.end();
  }

  #aliveLater(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.startTimer(ALIVE_MS, () => this.send(this.#alive()));
  }
}
