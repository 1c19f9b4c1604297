import type { ObjectRef } from '../api/objects.js';
import type { KubeClient } from '../kube/client.js';
import type { Clock, Log, Random } from '../kube/ports.js';
import { createWorkQueue } from '../kube/work-queue.js';
import { Caches } from './caches.js';
import { EventTeller } from './events.js';
import { Memory } from './memory.js';
import type { Metrics } from './metrics.js';
import type { Platform } from './observation.js';
import type { Registry } from './ports.js';
import { reconcile } from './reconcile.js';
import { createScans } from './scans/scans.js';

export interface ControllerParts {
  readonly client: KubeClient;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly platform: Platform;
  readonly workers: number;
  /** Name of this process in events. */
  readonly instance: string;
  readonly metrics: Metrics;
}

/** Watches, queue, scans and events, tied together. It has a lifetime: {@link Controller.start} to abort. */
export class Controller {
  readonly #parts: ControllerParts;
  readonly #caches: Caches;
  readonly #wake: { add: (ref: ObjectRef) => void } = { add: () => {} };

  /** @param parts - `parts.metrics` may read {@link Controller.bundles} later */
  constructor(parts: ControllerParts) {
    this.#parts = parts;
    this.#caches = new Caches({ ...parts, onChange: (ref) => this.#wake.add(ref) });
  }

  /** All bundles that the caches hold. */
  bundles() {
    return this.#caches.bundles();
  }

  synced(): boolean {
    return this.#caches.synced();
  }

  /** Runs until aborted. Work begins when the caches are filled: what is not seen must not be taken for gone. */
  async start(signal: AbortSignal): Promise<void> {
    const { client, clock, random, log, platform, metrics } = this.#parts;
    const events = new EventTeller({ client, clock, log, instance: this.#parts.instance }, signal);
    const scans = createScans({
      registry: this.#parts.registry,
      clock,
      random,
      log,
      timeScale: platform.timeScale,
      onDelivery: (ref) => this.#wake.add(ref),
      onScan: (result, durationMs) => metrics.scanned(result, durationMs),
    });
    const self = {
      client,
      world: this.#caches,
      scans,
      platform,
      log,
      now: () => clock.now(),
      memory: new Memory(),
      announce: events.tell.bind(events),
      onResult: (result: string) => metrics.deploymentEnded(result),
    };
    const queue = createWorkQueue({
      clock,
      random,
      log,
      workers: this.#parts.workers,
      work: (ref, aborted) => reconcile(self, ref, aborted),
      onDepth: (depth) => metrics.queueDepth(depth),
      onDone: ({ ranMs, result }) => metrics.looked(ranMs, result === 'error'),
    });
    this.#wake.add = (ref) => queue.add(ref);
    const watching = this.#caches.start(signal);
    await this.#caches.whenSynced(signal);
    log.info('controller ready', { bundles: [...this.#caches.bundles()].length });
    await Promise.all([watching, scans.start(signal), queue.start(signal)]);
    await events.settled();
  }
}
