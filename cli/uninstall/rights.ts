import type { ResourceAttributes } from '../../api/objects.js';
import { SUBJECT_ACCESS_REVIEWS, WERFBUNDLES } from '../../kube/resources.js';
import type { Session } from '../cluster/session.js';
import { selfReviewing } from '../validate/self-review.js';
import type { Item } from './found.js';
import type { Plan } from './plan.js';

/** What the user may not do of a plan: `delete deployments.apps in namespace ops`. Asked before anything is done. @throws KubeError */
export const missingRights = async ({ client, signal }: Session, plan: Plan): Promise<readonly string[]> => {
  const reviewing = selfReviewing(client);
  const isAllowed = async (resourceAttributes: ResourceAttributes): Promise<boolean> => {
    const question = { user: '', uid: '', groups: [], extra: {}, resourceAttributes };
    return (await reviewing.ask(SUBJECT_ACCESS_REVIEWS, question, signal))?.allowed === true;
  };
  const needed = neededFor(plan);
  const answers = await Promise.all([...needed.values()].map(isAllowed));
  return [...needed.keys()].filter((_, at) => answers[at] !== true);
};

/** Each access once, by its words. */
const neededFor = (plan: Plan): ReadonlyMap<string, ResourceAttributes> => {
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

const accessTo = (verb: string, { type, metadata }: Item): readonly [string, ResourceAttributes] => {
  const { namespace = '' } = metadata;
  const resource = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
  const words = `${verb} ${resource}${namespace === '' ? '' : ` in namespace ${namespace}`}`;
  return [words, { verb, group: type.group, resource: type.plural, namespace }];
};
