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

/** The first condition has the message that `kubectl get` shows. */
const ORDER: readonly string[] = [
  'Suspended',
  'Ready',
  'Reconciling',
  'Stalled',
  'RegistryReachable',
  'Drifted',
  'DriftCorrectionFailed',
];

const sorted = (conditions: readonly Condition[]): readonly Condition[] =>
  conditions.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));

/** When a condition is set, and for which generation. */
export const momentOf = ({ now, bundle }: { readonly now: number; readonly bundle: StoredBundle }) => ({
  now,
  generation: bundle.metadata.generation,
});
