import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { openDeployment } from './deployment.js';
import { isPolled } from './interest.js';
import type { Observation } from './observation.js';
import { wasAttempted } from './poll.js';

/** How long the sources of a bundle's values have to be left alone before they are looked at; milliseconds. */
const QUIET_MS = 10_000;

const quietAt = ({
  valuesChangedAt,
  platform,
}: Pick<Observation, 'valuesChangedAt' | 'platform'>): number | undefined =>
  valuesChangedAt === undefined ? undefined : valuesChangedAt + QUIET_MS / platform.timeScale;

/** Whether a source of the values was changed, and all of them were left alone since for long enough. */
export const areValuesQuiet = (seen: Pick<Observation, 'valuesChangedAt' | 'platform' | 'now'>): boolean =>
  (quietAt(seen) ?? Number.POSITIVE_INFINITY) <= seen.now;

/** Whether values that were changed were looked at after they had been quiet; where nothing was deployed yet, nobody need look. */
export const hasSeenValuesChange = (seen: Observation): boolean => {
  const { status = {} } = seen.bundle;
  if (openDeployment(status) !== undefined || !areValuesQuiet(seen)) return false;
  return seen.jobInputs !== undefined || !wasAttempted(status);
};

/** When to look at values that were changed; undefined: nobody has changed them, or something else comes first. */
export const nextValuesLook = (seen: Observation, status: WerfBundleStatus): number | undefined =>
  isPolled(seen) && openDeployment(status) === undefined && !areValuesQuiet(seen) ? quietAt(seen) : undefined;
