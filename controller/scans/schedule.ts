import type { HeldBack } from '../../registry/port.js';

/**
 * When a repository is scanned. Pure; all times are milliseconds of the monotonic clock, so that a corrected wall clock neither
 * silences nor floods a registry.
 */

/** What one subscriber asks of the schedule of its repository. */
export type Due =
  | { readonly kind: 'at'; readonly at: number }
  | { readonly kind: 'interval'; readonly intervalMs: number }
  /** Polling stopped, or a scan is under way for it, or that scan failed: nothing until it subscribes anew. */
  | { readonly kind: 'idle' };

/** Whether a subscriber waits for a scan whose point in time has come. One that goes by its interval waits for no point in time. */
export const isOverdue = (due: Due, now: number): boolean => due.kind === 'at' && due.at <= now;

/** What a repository's regular scans go by. */
export interface Rhythm {
  /** When the first subscriber came. */
  readonly bornAt: number;
  /** When the last scan began that served the interval; undefined: none yet. */
  readonly lastAt: number | undefined;
  /** In [0, 1); drawn anew after each scan, so that neither a start nor a shared interval makes all repositories come at once. */
  readonly uniform: number;
}

/** The least pause between two scans of a repository, whatever is asked. */
export const MIN_GAP_MS = 500;

const JITTER = 0.1;

/** The shortest time between two scans of an interval. */
export const leastInterval = (intervalMs: number): number => intervalMs * (1 - JITTER);

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
 * When the next scan is due. The interval of all that poll is the smallest one.
 * @returns Infinity if nobody wants a scan
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

/** Tells of each due whether a scan that begins now is the one that it waits for. */
export const dueNow = (rhythm: Rhythm, dues: Iterable<Due>, now: number): ((due: Due) => boolean) => {
  const smallest = smallestInterval(dues);
  const regular = smallest !== Number.POSITIVE_INFINITY && intervalDueAt(rhythm, smallest) <= now;
  return (due) => (due.kind === 'at' ? due.at <= now : due.kind === 'interval' && regular);
};

/** What is held back is tried again a little later than it may be, and not all of it at once. */
const AFTER_HOLD = 0.1;
const AFTER_HOLD_MIN_MS = 1_000;
/** A rest of a hold that is too short for the clock to show it would be waited for without end. */
const HOLD_MIN_MS = 1;

/**
 * When a scan that was held back is tried again. A host that is left alone is tried by one scan at a time: whoever was put off more often
 * comes sooner, or one of a few repositories might have its turn after an hour.
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
export const heldOn = (before: Hold | undefined, { why, forMs }: HeldBack, now: number): Hold => {
  const { since, times } = before ?? { since: now, times: 0 };
  return { why, since, times: times + 1, lasting: now + forMs - since >= LASTING_MS };
};

/** Whether those that wait were not told of this hold yet. */
export const isNewHold = (before: Hold | undefined, after: Hold): boolean =>
  after.lasting && !(before?.lasting === true && before.why === after.why);
