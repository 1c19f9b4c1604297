import { connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { clusterSource } from './cluster-source.js';
import type { Input } from './inputs.js';
import { type Judgement, type JudgeOptions, judgeInputs } from './judge-inputs.js';
import { whoAmI } from './self-review.js';

type ClusterOptions = Omit<JudgeOptions, 'namespace' | 'sourceOf'> & {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** For objects that name none; the context's, if left out. */
  readonly namespace?: string;
};

/**
 * Judges the inputs as {@link judgeInputs}, and looks up in a cluster what they do not hold.
 * @throws StartError if there is no cluster to ask
 */
export const judgeAgainstCluster = async (inputs: readonly Input[], options: ClusterOptions): Promise<Judgement> => {
  const { kubeconfig, context, ...how } = options;
  const connection = await connect({ kubeconfig, context });
  const client = createKubeClient(connection, { userAgent: 'werfbundle' });
  try {
    const requester = await whoAmI(client, new AbortController().signal);
    return await judgeInputs(inputs, {
      ...how,
      namespace: options.namespace ?? connection.namespace ?? 'default',
      sourceOf: (objects) => clusterSource({ client, requester, authorize: how.config.authorize, objects }),
    });
  } finally {
    await client.close();
  }
};
