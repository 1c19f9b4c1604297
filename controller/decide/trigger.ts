import { wasSuperseded } from '../../api/attempts.js';
import { openPlan } from '../../api/open-plan.js';
import type { Settings } from '../../api/settings.js';
import { conditionOf } from './condition.js';
import { isCorrectable, nextCheckOf } from './drift-due.js';
import { nextTry, takesLast } from './due.js';
import type { Idle } from './facts.js';
import { wantedOf } from './hold-list.js';
import { holderOf } from './holder.js';
import type { Observation } from './observation.js';
import { isUnasked } from './plan-record.js';
import { hasOtherCredentials, isDeployRequested, isNewGeneration, wasAttempted } from './poll.js';
import { toReturnFrom } from './returning.js';
import { isLookedUpAgain } from './transition-events.js';
import { areValuesQuiet } from './values-change.js';

/** Why the inputs of a Job are looked up, which costs several reads, and compared with what was deployed last. */
export type Trigger =
  | 'blocker-told'
  | 'values-changed'
  | 'registry-answered'
  | 'deployment-requested'
  | 'retry-due'
  | 'return-due'
  | 'offer-differs'
  | 'plan-open'
  | 'correction-due'
  | 'check-due';

/** In this order; the first that holds counts. */
const TRIGGERS: readonly (readonly [Trigger, (of: Idle) => boolean])[] = [
  // First, or a failed poll would hide the blocker for a moment.
  ['blocker-told', ({ seen }) => isLookedUpAgain(statusOf(seen))],
  // Even together with a scan's result: nothing else would cause another reconcile for the changed values.
  ['values-changed', ({ seen }) => areValuesQuiet(seen) && wasAttempted(statusOf(seen)) && isAnswered(seen)],
  ['registry-answered', ({ seen }) => seen.delivery?.outcome.kind === 'selected'],
  ['deployment-requested', ({ seen }) => isDeploymentToBeAnswered(seen)],
  ['retry-due', ({ seen, settings }) => isReached(seen) && isRetryDue(seen, settings)],
  ['return-due', (of) => isReached(of.seen) && toReturnFrom(of) !== undefined],
  ['offer-differs', (of) => isReached(of.seen) && hasOtherOffer(of)],
  // What is planned stays due, whether or not the registry answers.
  ['plan-open', ({ polled: { status } }) => openPlan(status) !== undefined && !isUnasked(status)],
  ['correction-due', (of) => isReached(of.seen) && isCorrectable(of)],
  // Last: it needs a job slot first, which nothing else does.
  ['check-due', (of) => isReached(of.seen) && nextCheckOf(of)?.when === 'now'],
];

/** @returns undefined: nothing has happened that could make a difference */
export const triggerOf = (of: Idle): Trigger | undefined => {
  // The registry is asked first: what is known of it is about something else.
  if (isNewGeneration(of.seen.bundle) || hasOtherCredentials(of.seen)) return undefined;
  return TRIGGERS.find(([, holds]) => holds(of))?.[0];
};

const statusOf = ({ bundle }: Observation) => bundle.status ?? {};

const reachedOf = (seen: Observation) => conditionOf(statusOf(seen), 'RegistryReachable')?.status;

const isAnswered = (seen: Observation): boolean => seen.delivery !== undefined || reachedOf(seen) !== 'Unknown';

/** Whether the outcome of the last poll is recorded, and no newer one was delivered. */
const isReached = (seen: Observation): boolean => seen.delivery === undefined && reachedOf(seen) !== 'Unknown';

/** Whether a request for a deployment can be answered: by the registry's offer or, while polls fail, by what is deployed. */
const isDeploymentToBeAnswered = (seen: Observation): boolean => {
  const failing = (statusOf(seen).consecutiveFailures ?? 0) > 0;
  return (seen.delivery !== undefined || failing) && isDeployRequested(seen.bundle) && wasAttempted(statusOf(seen));
};

const isRetryDue = (seen: Observation, settings: Settings): boolean => {
  const status = statusOf(seen);
  if (!takesLast(status, settings)) return false;
  const again = nextTry(status, { retries: settings.converge.retries, timeScale: seen.platform.timeScale });
  return again !== undefined && again.time <= seen.now;
};

/** What is held is no other offer than what is deployed in its place. */
const hasOtherOffer = (of: Idle): boolean => {
  const { seen } = of;
  const { latest } = seen;
  const status = statusOf(seen);
  if (reachedOf(seen) !== 'True' || latest?.kind !== 'selected') return false;
  const { deployment } = status;
  const { tag, digest } = wantedOf({ ...holderOf(of, status), wanted: latest });
  return wasSuperseded(status) || tag !== deployment?.tag || digest !== deployment.digest;
};
