import type { ResourceAttributes } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { SUBJECT_ACCESS_REVIEWS } from '../../kube/resources.js';
import { Semaphore } from '../../process/semaphore.js';
import { SELF_SUBJECT_ACCESS_REVIEWS } from '../validate/self-review.js';
import { type Known, knownFrom } from './known.js';

/** Who may do something: the user, or a ServiceAccount. */
type Subject = 'self' | { readonly namespace: string; readonly name: string };

/** An access; `namespace` is '' for all namespaces, or for what is in none. */
export interface Access {
  readonly group: string;
  /** `pods/log` for a subresource. */
  readonly resource: string;
  readonly verb: string;
  readonly namespace: string;
}

/** `list secrets`, `create jobs.batch` */
export const accessText = ({ verb, resource, group }: Pick<Access, 'verb' | 'resource' | 'group'>): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

/** The same of several, what is done with several kinds told once: `get, list pods, events; get namespaces`. */
export const accessesText = (accesses: readonly string[]): string => {
  const verbs = new Map<string, string[]>();
  for (const [verb = '', resource = ''] of accesses.map((access) => access.split(' ')))
    verbs.set(resource, [...(verbs.get(resource) ?? []), verb]);
  const resources = new Map<string, string[]>();
  for (const [resource, all] of verbs)
    resources.set(all.join(', '), [...(resources.get(all.join(', ')) ?? []), resource]);
  return [...resources].map(([all, of]) => `${all} ${of.join(', ')}`).join('; ');
};

/** How many questions are asked at once. */
const AT_ONCE = 8;

/**
 * Which of these accesses somebody does not have. To ask that of others is a right that mostly administrators have: then it is not known.
 * @throws what is no {@link KubeError}
 */
export const missingAccesses = <A extends Access>(
  client: Pick<KubeClient, 'ask'>,
  of: { readonly subject: Subject; readonly accesses: readonly A[] },
  signal: AbortSignal,
): Promise<Known<readonly A[]>> => knownFrom(lackedAccesses(client, of, signal));

/** The same, for whoever can't go on without knowing. @throws KubeError */
export const lackedAccesses = async <A extends Access>(
  client: Pick<KubeClient, 'ask'>,
  { subject, accesses }: { readonly subject: Subject; readonly accesses: readonly A[] },
  signal: AbortSignal,
): Promise<readonly A[]> => {
  const lacks = async (access: A): Promise<readonly A[]> =>
    (await isAllowed(client, { subject, access }, signal)) ? [] : [access];
  const [first, ...rest] = accesses;
  // Who may not ask the first may ask none.
  const one = first === undefined ? [] : await lacks(first);
  const slots = new Semaphore(AT_ONCE);
  return [...one, ...(await Promise.all(rest.map((access) => slots.run(() => lacks(access))))).flat()];
};

const isAllowed = async (
  client: Pick<KubeClient, 'ask'>,
  { subject, access }: { readonly subject: Subject; readonly access: Access },
  signal: AbortSignal,
): Promise<boolean> => {
  const resourceAttributes = attributesOf(access);
  const answer =
    subject === 'self'
      ? await client.ask(SELF_SUBJECT_ACCESS_REVIEWS, { resourceAttributes }, signal)
      : await client.ask(SUBJECT_ACCESS_REVIEWS, { ...asAccount(subject), resourceAttributes }, signal);
  if (answer === undefined) throw new KubeError('other', 'create subjectaccessreviews: no answer');
  return answer.allowed === true && answer.denied !== true;
};

const attributesOf = ({ group, resource, verb, namespace }: Access): ResourceAttributes => {
  const [plural = '', subresource] = resource.split('/');
  return { verb, group, resource: plural, ...(subresource !== undefined && { subresource }), namespace };
};

/** As the apiserver knows a ServiceAccount. */
const asAccount = ({ namespace, name }: Exclude<Subject, 'self'>) => ({
  user: `system:serviceaccount:${namespace}:${name}`,
  uid: '',
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  extra: {},
});
