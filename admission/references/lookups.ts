import type { Stored } from '../../api/objects.js';
import type { ClusterRef, KubeClient, ResourceType } from '../../kube/client.js';
import { refName, resourceName } from '../../kube/resource-path.js';
import type { LookupMetrics } from '../metrics.js';
import { asKubeError, type LookupTime } from './lookup-time.js';
import type { Slots } from './slots.js';

/** The result of a look-up. `why` is for people; nothing of a Secret's contents is in it. */
export type Fetched<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly why: string };

interface LookupDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly metrics: LookupMetrics;
  readonly slots: Slots;
  readonly time: LookupTime;
}

/** The look-ups of one request: live, and each object at most once. */
export class Lookups {
  readonly #deps: LookupDeps;
  readonly #asked = new Map<string, Promise<Fetched<Stored>>>();

  constructor(deps: LookupDeps) {
    this.#deps = deps;
  }

  /** Never rejects for what the apiserver does. */
  get<S extends Stored>(type: ResourceType<S>, ref: ClusterRef): Promise<Fetched<S>> {
    const key = `${resourceName(type)} ${refName(ref)}`;
    const answer = this.#asked.get(key) ?? this.#ask(type, ref);
    this.#asked.set(key, answer);
    // The type of a resource is the type of its objects.
    return answer as Promise<Fetched<S>>;
  }

  async #ask(type: ResourceType, ref: ClusterRef): Promise<Fetched<Stored>> {
    const { metrics } = this.#deps;
    const answer = await this.#fetch(type, ref);
    metrics.lookedUp(type.kind, answer.kind);
    return answer;
  }

  async #fetch(type: ResourceType, ref: ClusterRef): Promise<Fetched<Stored>> {
    const { client, slots, time } = this.#deps;
    try {
      const value = await slots.run(() => client.get(type, ref, time.signal));
      return value === undefined ? { kind: 'absent' } : { kind: 'found', value };
    } catch (error) {
      return { kind: 'failed', why: time.whyFailed(asKubeError(error)) };
    }
  }
}
