import { WERFBUNDLES } from '../../kube/resources.js';
import type { Session } from '../cluster/session.js';
import { type Access, accessText, lackedAccesses } from '../diagnosis/ask-rights.js';
import type { Item } from './found.js';
import type { Plan } from './plan.js';

/** What the user may not do of a plan: `delete deployments.apps in namespace ops`. Asked before anything is done. @throws KubeError */
export const missingRights = async ({ client, signal }: Session, plan: Plan): Promise<readonly string[]> => {
  const accesses = [...neededFor(plan).values()];
  return (await lackedAccesses(client, { subject: 'self', accesses }, signal)).map(wordsOf).toSorted();
};

/** Each access once, by its words. */
const neededFor = (plan: Plan): ReadonlyMap<string, Access> => {
  const items = [
    ...plan.webhooks,
    ...plan.processes,
    ...plan.rest,
    ...plan.work,
    ...plan.namespaces,
    ...(plan.crd === undefined ? [] : [plan.crd]),
  ];
  const bundles = plan.released.map(({ metadata }) => ({ type: WERFBUNDLES, metadata }));
  return new Map([...items.map((item) => accessTo('delete', item)), ...bundles.map((item) => accessTo('patch', item))]);
};

const accessTo = (verb: string, { type, metadata }: Item): readonly [string, Access] => {
  const { namespace = '' } = metadata;
  const access = { verb, group: type.group, resource: type.plural, namespace };
  return [wordsOf(access), access];
};

const wordsOf = (access: Access): string =>
  `${accessText(access)}${access.namespace === '' ? '' : ` in namespace ${access.namespace}`}`;
