import { RECONCILE_REQUESTED } from '../../api/annotations.js';
import type { Settings } from '../../api/settings.js';
import { parseTime, preciseTime } from '../../api/timestamp.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Applied } from '../deploy/plan-job.js';
import type { PlanFinding } from '../deploy/plan-summary.js';
import { conditionOf, withCondition, withoutCondition } from './condition.js';

/** What a check found. */
export type CheckResult =
  | { readonly kind: 'in-sync' }
  /** `finding` is what an apply would do. */
  | { readonly kind: 'drifted'; readonly finding: PlanFinding }
  /** The check could not tell. `message` says why. */
  | { readonly kind: 'failed'; readonly message: string };

interface Moment {
  readonly now: number;
  readonly generation: number;
}

/** What is deployed; undefined while nothing is, or its checksum is not recorded yet. */
export const appliedOf = (status: WerfBundleStatus): Applied | undefined => {
  const { lastAppliedTag: tag, lastAppliedDigest: digest, appliedChecksum: checksum } = status;
  if (tag === undefined || digest === undefined || checksum === undefined) return undefined;
  return { tag, digest, checksum, number: status.deployment?.number ?? 0 };
};

/** The number of the next check: of checks that ended there were as many less one. */
export const nextCheckNumber = (status: WerfBundleStatus): number => (status.driftCheckCount ?? 0) + 1;

const isDrifted = (status: WerfBundleStatus): boolean => conditionOf(status, 'Drifted')?.status === 'True';

/** Whether nothing was deployed since the last check: what it found still holds. */
export const isCheckCurrent = (status: WerfBundleStatus): boolean => {
  const checked = parseTime(status.lastDriftCheckTime);
  return checked !== undefined && checked > (parseTime(status.deployment?.startedAt) ?? 0);
};

const attemptsOf = (status: WerfBundleStatus): number => status.driftCorrectionAttempts ?? 0;

/** Whether corrections were begun, and no check has shown yet that one of them worked. */
export const isBeingCorrected = (status: WerfBundleStatus): boolean => attemptsOf(status) > 0;

/** Whether what is deployed is to be applied again now, if nothing else is to be done. */
export const isCorrectionDue = (
  status: WerfBundleStatus,
  { correct, maxRetries }: Pick<Settings['driftDetection'], 'correct' | 'maxRetries'>,
): boolean => correct && isDrifted(status) && isCheckCurrent(status) && attemptsOf(status) < maxRetries;

/** Whether the last deployment succeeded after the last check had found drift, so that another check has to verify it. */
export const isToBeVerified = (status: WerfBundleStatus): boolean => {
  const last = status.history?.[0];
  return isDrifted(status) && !isCheckCurrent(status) && last?.result === 'Succeeded';
};

/**
 * Whether a check since the last deployment failed has found no drift: a correction failed, and then somebody else, or the half of the
 * correction that was done, removed the drift.
 */
export const isHealed = (status: WerfBundleStatus): boolean =>
  conditionOf(status, 'Drifted')?.status === 'False' && isCheckCurrent(status);

/** Reasons of deployments that continue earlier ones. */
const CONTINUING: ReadonlySet<Deployment['reason']> = new Set(['DriftCorrection', 'Retry', 'JobLost']);

/**
 * Counts a correction that was decided, and resets the count when something else is deployed or a user requested a reconcile.
 * @param before - the status as it was observed
 */
export const withAttemptsCounted = (before: WerfBundleStatus, status: WerfBundleStatus): WerfBundleStatus => {
  const { deployment } = status;
  const decided = deployment?.number === before.deployment?.number ? undefined : deployment?.reason;
  const anew = isLookRequested(before, status) || (decided !== undefined && !CONTINUING.has(decided));
  const counted = anew ? withoutAttempts(status) : status;
  return decided === 'DriftCorrection' ? { ...counted, driftCorrectionAttempts: attemptsOf(counted) + 1 } : counted;
};

/** Whether this very status answers a request to reconcile. */
export const isLookRequested = (before: WerfBundleStatus, status: WerfBundleStatus): boolean =>
  before.lastHandledRequest !== status.lastHandledRequest ||
  before.lastHandledReconcileAt !== status.lastHandledReconcileAt;

const withoutAttempts = (status: WerfBundleStatus): WerfBundleStatus => {
  const { driftCorrectionAttempts: _, ...rest } = status;
  return withoutCondition(rest, 'DriftCorrectionFailed');
};

/** Removes all that a status says of drift. */
export const withoutDrift = (status: WerfBundleStatus): WerfBundleStatus => {
  const { driftCheckCount: _, lastDriftCheckTime: __, ...rest } = withoutAttempts(status);
  return withoutCondition(rest, 'Drifted');
};

/** The status once a check has ended. @param of.tag - what was checked */
export const withCheck = (
  status: WerfBundleStatus,
  { result, tag }: { readonly result: CheckResult; readonly tag: string },
  at: Moment,
): WerfBundleStatus => {
  switch (result.kind) {
    case 'in-sync': {
      const told = { status: 'False', reason: 'InSync', message: `nothing differs from ${tag}` } as const;
      return withoutAttempts(counted(status, told, at));
    }
    case 'drifted': {
      const { finding } = result;
      const what =
        finding.kind === 'objects' ? finding.words : 'change something; the log of the check does not say what';
      const message = `applying ${tag} again would ${what}`;
      return counted(status, { status: 'True', reason: 'Drifted', message }, at);
    }
    case 'failed':
      return withFailedCheck(status, result.message, at);
  }
};

/** The status once a check has ended, or could not be made, and nothing is known. @param why - for people */
export const withFailedCheck = (status: WerfBundleStatus, why: string, at: Moment): WerfBundleStatus => {
  const message = `the last check for drift gave no result: ${why}`;
  return counted(status, { status: 'Unknown', reason: 'DriftCheckFailed', message }, at);
};

const counted = (
  status: WerfBundleStatus,
  told: Omit<Parameters<typeof withCondition>[1], 'type'>,
  at: Moment,
): WerfBundleStatus => {
  const checked = { ...status, driftCheckCount: nextCheckNumber(status), lastDriftCheckTime: preciseTime(at.now) };
  return withCondition(checked, { type: 'Drifted', ...told }, at);
};

const COUNTED = { True: 'Drifted', False: 'InSync', Unknown: 'Failed' } as const;

/** What a check has found; Failed: nothing. */
export type DriftCheckResult = (typeof COUNTED)[keyof typeof COUNTED];

/** The result of the check that ended between two statuses, if one did. */
export const checkRecorded = (before: WerfBundleStatus, after: WerfBundleStatus): DriftCheckResult | undefined => {
  const drifted = conditionOf(after, 'Drifted');
  return drifted === undefined || before.lastDriftCheckTime === after.lastDriftCheckTime
    ? undefined
    : COUNTED[drifted.status];
};

/** Skips a number, since somebody else has the name of the next check's Job. */
export const withNumberSkipped = (status: WerfBundleStatus): WerfBundleStatus => ({
  ...status,
  driftCheckCount: nextCheckNumber(status),
});

/**
 * Sets DriftCorrectionFailed: True once all corrections that are allowed have failed, else absent.
 * @param more.underWay - whether a deployment is under way, or will begin by itself: its outcome is not known
 */
export const withExhaustion = (
  status: WerfBundleStatus,
  { correct, maxRetries, underWay }: Pick<Settings['driftDetection'], 'correct' | 'maxRetries'> & { underWay: boolean },
  at: Moment,
): WerfBundleStatus => {
  const attempts = attemptsOf(status);
  if (!correct || attempts < maxRetries) return withoutCondition(status, 'DriftCorrectionFailed');
  const result = status.history?.[0]?.result;
  const failed = result !== 'Succeeded' && result !== 'Superseded';
  if (underWay || !(failed || (isDrifted(status) && isCheckCurrent(status)))) return status;
  const times = maxRetries === 1 ? 'once' : `${maxRetries} times`;
  return withCondition(
    status,
    {
      type: 'DriftCorrectionFailed',
      status: 'True',
      reason: 'DriftCorrectionFailed',
      message:
        `${status.lastAppliedTag} was applied again ${times} in vain: find out what changes it or keeps it from being applied; ` +
        `it is tried again when the bundle is annotated with ${RECONCILE_REQUESTED}`,
    },
    at,
  );
};
