import type { Pod } from '../../api/objects.js';
import { CONTAINER } from '../../controller/deploy/names.js';

/** Whether a Pod's container has a log, or why it has none yet. */
type PodState =
  | { readonly kind: 'started' }
  | { readonly kind: 'ended' }
  /** `why`: Kubernetes' own words */
  | { readonly kind: 'waiting'; readonly why: string };

/** What a deploy's Pod does. */
export const podStateOf = ({ status = {} }: Pod): PodState => {
  const container = status.containerStatuses?.find(({ name }) => name === CONTAINER);
  if (container?.state?.terminated !== undefined) return { kind: 'ended' };
  if (container?.state?.running !== undefined) return { kind: 'started' };
  if (status.phase === 'Failed' || status.phase === 'Succeeded') return { kind: 'ended' };
  const { reason, message } = container?.state?.waiting ?? status.conditions?.find(isUnscheduled) ?? {};
  return { kind: 'waiting', why: [reason ?? 'it has not started yet', message].filter((part) => part).join(': ') };
};

const isUnscheduled = ({ type, status }: { readonly type: string; readonly status: string }): boolean =>
  type === 'PodScheduled' && status === 'False';
