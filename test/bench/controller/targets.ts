import { megabytes, type Target } from '../report.js';
import type { Measured } from './measure.js';

const MOST_GROWTH = 1.3;
const MOST_RSS_BYTES = 256_000_000;
const MOST_DELAY_P99_MS = 50;
const MOST_DELAY_AT_START_MS = 300;
const MOST_RESTART_SECONDS = 30;
/** Polls come an interval apart ±10 %: so many more or fewer may fall into one. */
const SCANS_TOLERANCE = 0.1;

/**
 * Holds what was measured against what was promised: growth between the two largest sizes, all else at the largest.
 * @param sizes - rising, at least one
 */
export const judge = (sizes: readonly Measured[]): readonly Target[] => {
  const [large, smaller] = sizes.toReversed();
  if (large === undefined) throw new RangeError('nothing was measured');
  return [
    ...(smaller === undefined ? [] : [growthTarget(smaller, large)]),
    memoryTarget(large),
    quietTarget(large),
    scansTarget(large),
    delayTarget(large),
    startTarget(large),
    restartTarget(large),
    repeatTarget(sizes),
  ];
};

/** How many times as much CPU a bundle takes. */
const growthOf = (smaller: Measured, larger: Measured): number => larger.deploying.cpuMs / smaller.deploying.cpuMs;

const growthTarget = (smaller: Measured, large: Measured): Target => {
  const growth = growthOf(smaller, large);
  return {
    promise: `CPU for each bundle at ${large.bundles} at most ${MOST_GROWTH} times that at ${smaller.bundles}`,
    measured: `${smaller.deploying.cpuMs.toFixed(1)} → ${large.deploying.cpuMs.toFixed(1)} ms: ${growth.toFixed(2)}`,
    met: growth <= MOST_GROWTH,
  };
};

const memoryTarget = ({ memory, restart }: Measured): Target => {
  const highest = Math.max(memory.highestRss, restart.highestRss);
  return {
    promise: `RSS below ${megabytes(MOST_RSS_BYTES)}`,
    measured: `${megabytes(memory.rss)} in a steady interval, ${megabytes(highest)} at its highest`,
    met: highest < MOST_RSS_BYTES,
  };
};

const quietTarget = ({ steady }: Measured): Target => ({
  promise: 'nothing is written in a steady interval',
  measured: `${steady.writes} writes`,
  met: steady.writes === 0,
});

const scansTarget = ({ steady, repositories }: Measured): Target => ({
  promise: `one scan for each of the ${repositories} repositories in a steady interval, give or take ${SCANS_TOLERANCE * 100} %`,
  measured: `${steady.scans} scans`,
  met: Math.abs(steady.scans - repositories) <= Math.max(1, repositories * SCANS_TOLERANCE),
});

const delayTarget = ({ steady: { delays } }: Measured): Target => ({
  promise: `event loop at most ${MOST_DELAY_P99_MS} ms late in a steady interval (p99)`,
  measured: `${delays.own.p99Ms.toFixed(1)} ms; an idle process ${delays.idle.p99Ms.toFixed(1)} ms`,
  met: delays.own.p99Ms <= MOST_DELAY_P99_MS,
});

const startTarget = ({ starting }: Measured): Target => ({
  promise: `event loop at most ${MOST_DELAY_AT_START_MS} ms late at a start (maximum)`,
  measured: `${starting.own.maxMs.toFixed(0)} ms; an idle process ${starting.idle.maxMs.toFixed(0)} ms`,
  met: starting.own.maxMs <= MOST_DELAY_AT_START_MS,
});

const restartTarget = ({ restart }: Measured): Target => ({
  promise: `a new tag is acted on within ${MOST_RESTART_SECONDS} s of a restart`,
  measured: `ready after ${restart.readySeconds.toFixed(1)} s, first Job after ${restart.firstSeconds.toFixed(1)} s`,
  met: restart.firstSeconds <= MOST_RESTART_SECONDS,
});

const repeatTarget = (sizes: readonly Measured[]): Target => {
  const repeated = sizes.reduce((sum, { restart }) => sum + restart.repeated, 0);
  return { promise: 'no deployment is repeated by a restart', measured: `${repeated} repeated`, met: repeated === 0 };
};
