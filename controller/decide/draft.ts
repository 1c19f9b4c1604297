import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Action, Announcement, Cleanup, FinalizerChange, Recheck } from './decision.js';
import type { Claim } from './situation.js';

/** A step of the decision: status and claims so far, and what is to be done. */
export interface Draft {
  readonly status: WerfBundleStatus;
  readonly claims: readonly Claim[];
  readonly actions?: readonly Action[];
  readonly cleanup?: readonly Cleanup[];
  readonly farewell?: Announcement | undefined;
  /** Left out: as the status asks for. */
  readonly finalizer?: FinalizerChange;
  /** A check has taken a place among the Jobs, or waits for one. */
  readonly keepsPlace?: boolean;
  readonly recheck?: Recheck;
}

/** The earlier of what is planned already and a time; undefined is never. */
export const soonest = (recheck: Recheck = { kind: 'on-change' }, time?: number): Recheck => {
  if (time === undefined || recheck.kind === 'now') return recheck;
  return recheck.kind === 'at' && recheck.time <= time ? recheck : { kind: 'at', time };
};
