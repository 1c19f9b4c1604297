import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { openDeployment } from './deployment.js';
import { isPolled } from './interest.js';
import type { Observation } from './observation.js';
import { wasAttempted } from './poll.js';

/** How long the sources of a bundle's values must not have changed before they are read; milliseconds. */
const QUIET_MS = 10_000;

const quietAt = ({
  valuesChangedAt,
  platform,
}: Pick<Observation, 'valuesChangedAt' | 'platform'>): number | undefined =>
  valuesChangedAt === undefined ? undefined : valuesChangedAt + QUIET_MS / platform.timeScale;

/** Whether a source of the values has changed, and none of them since then for long enough. */
export const areValuesQuiet = (seen: Pick<Observation, 'valuesChangedAt' | 'platform' | 'now'>): boolean =>
  (quietAt(seen) ?? Number.POSITIVE_INFINITY) <= seen.now;

/** Whether changed values were read after they had been quiet; if nothing was deployed yet, they need not be. */
export const hasSeenValuesChange = (seen: Observation): boolean => {
  const { status = {} } = seen.bundle;
  if (openDeployment(status) !== undefined || !areValuesQuiet(seen)) return false;
  return seen.jobInputs !== undefined || !wasAttempted(status);
};

/** When to read changed values; undefined: none have changed, or something else comes first. */
export const nextValuesLook = (seen: Observation, status: WerfBundleStatus): number | undefined =>
  isPolled(seen) && openDeployment(status) === undefined && !areValuesQuiet(seen) ? quietAt(seen) : undefined;
