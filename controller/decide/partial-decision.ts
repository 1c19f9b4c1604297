import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Action, BundleEvent, Cleanup, FinalizerChange, Recheck } from './decision.js';
import type { Finding } from './finding.js';

/** A step of the decision: status and claims so far, and what is to be done. */
export interface PartialDecision {
  readonly status: WerfBundleStatus;
  readonly findings: readonly Finding[];
  readonly actions?: readonly Action[];
  readonly cleanup?: readonly Cleanup[];
  readonly finalEvent?: BundleEvent | undefined;
  /** Left out: as the status asks for. */
  readonly finalizer?: FinalizerChange;
  /** A check has taken a place among the Jobs, or waits for one. */
  readonly keepsSlot?: boolean;
  readonly recheck?: Recheck;
}

/** The earlier of what is planned already and a time; undefined is never. */
export const soonest = (recheck: Recheck = { kind: 'on-change' }, time?: number): Recheck => {
  if (time === undefined || recheck.kind === 'now') return recheck;
  return recheck.kind === 'at' && recheck.time <= time ? recheck : { kind: 'at', time };
};
