import type { Requester } from '../../admission/admission-request.js';
import type { AccessAnswer, AccessQuestion } from '../../api/objects.js';
import { type KubeClient, KubeError, type Resource, type ReviewType } from '../../kube/client.js';
import { SUBJECT_ACCESS_REVIEWS } from '../../kube/resources.js';
import { StartError } from '../../process/start-error.js';

/** Asks what the caller itself may do; every user may. */
export const SELF_SUBJECT_ACCESS_REVIEWS: ReviewType<Pick<AccessQuestion, 'resourceAttributes'>, AccessAnswer> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
};

const SELF_SUBJECT_REVIEWS: ReviewType<undefined, { readonly userInfo?: { readonly username?: string } }> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'selfsubjectreviews',
  kind: 'SelfSubjectReview',
  namespaced: false,
};

type Asking = Pick<KubeClient, 'ask'>;

/**
 * Turns the webhook's SubjectAccessReview into a SelfSubjectAccessReview, which every user may make. Any other call is passed
 * on.
 */
export const selfReviewing = (client: Asking): Asking => ({
  ask: async <Q, A>(type: ReviewType<Q, A>, spec: Q, signal: AbortSignal): Promise<A | undefined> => {
    const asked: Resource = type;
    if (asked !== SUBJECT_ACCESS_REVIEWS) return await client.ask(type, spec, signal);
    // The type of a review is the type of its questions and answers.
    const { resourceAttributes } = spec as AccessQuestion;
    return (await client.ask(SELF_SUBJECT_ACCESS_REVIEWS, { resourceAttributes }, signal)) as A | undefined;
  },
});

/**
 * The user of the credentials. Clusters before 1.28 do not tell; there the name is taken from a refusal, or left open: it is for
 * messages only, since all reviews are about the caller itself.
 * @throws StartError if the cluster can't be reached, or does not know the credentials
 */
export const whoAmI = async (client: Asking, signal: AbortSignal): Promise<Requester> => {
  try {
    const status = await client.ask(SELF_SUBJECT_REVIEWS, undefined, signal);
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
