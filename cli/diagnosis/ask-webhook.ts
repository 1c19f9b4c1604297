import type { NewObject } from '../../api/objects.js';
import { GROUP, PLURAL, type StoredBundle } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { whyOf } from './known.js';

/** What has become of a bundle that the webhook has to refuse. */
export type WebhookAnswer =
  /** It has refused it. */
  | { readonly kind: 'refused' }
  /** Nobody has: bundles are stored as they come. */
  | { readonly kind: 'accepted' }
  /** The apiserver gets no answer from it; `why` in the apiserver's words. */
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Every schema takes it, since no schema can read constraints; the webhook's rules refuse it. */
const REFUSED = 'refused by the webhook';

const OWN = `${PLURAL}.${GROUP}`;

/**
 * Tries, without storing it, to create a bundle that the webhook has to refuse: the one look at a webhook that tells what the apiserver
 * itself sees of it, and that needs no other right than to create a bundle in the namespace.
 */
export const askWebhook = async (
  client: Pick<KubeClient, 'dryRunCreate'>,
  namespace: string,
  signal: AbortSignal,
): Promise<WebhookAnswer> => {
  const trial: NewObject<StoredBundle> = {
    metadata: { namespace, generateName: 'werfbundle-trial-' },
    spec: {
      registry: { url: 'registry.example/werfbundle/trial', versionConstraint: REFUSED },
      // Else the webhook warns that none is named.
      converge: { serviceAccountName: 'default' },
    },
  };
  try {
    await client.dryRunCreate(WERFBUNDLES, trial, signal);
    return { kind: 'accepted' };
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return answerOf(error);
  }
};

const answerOf = (error: KubeError): WebhookAnswer => {
  const { detail = '' } = error;
  const [, webhook = '', why] = /failed calling webhook "([^"]+)":\s*(.*)/s.exec(detail) ?? [];
  if (webhook.endsWith(OWN)) return { kind: 'unreachable', why: (why ?? '').replace(/\s+/g, ' ') };
  const [, denier = ''] = /admission webhook "([^"]+)" denied the request/.exec(detail) ?? [];
  return denier.endsWith(OWN) ? { kind: 'refused' } : { kind: 'unknown', why: whyOf(error) };
};
