import { jobNameOf } from '../../api/names.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { ExecuteFailure } from '../execute.js';
import { announcementsOf } from './announce.js';
import { conclude, failureOf } from './conclusion.js';
import type { Cleanup, Decision } from './decision.js';
import { secretsWithoutJob } from './deployment.js';
import { withCheck, withNumberSkipped } from './drift-state.js';
import { nextTry } from './due.js';
import { tell } from './situation.js';
import { preciseTime } from './timestamps.js';

/**
 * What becomes of a decision whose action failed.
 * @returns undefined: nothing is written, the same is tried again later
 */
export const afterFailure = (
  seen: {
    readonly bundle: StoredBundle;
    readonly now: number;
    readonly retries: number;
    readonly timeScale: number;
    /** Of the Jobs that there are. */
    readonly highest: number;
  },
  decision: Decision,
  failure: ExecuteFailure,
): Decision | undefined => {
  const { bundle } = seen;
  const before = bundle.status ?? {};
  switch (failure.kind) {
    case 'interrupted':
    case 'begun':
      return undefined;
    case 'taken': {
      const number = Math.max(failure.deployment.number, seen.highest) + 1;
      const { tag } = failure.deployment;
      const jobName = jobNameOf({ bundleName: bundle.metadata.name, uid: bundle.metadata.uid, tag, number });
      const deployment = { ...failure.deployment, number, jobName, startedAt: preciseTime(seen.now) };
      return {
        ...decision,
        actions: [],
        status: { ...before, deployment },
        announcements: [],
        recheck: { kind: 'now' },
      };
    }
    case 'plan-taken':
      return {
        ...decision,
        actions: [],
        status: withNumberSkipped(decision.status),
        cleanup: [...decision.cleanup, ...secretsOfPlan(bundle, decision)],
        recheck: { kind: 'now' },
      };
    case 'plan-refused': {
      const of = { result: { kind: 'failed', message: failure.message }, tag: before.lastAppliedTag ?? '' } as const;
      const status = withCheck(decision.status, of, { now: seen.now, generation: bundle.metadata.generation });
      return {
        ...decision,
        actions: [],
        status,
        announcements: announcementsOf(before, status, undefined),
        recheck: { kind: 'now' },
      };
    }
    case 'refused': {
      const ended = conclude(before, failure.deployment, {
        result: 'Refused',
        message: failure.message,
        finishedAt: seen.now,
      });
      // How it goes on with a bundle that is being deleted is decided anew.
      if (failure.deployment.reason === 'Dismiss')
        return { ...decision, actions: [], status: ended, announcements: [], recheck: { kind: 'now' } };
      const again = nextTry(ended, seen);
      const told = failureOf(ended) ?? { reason: 'JobRefused' as const, message: failure.message };
      const at = { now: seen.now, generation: bundle.metadata.generation };
      return {
        ...decision,
        actions: [],
        status: {
          ...tell(ended, [{ kind: again === undefined ? 'job-failed' : 'job-retry', ...told }], at),
          // While polls fail it is theirs.
          ...(again !== undefined &&
            (ended.consecutiveFailures ?? 0) === 0 && { nextAttemptTime: preciseTime(again.time) }),
        },
        announcements: [{ type: 'Warning', ...told }],
        recheck: { kind: 'now' },
      };
    }
  }
};

/** A crash may have left them, of other values, and nobody comes back to a number that was skipped. A stranger's stay. */
const secretsOfPlan = (bundle: StoredBundle, { actions }: Decision): readonly Cleanup[] =>
  actions.flatMap((action) =>
    action.kind === 'create-plan' ? [secretsWithoutJob({ bundle }, { jobName: action.job.metadata.name ?? '' })] : [],
  );
