import type { HeldBack } from '../../registry/port.js';

/**
 * When a repository is scanned. Pure; all times are milliseconds of the monotonic clock, so that a corrected wall clock neither
 * silences nor floods a registry.
 */

/** When one subscriber is due for a scan. */
export type Due =
  | { readonly kind: 'at'; readonly at: number }
  | { readonly kind: 'interval'; readonly intervalMs: number }
  /** Not at all until it subscribes anew: polling has stopped, a scan is under way for it, or that scan has failed. */
  | { readonly kind: 'idle' };

/** Whether a subscriber waits for a point in time that has come. One that goes by its interval waits for none. */
export const isOverdue = (due: Due, now: number): boolean => due.kind === 'at' && due.at <= now;

/** What the times of a repository's regular scans depend on. */
export interface Rhythm {
  /** When the first subscriber subscribed. */
  readonly bornAt: number;
  /** When the last scan began that served the interval; undefined: none yet. */
  readonly lastAt: number | undefined;
  /** In [0, 1); drawn anew after each scan, so that neither a start nor a shared interval makes all repositories come at once. */
  readonly uniform: number;
}

/** The least pause between two scans of a repository, even on request. */
export const MIN_GAP_MS = 500;

/** The least time from the beginning of a scan to one for a push: whoever floods a receiver makes no more than one a second. */
export const PUSH_GAP_MS = 1_000;

/** When a scan for a push that has failed is made again, milliseconds; after the last time, what was pushed is left to the next poll. */
export const PUSH_RETRY_MS: readonly number[] = [5_000, 30_000];

const JITTER = 0.1;

/** The shortest time between two scans of an interval. */
export const leastInterval = (intervalMs: number): number => intervalMs * (1 - JITTER);
/** The longest. When the next scan is due within these is in no status: it would be written at each. */
export const longestInterval = (intervalMs: number): number => intervalMs * (1 + JITTER);

/**
 * When regular scans are due for an interval: anywhere within the first one, then each interval ±10 %.
 * @param intervalMs - the smallest of all that poll
 */
const intervalDueAt = (rhythm: Rhythm, intervalMs: number): number =>
  rhythm.lastAt === undefined
    ? rhythm.bornAt + intervalMs * rhythm.uniform
    : rhythm.lastAt + leastInterval(intervalMs) + intervalMs * 2 * JITTER * rhythm.uniform;

/** The smallest interval of all; Infinity if nobody polls by interval. */
const smallestInterval = (dues: Iterable<Due>): number => {
  let smallest = Number.POSITIVE_INFINITY;
  for (const due of dues) if (due.kind === 'interval') smallest = Math.min(smallest, due.intervalMs);
  return smallest;
};

/**
 * When the next scan is due. The smallest interval of all that poll counts.
 * @returns Infinity if no scan is wanted
 */
export const nextDueAt = (rhythm: Rhythm, dues: Iterable<Due>): number => {
  let next = Number.POSITIVE_INFINITY;
  let smallest = Number.POSITIVE_INFINITY;
  for (const due of dues) {
    if (due.kind === 'at') next = Math.min(next, due.at);
    else if (due.kind === 'interval') smallest = Math.min(smallest, due.intervalMs);
  }
  return smallest === Number.POSITIVE_INFINITY ? next : Math.min(next, intervalDueAt(rhythm, smallest));
};

/** Returns a test for whether a scan that begins now is the one that a due waits for. */
export const dueNow = (rhythm: Rhythm, dues: Iterable<Due>, now: number): ((due: Due) => boolean) => {
  const smallest = smallestInterval(dues);
  const regular = smallest !== Number.POSITIVE_INFINITY && intervalDueAt(rhythm, smallest) <= now;
  return (due) => (due.kind === 'at' ? due.at <= now : due.kind === 'interval' && regular);
};

/** Scans that are held back are retried up to this share of the hold later, so that they do not come all at once. */
const AFTER_HOLD = 0.1;
const AFTER_HOLD_MIN_MS = 1_000;
/** The shortest hold, milliseconds: a rest below the clock's resolution would be waited for without end. */
const HOLD_MIN_MS = 1;

/**
 * When a scan that was held back is retried. A host whose breaker is open gets one trial at a time: a scan that was put off more often
 * comes sooner, or some repositories might wait an hour for their turn.
 * @param forMs - how long it is held back for
 * @param times - how often it was held back in a row, this time included
 * @param uniform - in [0, 1)
 */
export const afterHold = (
  now: number,
  forMs: number,
  { times, uniform }: { times: number; uniform: number },
): number => {
  const spread = Math.max(forMs * AFTER_HOLD, AFTER_HOLD_MIN_MS) / 10 ** (times - 1);
  return now + Math.max(forMs, HOLD_MIN_MS) + spread * uniform;
};

/** A hold: the scans of a repository are put off to spare its host. Times are monotonic. */
export interface Hold {
  readonly why: HeldBack['why'];
  /** When the first of them was put off. */
  readonly since: number;
  /** How many were put off in a row. */
  readonly times: number;
  /** Whether subscribers that wait for a scan are notified of it. */
  readonly lasting: boolean;
}

/** Shorter waits are normal where many share a rate, and are not reported in a status. */
const LASTING_MS = 10_000;

/** The hold after a scan was put off once more. @param before - undefined: the last scan was made */
export const heldOn = (before: Hold | undefined, { why, forMs }: HeldBack, now: number): Hold => {
  const { since, times } = before ?? { since: now, times: 0 };
  return { why, since, times: times + 1, lasting: now + forMs - since >= LASTING_MS };
};

/** Whether the subscribers that wait were not yet notified of this hold. */
export const isNewHold = (before: Hold | undefined, after: Hold): boolean =>
  after.lasting && !(before?.lasting === true && before.why === after.why);
