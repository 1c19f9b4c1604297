import type { ResolvedValues } from '../../api/values/resolve.js';
import { openDeployment } from '../../controller/decide/deployment.js';
import type { TagExplanation } from '../explain/explanation.js';
import { nameOf, type Seen } from '../explain/observe.js';

/** What is to be planned; everything that it needs is there. */
interface Plannable {
  readonly kind: 'plannable';
  readonly tag: string;
  readonly digest: string;
  readonly resolved: Extract<ResolvedValues, { kind: 'resolved' }>;
}

/**
 * Whether a plan of a bundle can be made: whatever the Job would get must have been read by the user. A line for each thing that it lacks.
 */
export const plannable = (
  seen: Seen,
  { tag, resolved }: { readonly tag: TagExplanation; readonly resolved: ResolvedValues },
): Plannable | { readonly kind: 'lacking'; readonly lines: readonly string[] } => {
  const { chosen, digest } = tag;
  const lines = [...lacks(seen), ...(resolved.kind === 'invalid' ? resolved.problems.map(({ text }) => text) : [])];
  if (resolved.kind === 'invalid' || lines.length > 0) return { kind: 'lacking', lines };
  if (chosen === undefined) return { kind: 'lacking', lines: [untagged(tag)] };
  return { kind: 'plannable', tag: chosen, digest: digest ?? '', resolved };
};

/** To name another tag helps where the registry has answered. */
const untagged = ({ message, note }: TagExplanation): string => {
  const unknown = 'which tag would be deployed is not known';
  return message === undefined
    ? [note, `without the registry ${unknown}`].filter((part) => part !== undefined).join('; ')
    : `${message}; --tag names one`;
};

const lacks = ({ sources, account, key, credentials, bundle }: Seen): readonly string[] => {
  const open = openDeployment(bundle.status);
  return [
    ...(open === undefined
      ? []
      : [`Job ${open.jobName} deploys ${open.tag} now: a plan would see half of it; ask again after it`]),
    ...sources.flatMap(({ reference, read }) =>
      read.kind === 'unreadable' ? [`${nameOf(reference)} ${read.why}, and the plan needs its values`] : [],
    ),
    ...(key?.read.kind === 'unreadable' ? [`${key.read.why}, and the plan needs it`] : []),
    ...(key?.read.kind === 'absent'
      ? [`${nameOf(key.reference)}, key ${JSON.stringify(key.reference.key)}, is not there`]
      : []),
    ...(credentials.kind === 'ready'
      ? []
      : [`${credentials.why}${credentials.kind === 'unreadable' ? ', and the plan needs it' : ''}`]),
    ...(account?.read.kind === 'absent' ? [`${nameOf(account.reference)} does not exist`] : []),
  ];
};
