import type { Settings } from '../../api/settings.js';
import type { Observation } from './observation.js';
import type { PollAccount } from './poll.js';

/** What a decision rests on. */
export interface Facts {
  readonly seen: Observation;
  /** With this look's poll accounted for. */
  readonly polled: PollAccount;
}

/** A bundle that could be deployed, and for which nothing is under way. */
export interface Idle extends Facts {
  readonly settings: Settings;
}

/** One question of those that are asked in order. @returns undefined: that is for the next one to say */
export type Question<F, A> = (of: F) => A | undefined;

/** The first answer; no question after it is asked. */
export const firstAnswer = <F, A>(questions: readonly Question<F, A>[], of: F): A | undefined => {
  for (const question of questions) {
    const answer = question(of);
    if (answer !== undefined) return answer;
  }
  return undefined;
};
