import { openPlan } from '../../api/open-plan.js';
import type { Plan, StoredBundle } from '../../api/werfbundle.js';
import { ageOf } from '../output/human-duration.js';
import { approvalOf } from './approval.js';

/**
 * The plan of a bundle's next deployment in a line, and the command that approves it where it waits for that; undefined if none is planned.
 * @param now - wall clock, milliseconds
 */
export const planFact = (bundle: StoredBundle, now: number): string | undefined => {
  const plan = openPlan(bundle.status ?? {});
  if (plan === undefined) return undefined;
  const { tag, result, message = tag } = plan;
  if (result === undefined) return `that of ${tag} is being made`;
  if (result === 'Failed') return `${tag} could not be planned: ${message}`;
  const made = `${message} (${madeOf(plan, now)})`;
  const { namespace, name } = bundle.metadata;
  switch (approvalOf(bundle).kind) {
    case 'awaited':
      return `waits for an approval: ${made}; werfbundle approve ${name} -n ${namespace}`;
    case 'given':
      return `approved: ${made}`;
    case 'none':
      return made;
  }
};

const madeOf = ({ hash, finishedAt }: Plan, now: number): string =>
  `${hash === undefined ? '' : `plan ${hash}, `}made ${ageOf(finishedAt, now)} ago`;
