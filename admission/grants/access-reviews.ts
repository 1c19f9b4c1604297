import type { ResourceAttributes } from '../../api/objects.js';
import type { KubeClient } from '../../kube/client.js';
import { SUBJECT_ACCESS_REVIEWS } from '../../kube/resources.js';
import type { Semaphore } from '../../process/semaphore.js';
import type { Requester } from '../admission-request.js';
import type { LookupMetrics } from '../metrics.js';
import { asKubeError, type LookupTime } from '../references/lookup-time.js';

/** A permission that RBAC, or another authorizer of the cluster, grants or denies. */
export interface Permission extends ResourceAttributes {
  readonly verb: 'create' | 'get' | 'approve';
}

/** Whether a user has a permission; `why` it is not known is for people. */
export type Review =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'failed'; readonly why: string };

interface ReviewDeps {
  readonly client: Pick<KubeClient, 'ask'>;
  readonly metrics: LookupMetrics;
  readonly slots: Semaphore;
  readonly time: LookupTime;
}

/** Asks the apiserver what the user behind a request may do; each question at most once. */
export class AccessReviews {
  readonly #deps: ReviewDeps;
  readonly #requester: Requester;
  readonly #asked = new Map<string, Promise<Review>>();

  constructor(deps: ReviewDeps, requester: Requester) {
    this.#deps = deps;
    this.#requester = requester;
  }

  /** Never rejects for what the apiserver does. */
  may(permission: Permission): Promise<Review> {
    const { verb, group, resource, namespace, name } = permission;
    const key = JSON.stringify([verb, group, resource, namespace, name ?? null]);
    const answer = this.#asked.get(key) ?? this.#ask(permission);
    this.#asked.set(key, answer);
    return answer;
  }

  async #ask(permission: Permission): Promise<Review> {
    const review = await this.#review(permission);
    this.#deps.metrics.lookedUp(SUBJECT_ACCESS_REVIEWS.kind, review.kind);
    return review;
  }

  async #review(permission: Permission): Promise<Review> {
    const { client, slots, time } = this.#deps;
    const { username, uid, groups, extra } = this.#requester;
    const spec = { user: username, uid, groups, extra, resourceAttributes: permission };
    try {
      const status = await slots.run(() => client.ask(SUBJECT_ACCESS_REVIEWS, spec, time.signal));
      // Anything but a clear yes is a no.
      return status?.allowed === true && status.denied !== true ? { kind: 'allowed' } : { kind: 'denied' };
    } catch (error) {
      return { kind: 'failed', why: time.whyFailed(asKubeError(error)) };
    }
  }
}
