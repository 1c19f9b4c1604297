import { objectKey } from '../api/object-key.js';
import type { ObjectRef } from '../api/objects.js';
import { DueHeap } from '../process/due-heap.js';
import type { Clock, Log, Random, Timer } from '../process/ports.js';
import { untilAborted } from '../process/sleep.js';
import { FairLine } from './fair-line.js';
import { dueAt, idle, isForgettable, type KeyEvent, type KeyState, type Next, stepKey } from './work-queue-step.js';

export type { Next } from './work-queue-step.js';

interface WorkQueueDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** How many keys run at once. */
  readonly workers: number;
  /**
   * `log` marks all lines of one run with a reconcileId. A throw is a bug or an unhandled IO failure: it is logged with its stack, and
   * the key is retried as after `backoff`.
   */
  readonly work: (ref: ObjectRef, signal: AbortSignal, log: Log) => Promise<Next>;
  /** For workqueue_depth: keys in the line now. */
  readonly onDepth?: (depth: number) => void;
  /** For workqueue_duration_seconds and reconcile_errors_total. Milliseconds. */
  readonly onDone?: (run: { readonly ranMs: number; readonly result: Next['kind'] | 'error' }) => void;
}

/**
 * Runs the work of many keys: one key never twice at once. Namespaces take turns, and none has all workers.
 * The cost of a call does not grow with the number of keys (timers: its logarithm).
 */
export interface WorkQueue {
  /** Runs the key as soon as a worker is free; once more if it is running now. */
  add(ref: ObjectRef): void;
  /** Runs the key in `ms` at the latest. */
  addAfter(ref: ObjectRef, ms: number): void;
  /** Drops the key's timers and failures. A run under way goes on, and its result counts. */
  forget(ref: ObjectRef): void;
  /** Resolves when the signal was aborted and running work has ended. */
  start(signal: AbortSignal): Promise<void>;
  /** Keys that wait for a worker. */
  depth(): number;
}

/** A {@link WorkQueue} that has not been started; what is added before waits. */
export const createWorkQueue = (deps: WorkQueueDeps): WorkQueue => new KeyedWorkQueue(deps);

class KeyedWorkQueue implements WorkQueue {
  readonly #deps: WorkQueueDeps;
  readonly #keys = new Map<string, { readonly ref: ObjectRef; readonly state: KeyState }>();
  readonly #line = new FairLine();
  /** How many keys of each namespace run. */
  readonly #busy = new Map<string, number>();
  readonly #timers = new DueHeap<string>();
  readonly #running = new Set<Promise<void>>();
  #alarm: { readonly until: number; readonly timer: Timer } | undefined;
  #signal: AbortSignal | undefined;
  #pumping = false;

  constructor(deps: WorkQueueDeps) {
    this.#deps = deps;
  }

  add(ref: ObjectRef): void {
    this.#apply(ref, { kind: 'add' });
  }

  addAfter(ref: ObjectRef, ms: number): void {
    this.#apply(ref, { kind: 'add-after', at: this.#deps.clock.monotonic() + Math.max(0, ms) });
  }

  forget(ref: ObjectRef): void {
    if (!this.#keys.has(objectKey(ref))) return;
    this.#apply(ref, { kind: 'forget' });
  }

  depth(): number {
    return this.#line.size;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#pump();
    this.#arm();
    await untilAborted(signal);
    this.#alarm?.timer.cancel();
    await Promise.all(this.#running);
  }

  #apply(ref: ObjectRef, event: KeyEvent): void {
    const key = objectKey(ref);
    const before = this.#keys.get(key)?.state ?? idle;
    const state = stepKey(before, event);
    if (isForgettable(state)) this.#keys.delete(key);
    else this.#keys.set(key, { ref, state });
    this.#timers.set(key, dueAt(state));
    if (state.phase === 'queued' && before.phase !== 'queued') {
      this.#line.add(ref.namespace, key);
      this.#deps.onDepth?.(this.#line.size);
      this.#pumpSoon();
    }
    this.#arm();
  }

  /** Pumps after the caller's turn: what the caller still adds belongs to the run that is about to begin. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Gives waiting keys to free workers. */
  #pump(): void {
    const signal = this.#signal;
    if (signal === undefined || signal.aborted) return;
    while (this.#running.size < this.#deps.workers) {
      const key = this.#line.take((namespace) => (this.#busy.get(namespace) ?? 0) < this.#share());
      const known = key === undefined ? undefined : this.#keys.get(key);
      if (known === undefined) break;
      const { namespace } = known.ref;
      this.#apply(known.ref, { kind: 'taken' });
      this.#occupy(namespace, 1);
      const run = this.#run(known.ref, signal).finally(() => {
        this.#running.delete(run);
        this.#occupy(namespace, -1);
        this.#pump();
      });
      this.#running.add(run);
    }
    this.#deps.onDepth?.(this.#line.size);
  }

  /** How many workers one namespace may have: however slow its runs are, a quarter of the workers is left for others. */
  #share(): number {
    const { workers } = this.#deps;
    return Math.max(1, workers - Math.max(1, Math.floor(workers / 4)));
  }

  #occupy(namespace: string, change: 1 | -1): void {
    const busy = (this.#busy.get(namespace) ?? 0) + change;
    if (busy === 0) this.#busy.delete(namespace);
    else this.#busy.set(namespace, busy);
  }

  async #run(ref: ObjectRef, signal: AbortSignal): Promise<void> {
    const { clock, random, onDone } = this.#deps;
    const startedAt = clock.monotonic();
    const next = await this.#attempt(ref, signal);
    const now = clock.monotonic();
    onDone?.({ ranMs: now - startedAt, result: next?.kind ?? 'error' });
    this.#apply(ref, { kind: 'done', next: next ?? { kind: 'backoff' }, now, uniform: random.uniform() });
  }

  async #attempt(ref: ObjectRef, signal: AbortSignal): Promise<Next | undefined> {
    const { work, random } = this.#deps;
    const log = this.#deps.log.child({ reconcileId: idOf(random.uniform()) });
    try {
      return await work(ref, signal, log);
    } catch (error) {
      // Aborted work may fail in any way.
      if (signal.aborted) return { kind: 'backoff' };
      log.error('reconcile failed', { object: objectKey(ref), error });
      return undefined;
    }
  }

  /** One timer for all: of the first of them, set anew when an earlier one comes in. */
  #arm(): void {
    const until = this.#timers.nextAt;
    const signal = this.#signal;
    if (until === Number.POSITIVE_INFINITY || signal === undefined || signal.aborted) return;
    if (this.#alarm !== undefined && this.#alarm.until <= until) return;
    this.#alarm?.timer.cancel();
    const { clock } = this.#deps;
    this.#alarm = { until, timer: clock.startTimer(until - clock.monotonic(), () => this.#wake(until)) };
  }

  #wake(until: number): void {
    this.#alarm = undefined;
    const now = Math.max(this.#deps.clock.monotonic(), until);
    for (let key = this.#timers.takeDue(now); key !== undefined; key = this.#timers.takeDue(now)) {
      const known = this.#keys.get(key);
      if (known !== undefined) this.#apply(known.ref, { kind: 'due', now });
    }
    this.#arm();
  }
}

/** Eight hexadecimal digits. */
const idOf = (uniform: number): string =>
  Math.floor(uniform * 0xffffffff)
    .toString(16)
    .padStart(8, '0');
