import { type HistoryEntry, lastTried } from '../../api/attempts.js';
import type { Reason } from '../../api/reasons.js';
import { preciseTime, wholeSeconds } from '../../api/timestamp.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Finding } from './finding.js';
import type { Conclusion } from './history.js';

const HISTORY_LENGTH = 10;

/** Records how a deployment ended. lastApplied… changes only when it succeeded. */
export const conclude = (
  status: WerfBundleStatus,
  deployment: Deployment,
  end: {
    readonly result: Conclusion;
    readonly message: string | undefined;
    readonly finishedAt: number;
    readonly log?: string | undefined;
  },
): WerfBundleStatus => {
  const { activeJobName: _, lastJobLogs: __, ...rest } = status;
  const { number, tag, digest, checksum, reason, jobName, startedAt } = deployment;
  const entry: HistoryEntry = {
    number,
    tag,
    digest,
    checksum,
    reason,
    jobName,
    startedAt,
    result: end.result,
    finishedAt: preciseTime(end.finishedAt),
    ...(end.message !== undefined && { message: end.message.slice(0, 1_024) }),
  };
  return {
    ...rest,
    lastJobName: jobName,
    lastJobStatus: end.result === 'Succeeded' ? 'Succeeded' : 'Failed',
    lastAttemptedTag: tag,
    ...(end.log !== undefined && end.log !== '' && { lastJobLogs: end.log }),
    history: [entry, ...(status.history ?? [])].slice(0, HISTORY_LENGTH),
    ...(end.result === 'Succeeded' && {
      lastAppliedTag: tag,
      lastAppliedDigest: digest,
      appliedChecksum: checksum,
      lastSyncTime: wholeSeconds(end.finishedAt),
    }),
  };
};

const FAILURE_REASONS = {
  Failed: 'DeployFailed',
  Lost: 'JobLost',
  Refused: 'JobRefused',
} as const satisfies Readonly<Record<Exclude<Conclusion, 'Succeeded' | 'Superseded'>, Reason>>;

/** Why the last deployment counts as failed; undefined if it did not fail. */
export const failureOf = (status: WerfBundleStatus): Pick<Finding<'job-failed'>, 'reason' | 'message'> | undefined => {
  const last = lastTried(status);
  if (last === undefined || last.result === 'Succeeded' || last.result === 'Superseded') return undefined;
  return { reason: FAILURE_REASONS[last.result], message: last.message ?? 'the Job failed' };
};
