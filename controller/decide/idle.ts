import type { Settings } from '../../api/settings.js';
import type { Observation } from './observation.js';
import type { PollAccount } from './poll.js';

/** A bundle that could be deployed, and for which nothing is under way. */
export interface Idle {
  readonly seen: Observation;
  /** With this look's poll accounted for. */
  readonly polled: PollAccount;
  readonly settings: Settings;
}
