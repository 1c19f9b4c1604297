import type { KubeObject } from '../../api/objects.js';
import type { KubeClient } from '../../kube/client.js';
import { SUBJECT_ACCESS_REVIEWS } from '../../kube/resources.js';
import type { Semaphore } from '../../process/semaphore.js';
import type { Requester } from '../admission-request.js';
import type { LookupMetrics } from '../metrics.js';
import { asKubeError, type LookupTime } from '../references/lookup-time.js';

/** Something that RBAC, or whatever else decides in this cluster, allows or not. */
export interface Permission {
  readonly verb: 'create' | 'get';
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  /** Any, if left out. */
  readonly name?: string;
}

/** Whether somebody may; `why` it is not known is for people. */
export type Review =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'denied' }
  | { readonly kind: 'failed'; readonly why: string };

interface ReviewDeps {
  readonly client: Pick<KubeClient, 'createSubresource'>;
  readonly metrics: LookupMetrics;
  readonly slots: Semaphore;
  readonly time: LookupTime;
}

interface SubjectAccessReview extends KubeObject {
  readonly status?: { readonly allowed?: boolean; readonly denied?: boolean };
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
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: SUBJECT_ACCESS_REVIEWS.kind,
      spec: { user: username, uid, groups, extra, resourceAttributes: permission },
    };
    try {
      const { status } = await slots.run(() =>
        client.createSubresource<SubjectAccessReview>(SUBJECT_ACCESS_REVIEWS, { name: '' }, '', body, time.signal),
      );
      // Anything but a clear yes is a no.
      return status?.allowed === true && status.denied !== true ? { kind: 'allowed' } : { kind: 'denied' };
    } catch (error) {
      return { kind: 'failed', why: time.whyFailed(asKubeError(error)) };
    }
  }
}
