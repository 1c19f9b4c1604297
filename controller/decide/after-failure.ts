import { jobNameOf } from '../../api/names.js';
import { preciseTime } from '../../api/timestamp.js';
import type { Deployment, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conclude, failureOf } from './conclusion.js';
import { momentOf } from './condition.js';
import type { BundleEvent, Cleanup, Decision, ExecuteFailure } from './decision.js';
import { secretsWithoutJob } from './deployment.js';
import { withFailedCheck, withNumberSkipped } from './drift-state.js';
import { nextTry } from './due.js';
import { tell } from './finding.js';
import type { Observation } from './observation.js';
import { accountPoll, type PollAccount, tagsOf } from './poll.js';
import { transitionEvents } from './transition-events.js';

/**
 * What becomes of a decision whose action failed. The poll that was delivered with it counts all the same.
 * @returns undefined: nothing is written, the same is tried again later
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
        status: withNumberSkipped(decision.status),
        cleanup: [...decision.cleanup, ...secretsOfPlan(seen.bundle, decision)],
        recheck: { kind: 'now' },
      };
    case 'plan-refused':
      return instead(seen, decision, withFailedCheck(decision.status, failure.message, momentOf(seen)));
    case 'refused':
      return refused(seen, decision, failure);
  }
};

/** Without the actions, another status, and the events that follow from it. What comes next is decided at once. */
const instead = (seen: Observation, decision: Decision, status: WerfBundleStatus): Decision => ({
  ...decision,
  actions: [],
  status,
  events: transitionEvents(seen.bundle.status ?? {}, status, tagsOf(seen)),
  recheck: { kind: 'now' },
});

/** What the actions rested on. A bundle that goes is polled no more. */
const polledBefore = (seen: Observation): Pick<PollAccount, 'status' | 'findings'> =>
  seen.bundle.metadata.deletionTimestamp === undefined
    ? accountPoll(seen)
    : { status: seen.bundle.status ?? {}, findings: [] };

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
  // How it goes on with a bundle that is being deleted is decided anew.
  if (deployment.reason === 'Dismiss') return instead(seen, decision, ended);
  const retries = spec.kind === 'valid' ? spec.settings.converge.retries : 0;
  const again = nextTry(ended, { retries, timeScale: platform.timeScale });
  const told = failureOf(ended) ?? { reason: 'JobRefused' as const, message };
  const kind = again === undefined ? 'job-failed' : 'job-retry';
  const at = { now, generation: bundle.metadata.generation };
  const next = instead(seen, decision, {
    ...tell(ended, [{ kind, ...told }, ...polled.findings], at),
    // While polls fail it is theirs.
    ...(again !== undefined && (ended.consecutiveFailures ?? 0) === 0 && { nextAttemptTime: preciseTime(again.time) }),
  });
  return { ...next, events: withEvent(next.events, { type: 'Warning', ...told }) };
};

/** Each refusal is told, even if Ready says the same already, or something worse. */
const withEvent = (events: readonly BundleEvent[], event: BundleEvent): readonly BundleEvent[] =>
  events.some(({ reason }) => reason === event.reason) ? events : [event, ...events];

/** A crash may have left them, of other values, and nobody comes back to a number that was skipped. A stranger's stay. */
const secretsOfPlan = (bundle: StoredBundle, { actions }: Decision): readonly Cleanup[] =>
  actions.flatMap((action) =>
    action.kind === 'create-plan' ? [secretsWithoutJob({ bundle }, { jobName: action.job.metadata.name })] : [],
  );
