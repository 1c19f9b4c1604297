import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Action, Announcement, Cleanup, FinalizerChange, Recheck } from './decision.js';
import type { Claim } from './situation.js';

/** A step of the decision: status and claims so far, and what is to be done. */
export interface Draft {
  readonly status: WerfBundleStatus;
  readonly claims: readonly Claim[];
  readonly actions?: readonly Action[];
  readonly cleanup?: readonly Cleanup[];
  /** Beside what a change of the status tells. */
  readonly announcements?: readonly Announcement[];
  /** Left out: as the status asks for. */
  readonly finalizer?: FinalizerChange;
  readonly recheck?: Recheck;
}
