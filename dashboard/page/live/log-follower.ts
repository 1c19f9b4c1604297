import type { LogLine } from '../../protocol.js';
import type { Client, Refused } from './client.js';
import { EMPTY_LOG, type LogView, logAfter } from './log-buffer.js';

/** How the reading of a log goes. */
type LogReading =
  | { readonly kind: 'reading' }
  /** All of it is there. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'lost' }
  | Refused;

/** Reads one log, from when it is made until it ends or is stopped. */
export class LogFollower {
  readonly #onChange: () => void;
  readonly #stopped = new AbortController();
  #log = EMPTY_LOG;
  #reading: LogReading = { kind: 'reading' };

  constructor({ onChange }: { readonly onChange: () => void }) {
    this.#onChange = onChange;
  }

  get log(): LogView {
    return this.#log;
  }

  get reading(): LogReading {
    return this.#reading;
  }

  /** Reads it; at most once. @param path - `/api/bundles/…/log` */
  async read(client: Client, path: string): Promise<void> {
    const { signal } = this.#stopped;
    const end = await client.lines<LogLine>(path, signal, (line) => {
      this.#log = logAfter(this.#log, line);
      this.#onChange();
    });
    if (signal.aborted) return;
    const isWhole = this.#log.ended !== undefined || this.#log.isKept;
    this.#reading = end.kind === 'ended' && !isWhole ? { kind: 'lost' } : end;
    this.#onChange();
  }

  /** Ends it. */
  stop(): void {
    this.#stopped.abort();
  }
}
