import { targetNamespaceOf } from '../../api/names.js';
import type { Plan } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { SECRETS } from '../../kube/resources.js';
import type { Observation } from '../decide/observation.js';
import { keptPlanIn, keptPlanName } from '../deploy/kept-plan.js';

type KeptPlan = NonNullable<Observation['keptPlan']>;

/** Reads the Secret in which a saved plan is kept, live. What others have written there counts as nothing. @throws KubeError */
export const readKeptPlan = async (
  client: Pick<KubeClient, 'get'>,
  { bundle, platform }: Pick<Observation, 'bundle' | 'platform'>,
  plan: Plan,
  signal: AbortSignal,
): Promise<KeptPlan> => {
  const targetNamespace = targetNamespaceOf(bundle);
  const name = keptPlanName(plan);
  const secret = await client.get(SECRETS, { namespace: targetNamespace, name }, signal);
  if (secret === undefined) return missing(`Secret ${name}, in which it was kept, is gone`);
  const of = { bundle: bundle.metadata, plan, targetNamespace, key: platform.checksumKey };
  const artifact = keptPlanIn(secret, of);
  return artifact === undefined
    ? missing(`Secret ${name}, in which it was kept, was changed`)
    : { kind: 'kept', plan, artifact };
};

/** @param why - for people: a sentence without an end */
export const missing = (why: string): KeptPlan => ({ kind: 'missing', why });
