import { jobNameOf } from '../../api/names.js';
import { preciseTime } from '../../api/timestamp.js';
import type { Deployment, Plan, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conclude, failureOf } from './conclusion.js';
import { momentOf } from './condition.js';
import type { BundleEvent, Cleanup, Decision, ExecuteFailure } from './decision.js';
import { secretsWithoutJob } from './deployment.js';
import { withFailedCheck, withNumberSkipped } from './drift-state.js';
import { nextTry } from './due.js';
import { tell } from './finding.js';
import { deletionOfKept } from './keeping.js';
import type { Observation } from './observation.js';
import { withPlanEnd, withPlanRenumbered } from './plan-record.js';
import { accountPoll, type PollAccount } from './poll.js';
import { withPlanAppliedAnew } from './saved-plans.js';
import { transitionEvents } from './transition-events.js';

/**
 * The decision that replaces one whose action failed. The poll that was delivered with it counts all the same.
 * @returns undefined: nothing is written, and the same is tried again later
 */
export const afterFailure = (seen: Observation, decision: Decision, failure: ExecuteFailure): Decision | undefined => {
  switch (failure.kind) {
    case 'interrupted':
    case 'begun':
      return undefined;
    case 'taken':
      return instead(seen, decision, renumbered(seen, failure.deployment));
    case 'plan-taken':
      return {
        ...decision,
        actions: [],
        status: withOtherName(seen, decision),
        cleanup: [...decision.cleanup, ...secretsOfPlan(seen.bundle, decision)],
        recheck: { kind: 'now' },
      };
    case 'plan-unkept':
      return {
        ...decision,
        actions: [],
        status: withPlanAppliedAnew(decision.status, `it could not be kept: ${failure.message}`),
        recheck: { kind: 'now' },
      };
    case 'plan-refused':
      return instead(seen, decision, withRefusedPlan(seen, decision, failure.message));
    case 'not-kept':
      return withoutKept(seen, decision);
    case 'not-deleted':
      return withKeptLeft(seen, decision);
    case 'refused':
      return refused(seen, decision, failure);
  }
};

/** The decision without its actions, with another status and the events that follow from that. The bundle is reconciled again at once. */
const instead = (seen: Observation, decision: Decision, status: WerfBundleStatus): Decision => ({
  ...decision,
  actions: [],
  status,
  events: transitionEvents(seen, status),
  recheck: { kind: 'now' },
});

/** The decision without what could not be kept: all else was done, and only a return would need it. */
const withoutKept = (seen: Observation, decision: Decision): Decision => {
  const { kept, ...status } = decision.status;
  const cleanup = kept === undefined ? [] : [deletionOfKept(seen, kept)];
  return { ...decision, actions: [], status, cleanup: [...decision.cleanup, ...cleanup] };
};

/** The decision with what is still kept, though it was to go: the next reconcile tries again, and the finalizer stays until then. */
const withKeptLeft = (seen: Observation, decision: Decision): Decision => {
  const kept = decision.status.kept ?? seen.bundle.status?.kept;
  return {
    ...decision,
    actions: [],
    status: { ...decision.status, ...(kept !== undefined && { kept }) },
    finalizer: decision.finalizer === 'remove' ? 'leave' : decision.finalizer,
  };
};

/** The status that the actions were based on. A bundle that is being deleted is not polled any more. */
const polledBefore = (seen: Observation): Pick<PollAccount, 'status' | 'findings'> =>
  seen.bundle.metadata.deletionTimestamp === undefined
    ? accountPoll(seen)
    : { status: seen.bundle.status ?? {}, findings: [] };

/** The plan of a deployment that was to be created; undefined: it was a check for drift. */
const plannedBy = ({ actions }: Decision): Plan | undefined =>
  actions.find((action) => action.kind === 'create-plan')?.plan;

const withOtherName = (seen: Observation, decision: Decision): WerfBundleStatus => {
  const plan = plannedBy(decision);
  return plan === undefined
    ? withNumberSkipped(decision.status)
    : withPlanRenumbered(seen.bundle, decision.status, plan);
};

const withRefusedPlan = (seen: Observation, decision: Decision, message: string): WerfBundleStatus => {
  const plan = plannedBy(decision);
  if (plan === undefined) return withFailedCheck(decision.status, message, momentOf(seen));
  const end = { kind: 'failed', message, isFinal: false } as const;
  return withPlanEnd(seen.bundle, decision.status, { plan, end, now: seen.now, key: seen.platform.checksumKey });
};

const renumbered = (seen: Observation, taken: Deployment): WerfBundleStatus => {
  const { name: bundleName, uid } = seen.bundle.metadata;
  const number = Math.max(taken.number, seen.jobs.highest) + 1;
  const jobName = jobNameOf({ bundleName, uid, tag: taken.tag, number });
  const deployment = { ...taken, number, jobName, startedAt: preciseTime(seen.now) };
  return { ...polledBefore(seen).status, deployment };
};

const refused = (
  seen: Observation,
  decision: Decision,
  { deployment, message }: Extract<ExecuteFailure, { kind: 'refused' }>,
): Decision => {
  const { now, spec, platform, bundle } = seen;
  const polled = polledBefore(seen);
  const ended = conclude(polled.status, deployment, { result: 'Refused', message, finishedAt: now });
  // For a bundle that is being deleted, the next reconcile decides how to go on.
  if (deployment.reason === 'Dismiss') return instead(seen, decision, ended);
  const retries = spec.kind === 'valid' ? spec.settings.converge.retries : 0;
  const again = nextTry(ended, { retries, timeScale: platform.timeScale });
  const reported = failureOf(ended) ?? { reason: 'JobRefused' as const, message };
  const kind = again === undefined ? 'job-failed' : 'job-retry';
  const at = { now, generation: bundle.metadata.generation };
  const next = instead(seen, decision, {
    ...tell(ended, [{ kind, ...reported }, ...polled.findings], at),
    // While polls fail, nextAttemptTime is that of the next poll.
    ...(again !== undefined && (ended.consecutiveFailures ?? 0) === 0 && { nextAttemptTime: preciseTime(again.time) }),
  });
  return { ...next, events: withEvent(next.events, { type: 'Warning', ...reported }) };
};

/** Each refusal gets an event, even if Ready says the same already, or something worse. */
const withEvent = (events: readonly BundleEvent[], event: BundleEvent): readonly BundleEvent[] =>
  events.some(({ reason }) => reason === event.reason) ? events : [event, ...events];

/** Secrets that a crash may have left for a plan whose number is skipped: nobody looks for them again. A stranger's are not deleted. */
const secretsOfPlan = (bundle: StoredBundle, { actions }: Decision): readonly Cleanup[] =>
  actions.flatMap((action) =>
    action.kind === 'create-plan' ? [secretsWithoutJob({ bundle }, { jobName: action.job.metadata.name })] : [],
  );
