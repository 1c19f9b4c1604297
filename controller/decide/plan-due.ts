import { openPlan } from '../../api/open-plan.js';
import type { Due } from './due.js';
import type { Idle } from './facts.js';
import { isUnasked } from './plan-record.js';
import type { PollAccount } from './poll.js';

/**
 * What is due while a plan is open. It stays due, whatever has caused it then, and even if the registry's offer is not known now: until the
 * registry offers something else, or the values change. Under another spec, which may be about another repository, the registry has to offer
 * it again.
 * @param of.wanted - what the registry offers, or what is wanted in its place while that is held
 * @param of.fresh - what is due if this is wanted
 */
export const dueOfPlan = (
  { seen, polled }: Idle,
  of: {
    readonly checksum: string;
    readonly wanted: PollAccount['wanted'];
    readonly fresh: (wanted: PollAccount['wanted']) => Due;
  },
): Due => {
  const plan = openPlan(polled.status);
  const { checksum, wanted, fresh } = of;
  if (plan === undefined) return fresh(wanted);
  if (isUnasked(polled.status)) return { kind: 'nothing' };
  const { tag, digest } = plan;
  const isSameSpec = (plan.generation ?? 0) === seen.bundle.metadata.generation;
  if (wanted !== undefined && (wanted.tag !== tag || wanted.digest !== digest)) return fresh(wanted);
  if (wanted === undefined && !isSameSpec) return fresh(undefined);
  if (plan.checksum !== checksum) return fresh({ tag, digest });
  return { kind: 'deploy', target: { tag, digest, checksum }, reason: plan.reason, attempt: plan.attempt ?? 1 };
};
