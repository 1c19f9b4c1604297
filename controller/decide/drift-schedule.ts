import { createHash } from 'node:crypto';
import { parseTime } from '../../api/timestamp.js';
import { conditionOf } from './condition.js';
import { isToBeVerified, nextCheckNumber } from './drift-state.js';
import type { Observation } from './observation.js';
import { isRequested } from './poll.js';

/** Checks come up to a tenth of the interval earlier or later: thousands of bundles must not be checked at once. */
const JITTER = 0.1;
/** The longest wait after checks without a result, in intervals: 1, 2, 4, and then 8 after each. */
const MOST_INTERVALS = 8;
const DAY_MS = 24 * 60 * 60_000;

/** What the time of a check depends on. */
type Schedule = Pick<Observation, 'now' | 'bundle' | 'spec' | 'platform' | 'startedAt'> & {
  readonly status: NonNullable<Observation['bundle']['status']>;
};

/**
 * When the next check for drift is due, wall clock, milliseconds; 0: at once. It follows from the status alone: a restart goes on with
 * the same schedule, and only what became due while no controller ran is spread over a tenth of the interval.
 */
export const nextCheckTime = (of: Schedule): number => {
  if (isToBeVerified(of.status)) return 0;
  const { uid } = of.bundle.metadata;
  const interval = intervalOf(of);
  const time = scheduled(of, interval);
  return time < of.startedAt ? of.startedAt + JITTER * interval * fractionOf(uid) : time;
};

const scheduled = ({ bundle, status, platform }: Schedule, interval: number): number => {
  const { uid } = bundle.metadata;
  const last = parseTime(status.lastDriftCheckTime);
  if (last === undefined) return beginningOf(status) + interval * fractionOf(uid);
  const jitter = 1 - JITTER + 2 * JITTER * fractionOf(`${uid}/${nextCheckNumber(status)}`);
  const longest = Math.max(interval, Math.min(MOST_INTERVALS * interval, DAY_MS / platform.timeScale));
  return last + jitter * Math.min(interval + withoutResultMs(status, last), longest);
};

/**
 * How long there has been no result at the time of the last check, milliseconds: each wait is as long as all before it together, and
 * so twice the last. Nothing has to be counted.
 */
const withoutResultMs = (status: Schedule['status'], last: number): number => {
  const drifted = conditionOf(status, 'Drifted');
  if (drifted?.status !== 'Unknown') return 0;
  return Math.max(0, last - (parseTime(drifted.lastTransitionTime) ?? last));
};

/** The first check comes at some time in the first interval after all that it needs exists. */
const beginningOf = (status: Schedule['status']): number =>
  Math.max(
    parseTime(status.lastSyncTime) ?? 0,
    parseTime(conditionOf(status, 'RegistryReachable')?.lastTransitionTime) ?? 0,
  );

const intervalOf = ({ spec, platform }: Schedule): number =>
  spec.kind === 'valid' ? spec.settings.driftDetection.intervalMs / platform.timeScale : Number.POSITIVE_INFINITY;

/** A number in [0, 1) that is always the same for the same text. */
const fractionOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;

/** Whether a user requested a reconcile, and the registry has answered. */
export const isLookAsked = ({ bundle, delivery }: Pick<Observation, 'bundle' | 'delivery'>): boolean =>
  delivery !== undefined && isRequested(bundle);
