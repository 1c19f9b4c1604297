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
