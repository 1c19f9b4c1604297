import type { Condition } from '../../api/objects.js';
import type { ConditionType, Reason } from '../../api/reasons.js';
import { wholeSeconds } from '../../api/timestamp.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

export const conditionOf = (status: WerfBundleStatus, type: ConditionType): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** Sets one condition; lastTransitionTime moves only when its status does. */
export const withCondition = (
  status: WerfBundleStatus,
  wanted: {
    readonly type: ConditionType;
    readonly status: Condition['status'];
    readonly reason: Reason;
    readonly message: string;
  },
  at: { readonly now: number; readonly generation: number },
): WerfBundleStatus => {
  const previous = conditionOf(status, wanted.type);
  const unmoved = previous?.status === wanted.status ? previous.lastTransitionTime : undefined;
  const condition: Condition = {
    ...wanted,
    observedGeneration: at.generation,
    lastTransitionTime: unmoved ?? wholeSeconds(at.now),
  };
  const others = (status.conditions ?? []).filter((other) => other.type !== wanted.type);
  return { ...status, conditions: sorted([...others, condition]) };
};

export const withoutCondition = (status: WerfBundleStatus, type: ConditionType): WerfBundleStatus =>
  conditionOf(status, type) === undefined
    ? status
    : { ...status, conditions: (status.conditions ?? []).filter((condition) => condition.type !== type) };

/** Where each type stands. The first condition has the message that `kubectl get` shows. */
const ORDER: Readonly<Record<ConditionType, number>> = {
  Suspended: 0,
  Ready: 1,
  Reconciling: 2,
  Stalled: 3,
  RegistryReachable: 4,
  Held: 5,
  Drifted: 6,
  DriftCorrectionFailed: 7,
};

const places: ReadonlyMap<string, number> = new Map(Object.entries(ORDER));

/** A condition that somebody else has set stands behind ours. */
const placeOf = ({ type }: Condition): number => places.get(type) ?? places.size;

const sorted = (conditions: readonly Condition[]): readonly Condition[] =>
  conditions.toSorted((a, b) => placeOf(a) - placeOf(b));

/** When a condition is set, and for which generation. */
export const momentOf = ({ now, bundle }: { readonly now: number; readonly bundle: StoredBundle }) => ({
  now,
  generation: bundle.metadata.generation,
});
