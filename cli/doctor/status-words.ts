import type { Condition, ObjectRef } from '../../api/objects.js';
import type { ConditionType, Reason } from '../../api/reasons.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { conditionOf } from '../../controller/decide/condition.js';
import type { Observation } from './observation.js';

type Seen = Pick<Observation, 'bundle'>;

/** Whether the controller has looked at the spec as it is now. */
export const isObserved = ({ bundle: { status, metadata } }: Seen): boolean =>
  status?.observedGeneration === metadata.generation;

/** A condition, if it is about the spec as it is now. */
export const currentCondition = (
  { bundle: { status = {}, metadata } }: Seen,
  type: ConditionType,
): Condition | undefined => {
  const condition = conditionOf(status, type);
  return condition?.observedGeneration === metadata.generation ? condition : undefined;
};

/** What the controller says that it waits for, or has failed at; undefined if that is none of these reasons. */
export const controllerSays = (seen: Seen, reasons: readonly Reason[]): string | undefined => {
  const ready = currentCondition(seen, 'Ready');
  const stalled = currentCondition(seen, 'Stalled');
  const told = [stalled, ready].find(
    (condition) => condition !== undefined && reasons.some((reason) => reason === condition.reason),
  );
  return told?.message;
};

/** What makes the bundle follow its spec and its registry again. */
export const releaseCommand = ({ metadata: { namespace, name } }: StoredBundle): string =>
  `werfbundle release-hold ${name} -n ${namespace}`;

export const refOfBundle = ({ metadata: { namespace, name } }: StoredBundle): ObjectRef => ({ namespace, name });
