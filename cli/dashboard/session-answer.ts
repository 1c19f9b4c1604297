import type { SessionAnswer } from '../../dashboard/protocol.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { StartError } from '../../process/start-error.js';
import { whoAmI } from '../validate/self-review.js';

/**
 * Who the caller is, and where they begin.
 * @param of.namespace - of the kubeconfig's context; undefined: that of the caller, if it is a ServiceAccount
 * @throws KubeError when the apiserver does not know the caller, or is not reached
 */
export const sessionAnswer = async (
  client: Pick<KubeClient, 'ask'>,
  { server, namespace }: { readonly server: string; readonly namespace: string | undefined },
  signal: AbortSignal,
): Promise<SessionAnswer> => {
  const user = await nameOf(client, signal);
  const [, own = ''] = /^system:serviceaccount:([^:]+):/.exec(user) ?? [];
  return { server, user, namespace: namespace ?? own };
};

const nameOf = async (client: Pick<KubeClient, 'ask'>, signal: AbortSignal): Promise<string> => {
  try {
    const { username } = await whoAmI(client, signal);
    return username === 'you' ? '' : username;
  } catch (error) {
    throw error instanceof StartError && error.cause instanceof KubeError ? error.cause : error;
  }
};
