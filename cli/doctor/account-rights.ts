import type { ObjectRef } from '../../api/objects.js';
import type { KubeClient } from '../../kube/client.js';
import { accessText, missingAccesses } from '../diagnosis/ask-rights.js';
import { type Known, mapKnown } from '../diagnosis/known.js';
import { WERF_NEEDS } from './werf-rights.js';

/** What werf needs, and a ServiceAccount may not do in its namespace: `list secrets`. */
export const missingRightsOf = async (
  client: Pick<KubeClient, 'ask'>,
  account: ObjectRef,
  signal: AbortSignal,
): Promise<Known<readonly string[]>> => {
  const { namespace } = account;
  const accesses = WERF_NEEDS.flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => ({ group, resource, verb, namespace })),
  );
  const missing = await missingAccesses(client, { subject: account, accesses }, signal);
  return mapKnown(missing, (all) => all.map(accessText));
};
