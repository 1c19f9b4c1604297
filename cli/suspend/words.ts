import { toTheSecond } from '../../api/timestamp.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

const conditionOf = (status: WerfBundleStatus | undefined, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);

/** What a suspension does not stop, of a bundle as it is now. */
export const goesOn = ({ status }: StoredBundle): readonly string[] => {
  const { activeJobName, deployment } = status ?? {};
  if (activeJobName === undefined) return [];
  const what = deployment === undefined ? '' : `, which deploys ${deployment.tag},`;
  // The reason is that of Ready, the one condition which a deployment that is under way always has.
  return conditionOf(status, 'Ready')?.reason === 'WaitingForJob'
    ? [`Job ${activeJobName}${what} has not started werf yet: it is taken back`]
    : [`Job ${activeJobName}${what} runs on to its end: a suspension stops no werf that has started`];
};

/** What is known of a bundle that was to be resumed. */
export type Resumption =
  | { readonly kind: 'resumed'; readonly message: string }
  /** The platform suspends all bundles. */
  | { readonly kind: 'held'; readonly message: string }
  /** The controller has not looked at it yet. */
  | { readonly kind: 'not-seen' };

/** Reads what the controller has made of a resumed bundle. */
export const resumptionOf = ({ metadata, status }: StoredBundle): Resumption => {
  if (status?.observedGeneration !== metadata.generation) return { kind: 'not-seen' };
  const suspended = conditionOf(status, 'Suspended');
  if (suspended?.status === 'True') return { kind: 'held', message: suspended.message };
  const next = status.nextAttemptTime;
  const message = conditionOf(status, 'Ready')?.message ?? conditionOf(status, 'RegistryReachable')?.message ?? '';
  return { kind: 'resumed', message: next === undefined ? message : `${message}; next poll at ${toTheSecond(next)}` };
};
