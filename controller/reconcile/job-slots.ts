import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';

/** How many Jobs there may be at once. 0: as many as there are to be. */
export interface JobSlotLimits {
  readonly total: number;
  /** Of the Jobs in one namespace, the one that is deployed into. */
  readonly perNamespace: number;
}

/** Where a bundle asks for a place, and says that it needs none any more. */
export interface JobSlotQueue {
  /**
   * Asks for a place for a Job that is still to be made. The same may be asked again and again.
   * @returns false: the bundle is in the queue, and is woken when it has a place
   */
  request(bundle: ObjectRef, job: ObjectRef): boolean;
  /** Whatever the bundle had asked for, it does not need it: others may have it. */
  release(bundle: ObjectRef): void;
}

interface Asker {
  readonly bundle: ObjectRef;
  readonly job: ObjectRef;
}

/**
 * The places for Jobs. A place is taken by a Job that has not ended, as the watch shows it, or was given for one that is still to be
 * made; so a process that starts counts what the last one left. Namespaces that wait take turns; within one, who came first goes first.
 *
 * Guarantees: never more places are taken than the limits allow, but for Jobs that were there before; no one waits while there is room.
 */
export class JobSlots implements JobSlotQueue {
  readonly #limits: JobSlotLimits;
  readonly #onGranted: (bundle: ObjectRef) => void;
  /** Namespaces of the Jobs that have not ended, by the Jobs' keys. */
  readonly #running = new Map<string, string>();
  /** By the bundles' keys. */
  readonly #given = new Map<string, Asker>();
  /** By namespace, the one whose turn is next first; then by the bundles' keys. */
  readonly #waiting = new Map<string, Map<string, Asker>>();

  /** @param onPlace - called for a bundle that has waited, once it has a place; it is to ask again */
  constructor(limits: JobSlotLimits, onGranted: (bundle: ObjectRef) => void) {
    this.#limits = limits;
    this.#onGranted = onGranted;
  }

  request(bundle: ObjectRef, job: ObjectRef): boolean {
    const asker = { bundle, job };
    const key = objectKey(bundle);
    if (this.#running.has(objectKey(job))) return true;
    if (this.#given.has(key)) {
      this.#given.set(key, asker);
      return true;
    }
    const queue = this.#waiting.get(job.namespace) ?? new Map<string, Asker>();
    this.#waiting.set(job.namespace, queue.set(key, asker));
    this.#handOut(key);
    return this.#given.has(key);
  }

  release(bundle: ObjectRef): void {
    const key = objectKey(bundle);
    const had = this.#given.delete(key);
    for (const [namespace, queue] of this.#waiting) {
      if (queue.delete(key) && queue.size === 0) this.#waiting.delete(namespace);
    }
    if (had) this.#handOut();
  }

  /** What the watch shows of a Job. @param active - it is there, and has not ended */
  jobChanged(job: ObjectRef, active: boolean): void {
    const key = objectKey(job);
    for (const [bundle, given] of this.#given) if (objectKey(given.job) === key) this.#given.delete(bundle);
    if (active) this.#running.set(key, job.namespace);
    else this.#running.delete(key);
    this.#handOut();
  }

  /** @param asking - knows by itself */
  #handOut(asking?: string): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const key = objectKey(next.bundle);
      this.#given.set(key, next);
      if (key !== asking) this.#onGranted(next.bundle);
    }
  }

  /** Takes the next one out of the queue, if there is room; its namespace goes to the end. */
  #next(): Asker | undefined {
    const { total, perNamespace } = this.#limits;
    if (total > 0 && this.#running.size + this.#given.size >= total) return undefined;
    for (const [namespace, queue] of this.#waiting) {
      if (perNamespace > 0 && this.#takenIn(namespace) >= perNamespace) continue;
      const [first] = queue;
      if (first === undefined) continue;
      queue.delete(first[0]);
      this.#waiting.delete(namespace);
      if (queue.size > 0) this.#waiting.set(namespace, queue);
      return first[1];
    }
    return undefined;
  }

  #takenIn(namespace: string): number {
    let taken = 0;
    for (const one of this.#running.values()) if (one === namespace) taken += 1;
    for (const { job } of this.#given.values()) if (job.namespace === namespace) taken += 1;
    return taken;
  }
}
