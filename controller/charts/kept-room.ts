import { LRUCache } from 'lru-cache';
import type { Clock } from '../../process/ports.js';

/** How many ConfigMaps of charts a controller has at once: each name that a status can give is one, and etcd has to bear them all. */
const MOST = 500;
/** What is in them, bytes: etcd has 2 GiB for a cluster, unless it is set up otherwise. */
const MOST_BYTES = 64 * 1024 * 1024;
/** How many uses are remembered: more than there can be ConfigMaps. */
const USES = 2 * MOST;

/**
 * The room that there is for kept charts. Counts what this process has written since the sweep has listed what is there; whoever
 * writes asks first, so that those who write at the same time do not pass the bound together.
 */
export class KeptRoom {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Bytes by names. */
  #kept = new Map<string, number>();
  /** Written while a list is under way, which may not have it. */
  #meanwhile = new Map<string, number>();
  #bytes = 0;
  #isTold = false;
  readonly #uses = new LRUCache<string, number>({ max: USES });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** @returns `there`: it was taken before; `full-again`: this is known since the last sweep */
  take(name: string, bytes: number): 'taken' | 'there' | 'full' | 'full-again' {
    if (this.#kept.has(name)) return 'there';
    if (this.#kept.size >= MOST || this.#bytes + bytes > MOST_BYTES) {
      const told = this.#isTold;
      this.#isTold = true;
      return told ? 'full-again' : 'full';
    }
    this.found(name, bytes);
    return 'taken';
  }

  /** It is there, whoever has written it. */
  found(name: string, bytes: number): void {
    this.#bytes += bytes - (this.#kept.get(name) ?? 0);
    this.#kept.set(name, bytes);
    this.#meanwhile.set(name, bytes);
  }

  /** It is not there any more. */
  free(name: string): void {
    this.#bytes -= this.#kept.get(name) ?? 0;
    this.#kept.delete(name);
    this.#meanwhile.delete(name);
  }

  /** Call it before what is there is listed. */
  startListing(): void {
    this.#meanwhile = new Map();
  }

  /** All that is there. */
  listed(all: Iterable<readonly [name: string, bytes: number]>): void {
    this.#kept = new Map([...all, ...this.#meanwhile]);
    this.#bytes = [...this.#kept.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#isTold = false;
  }

  /** Something is judged by it now: the status will name it, if it is deployed or refused. */
  use(name: string): void {
    this.#uses.set(name, this.#clock.monotonic());
  }

  /** Whether it was used in the last `ms` milliseconds. */
  isUsed(name: string, ms: number): boolean {
    const at = this.#uses.get(name);
    return at !== undefined && this.#clock.monotonic() - at < ms;
  }
}
