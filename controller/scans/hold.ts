import type { HeldBack } from '../../registry/port.js';

/** That the scans of a repository are put off, to spare its host. Times are monotonic. */
export interface Hold {
  readonly why: HeldBack['why'];
  /** When the first of them was put off. */
  readonly since: number;
  /** How many were, one after the other. */
  readonly times: number;
  /** Whoever waits for a scan is to hear of it. */
  readonly lasting: boolean;
}

/** Shorter waits are everyday life where many share a rate: no status need tell of them. */
const LASTING_MS = 10_000;

/** The hold after a scan was put off once more. @param before - undefined: the last scan was made */
export function heldOn(before: Hold | undefined, { why, forMs }: HeldBack, now: number): Hold {
  const { since, times } = before ?? { since: now, times: 0 };
  return { why, since, times: times + 1, lasting: now + forMs - since >= LASTING_MS };
}

/** Whether those that wait were not told of this hold yet. */
export function isNewHold(before: Hold | undefined, after: Hold): boolean {
  return after.lasting && !(before?.lasting === true && before.why === after.why);
}
