import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';

/** How many Jobs may exist at once. 0: no limit. */
export interface JobSlotLimits {
  readonly total: number;
  /** Limit for the Jobs of one target namespace. */
  readonly perNamespace: number;
}

/** Where a bundle requests a job slot, and releases it. */
export interface JobSlotQueue {
  /**
   * Requests a slot for a Job that is still to be created. May be repeated.
   * @returns false: the bundle is in the queue, and is woken when it has a slot
   */
  request(bundle: ObjectRef, job: ObjectRef): boolean;
  /** Gives up what the bundle has requested, so that others may have it. */
  release(bundle: ObjectRef): void;
}

/** How many job slots there are of each kind. */
export interface JobSlotCounts {
  /** By Jobs that have not ended, and granted for those that are still to be created. */
  readonly taken: number;
  /** Bundles in the queue. */
  readonly waiting: number;
}

interface Asker {
  readonly bundle: ObjectRef;
  readonly job: ObjectRef;
}

/**
 * The job slots. A slot is taken by a Job that has not ended, as the watch shows it, or is granted for one that is still to be created;
 * so a process that starts counts the Jobs of the last one. Namespaces that wait take turns; within one, it is first come, first served.
 *
 * Guarantees: no more slots are granted than the limits allow, though Jobs may exceed them that existed before; no bundle waits while a
 * slot is free.
 */
export class JobSlots implements JobSlotQueue {
  readonly #limits: JobSlotLimits;
  readonly #onGranted: (bundle: ObjectRef) => void;
  /** Namespaces of the Jobs that have not ended, by the Jobs' keys. */
  readonly #running = new Map<string, string>();
  /** By the bundles' keys. */
  readonly #given = new Map<string, Asker>();
  /** By namespace, in the order of their turns; then by the bundles' keys. */
  readonly #waiting = new Map<string, Map<string, Asker>>();

  /** @param onGranted - called for a bundle that has waited, once it has a slot; it then has to request it again */
  constructor(limits: JobSlotLimits, onGranted: (bundle: ObjectRef) => void) {
    this.#limits = limits;
    this.#onGranted = onGranted;
  }

  get counts(): JobSlotCounts {
    let waiting = 0;
    for (const queue of this.#waiting.values()) waiting += queue.size;
    return { taken: this.#running.size + this.#given.size, waiting };
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

  /** Called for what the watch shows of a Job. @param active - it exists, and has not ended */
  jobChanged(job: ObjectRef, active: boolean): void {
    const key = objectKey(job);
    for (const [bundle, given] of this.#given) if (objectKey(given.job) === key) this.#given.delete(bundle);
    if (active) this.#running.set(key, job.namespace);
    else this.#running.delete(key);
    this.#handOut();
  }

  /** Grants free slots. @param asking - key of the bundle that is requesting just now, and need not be called */
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
