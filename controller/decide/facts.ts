import type { Settings } from '../../api/settings.js';
import type { Observation } from './observation.js';
import type { PollAccount } from './poll.js';

/** What a decision is based on. */
export interface Facts {
  readonly seen: Observation;
  /** The status with this reconcile's poll accounted for. */
  readonly polled: PollAccount;
}

/** A bundle that could be deployed, and for which nothing is under way. */
export interface Idle extends Facts {
  readonly settings: Settings;
}
