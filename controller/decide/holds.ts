import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { momentOf, withCondition, withoutCondition } from './condition.js';
import type { Facts } from './facts.js';
import type { PartialDecision } from './partial-decision.js';

/** Tells, whatever was decided, that what the registry offers is not deployed, and who or what keeps it from that. */
export const accountHolds = (facts: Facts, partial: PartialDecision): PartialDecision => {
  const { seen } = facts;
  if (seen.bundle.metadata.deletionTimestamp !== undefined || seen.spec.kind === 'invalid') return partial;
  const tag = rollbackOf(seen.bundle);
  const told = tag === undefined ? undefined : rolledBack(seen.bundle, tag);
  const { status } = partial;
  return {
    ...partial,
    status: told === undefined ? withoutCondition(status, 'Held') : withCondition(status, told, momentOf(seen)),
  };
};

const rolledBack = ({ metadata: { namespace, name } }: StoredBundle, tag: string) =>
  ({
    type: 'Held',
    status: 'True',
    reason: 'RolledBack',
    message: `a person has rolled back to ${tag}: no poll deploys another tag; to follow the registry again, run werfbundle release-hold ${name} -n ${namespace}`,
  }) as const;
