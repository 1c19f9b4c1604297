import { EventEmitter, once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../process/ports.js';

type Stream = 'stdout' | 'stderr';

/** Longer lines are cut into pieces tagged P, as CRI has it. */
const LINE_BYTES = 16 * 1024;
const NEWLINE = 10;

/**
 * What a container prints, written to a file in CRI's form: `2026-01-02T03:04:05.678Z stdout F text`, P in place of F for a
 * piece of a line that goes on. The file outlives this object.
 */
export class ContainerLog {
  readonly file: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #descriptor: number;
  readonly #rest: Record<Stream, Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #ended = false;

  constructor(file: string, clock: Pick<Clock, 'now'>) {
    mkdirSync(dirname(file), { recursive: true });
    this.file = file;
    this.#clock = clock;
    this.#descriptor = openSync(file, 'a', 0o600);
  }

  /** Whether the container has printed its last. */
  get ended(): boolean {
    return this.#ended;
  }

  write(stream: Stream, chunk: Buffer): void {
    if (this.#ended) return;
    let rest = Buffer.concat([this.#rest[stream], chunk]);
    const lines: Buffer[] = [];
    for (let end = rest.indexOf(NEWLINE); end >= 0 || rest.length > LINE_BYTES; end = rest.indexOf(NEWLINE)) {
      const whole = end >= 0 && end <= LINE_BYTES;
      const length = whole ? end : LINE_BYTES;
      lines.push(this.#line(stream, whole ? 'F' : 'P', rest.subarray(0, length)));
      rest = rest.subarray(whole ? length + 1 : length);
    }
    this.#rest[stream] = rest;
    this.#append(lines);
  }

  /** Writes the rest of an unfinished last line; then all followers reach the end. */
  end(): void {
    if (this.#ended) return;
    const streams = ['stdout', 'stderr'] as const;
    this.#append(
      streams
        .filter((stream) => this.#rest[stream].length > 0)
        .map((stream) => this.#line(stream, 'P', this.#rest[stream])),
    );
    this.#ended = true;
    closeSync(this.#descriptor);
    this.#changes.emit('change');
  }

  /** Resolves at the next change; rejects when the signal is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal });
  }

  #line(stream: Stream, tag: 'F' | 'P', text: Buffer): Buffer {
    const time = new Date(this.#clock.now()).toISOString();
    return Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), text, Buffer.from('\n')]);
  }

  #append(lines: readonly Buffer[]): void {
    if (lines.length === 0) return;
    writeSync(this.#descriptor, Buffer.concat(lines));
    this.#changes.emit('change');
  }
}
