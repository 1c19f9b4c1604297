import { type KubeClient, KubeError } from '../../kube/client.js';
import { MUTATING_WEBHOOKS } from '../../kube/resources.js';
import { commonFlags } from '../../process/common-flags.js';

/** Selects the operator's own objects. */
export const PART_OF = 'app.kubernetes.io/part-of=werfbundle';
/** The names of the manifests. */
export const MUTATING_CONFIGURATION = 'werfbundle-mutating';
export const VALIDATING_CONFIGURATION = 'werfbundle-validating';
/** Optional. */
export const GUARD_CONFIGURATION = 'werfbundle-values-guard';

/**
 * The namespace that the operator runs in: as it was given; else that of the Service that the apiserver asks, where the user may read
 * that; else that of the manifests.
 */
export const operatorNamespace = async (
  client: Pick<KubeClient, 'get'>,
  given: string | undefined,
  signal: AbortSignal,
): Promise<string> => given ?? (await serviceNamespace(client, signal)) ?? commonFlags.namespace.default;

const serviceNamespace = async (client: Pick<KubeClient, 'get'>, signal: AbortSignal): Promise<string | undefined> => {
  try {
    const found = await client.get(MUTATING_WEBHOOKS, { name: MUTATING_CONFIGURATION }, signal);
    return found?.webhooks?.[0]?.clientConfig.service?.namespace;
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return undefined;
  }
};
