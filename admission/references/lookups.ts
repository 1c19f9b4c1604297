import type { Stored } from '../../api/objects.js';
import type { ClusterRef, KubeClient, ResourceType } from '../../kube/client.js';
import { getOnce, type Reads } from '../../kube/get-once.js';
import type { Semaphore } from '../../process/semaphore.js';
import type { LookupMetrics } from '../metrics.js';
import { asKubeError, type LookupTime } from './lookup-time.js';

/** The result of a look-up. `why` is for people; nothing of a Secret's contents is in it. */
export type Fetched<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string };

interface LookupDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly metrics: LookupMetrics;
  readonly slots: Semaphore;
  readonly time: LookupTime;
}

/** The look-ups of one request: live, and each object at most once. */
export class Lookups {
  readonly #deps: LookupDeps;
  readonly #reads: Reads;

  constructor(deps: LookupDeps) {
    this.#deps = deps;
    this.#reads = getOnce({ get: (type, ref, signal) => this.#ask(type, ref, signal) });
  }

  /** Never rejects for what the apiserver does. */
  async get<S extends Stored>(type: ResourceType<S>, ref: ClusterRef): Promise<Fetched<S>> {
    const { time } = this.#deps;
    try {
      const value = await this.#reads.get(type, ref, time.signal);
      return value === undefined ? { kind: 'absent' } : { kind: 'found', value };
    } catch (error) {
      return { kind: 'failed', why: time.whyFailed(asKubeError(error)) };
    }
  }

  async #ask<S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal): Promise<S | undefined> {
    const { client, metrics, slots } = this.#deps;
    let result: Fetched<S>['kind'] = 'failed';
    try {
      const value = await slots.run(() => client.get(type, ref, signal));
      result = value === undefined ? 'absent' : 'found';
      return value;
    } finally {
      metrics.lookedUp(type.kind, result);
    }
  }
}
