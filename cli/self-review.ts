import type { Requester } from '../admission/admission-request.js';
import { type KubeClient, KubeError, type ResourceType } from '../kube/client.js';
import { SUBJECT_ACCESS_REVIEWS } from '../kube/resources.js';
import { StartError } from '../process/start-error.js';

const SELF_SUBJECT_ACCESS_REVIEWS: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
};

const SELF_SUBJECT_REVIEWS: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

type Asking = Pick<KubeClient, 'createSubresource'>;

/**
 * Turns the webhook's SubjectAccessReview into a SelfSubjectAccessReview, which every user may make. Any other call is passed
 * on.
 */
export const selfReviewing = (client: Asking): Asking => ({
  createSubresource: (type, ref, subresource, body, signal) => {
    if (type !== SUBJECT_ACCESS_REVIEWS) return client.createSubresource(type, ref, subresource, body, signal);
    const { spec } = body as { readonly spec: { readonly resourceAttributes: object } };
    const question = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: SELF_SUBJECT_ACCESS_REVIEWS.kind,
      spec: { resourceAttributes: spec.resourceAttributes },
    };
    return client.createSubresource(SELF_SUBJECT_ACCESS_REVIEWS, ref, subresource, question, signal);
  },
});

/**
 * The user of the credentials. Clusters before 1.28 do not tell; there the name is taken from a refusal, or left open: it is for
 * messages only, since all reviews are about the caller itself.
 * @throws StartError if the cluster can't be reached, or does not know the credentials
 */
export const whoAmI = async (client: Asking, signal: AbortSignal): Promise<Requester> => {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: SELF_SUBJECT_REVIEWS.kind };
  try {
    const { status } = await client.createSubresource<{
      readonly status?: { readonly userInfo?: { readonly username?: string } };
    }>(SELF_SUBJECT_REVIEWS, { name: '' }, '', body, signal);
    return named(status?.userInfo?.username);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (['unauthorized', 'unavailable', 'timeout', 'aborted'].includes(error.code)) {
      throw new StartError([`can't ask the cluster: ${error.message}`], { cause: error });
    }
    return named(/^.*? is forbidden: User "(.*?)" cannot /.exec(error.detail ?? '')?.[1]);
  }
};

const named = (username = 'you'): Requester => ({ username, uid: '', groups: [], extra: {} });
