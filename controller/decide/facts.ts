import type { Settings } from '../../api/settings.js';
import type { Observation } from './observation.js';
import type { PollAccount } from './poll.js';

/** The observation, and the status with its poll accounted for: what a guard decides on. */
export interface Facts {
  readonly seen: Observation;
  /** The status with this reconcile's poll accounted for. */
  readonly polled: PollAccount;
}

/** The spec of the bundle is valid, and no Job of it is followed. */
export interface Idle extends Facts {
  readonly settings: Settings;
}

/** One of several guards that are asked in order. @returns undefined: the next one decides */
export type Guard<F, A> = (facts: F) => A | undefined;

/** The answer of the first guard that has one; no guard after it is asked. */
export const firstAnswer = <F, A>(guards: readonly Guard<F, A>[], facts: F): A | undefined => {
  for (const guard of guards) {
    const answer = guard(facts);
    if (answer !== undefined) return answer;
  }
  return undefined;
};
