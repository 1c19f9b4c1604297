import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Action, BundleEvent, Cleanup, FinalizerChange, Recheck } from './decision.js';
import type { Finding } from './finding.js';

/** A step of the decision: status and findings so far, and what is to be done. */
export interface PartialDecision {
  readonly status: WerfBundleStatus;
  readonly findings: readonly Finding[];
  readonly actions?: readonly Action[];
  readonly cleanup?: readonly Cleanup[];
  readonly finalEvent?: BundleEvent | undefined;
  /** If left out, it follows from the status. */
  readonly finalizer?: FinalizerChange;
  /** Whether a check has a job slot, or waits for one. */
  readonly keepsSlot?: boolean;
  readonly recheck?: Recheck;
}

/** The earlier of a planned recheck and a time; undefined is never. */
export const soonest = (recheck: Recheck = { kind: 'on-change' }, time?: number): Recheck => {
  if (time === undefined || recheck.kind === 'now') return recheck;
  return recheck.kind === 'at' && recheck.time <= time ? recheck : { kind: 'at', time };
};
