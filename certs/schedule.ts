import { AUTHORITY_LIFE_MS, LEAF_LIFE_MS } from './issue.js';

/** How long certificates live, and how often they are looked after; milliseconds. */
export interface Schedule {
  readonly authorityLifeMs: number;
  readonly leafLifeMs: number;
  /** A leaf by a new CA is served this long after every caBundle with that CA was read back. */
  readonly overlapMs: number;
  /** Secret and webhook configurations are looked at this often. */
  readonly lookMs: number;
  /** Files given from outside are looked at this often, if no event comes from their folder. */
  readonly fileLookMs: number;
}

const SECOND = 1000;

/**
 * The schedule, divided by --time-scale. Below the floors nothing would work any more: times in certificates are whole seconds, and
 * an apiserver takes a moment to see a changed caBundle, however fast the clock of the demonstration runs.
 * @param timeScale - 1 or more
 */
export const scheduleFor = (timeScale: number): Schedule => {
  const scaled = (ms: number, floorMs: number): number => Math.max(ms / timeScale, floorMs);
  return {
    authorityLifeMs: scaled(AUTHORITY_LIFE_MS, 120 * SECOND),
    leafLifeMs: scaled(LEAF_LIFE_MS, 15 * SECOND),
    overlapMs: scaled(60 * SECOND, SECOND),
    lookMs: scaled(60 * SECOND, SECOND),
    fileLookMs: scaled(10 * SECOND, SECOND),
  };
};
