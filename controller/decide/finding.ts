import type { Condition } from '../../api/objects.js';
import type { Reason } from '../../api/reasons.js';
import { preciseTime } from '../../api/timestamp.js';
import type { Phase, WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf, withCondition, withoutCondition } from './condition.js';

interface Row {
  readonly kind: string;
  /** The reasons that it may have. */
  readonly reasons: readonly Reason[];
  readonly phase: Phase | 'as-it-was';
  readonly ready: Condition['status'] | 'as-it-was' | 'if-true';
  readonly reconciling: boolean;
  readonly stalled: boolean;
  /** Whether the message is an error, to be kept in lastErrorMessage. */
  readonly error: boolean;
}

/** Reasons for which an object of somebody else blocks the bundle: they are checked again and again until it exists. */
export const BLOCKERS = [
  'CredentialsInvalid',
  'ValuesInvalid',
  'ServiceAccountMissing',
  'NamespaceUnavailable',
  'ConsentMissing',
  'RightsMissing',
] as const satisfies readonly Reason[];

const FAILURES = ['DeployFailed', 'JobLost', 'JobRefused'] as const satisfies readonly Reason[];

/**
 * First match wins. `phase` says what the controller does, Ready whether what the bundle asks for is deployed. A bundle whose own spec
 * suspends it asks for nothing: its Ready is True or missing, so that it does not block tools that wait for health (kstatus). One that
 * the platform suspends (`--suspend-all`) still asks for something.
 */
export const FINDINGS = [
  {
    kind: 'deleting',
    reasons: ['Deleting', 'WaitingForJob', 'Queued', 'DismissFailed', ...BLOCKERS],
    phase: 'as-it-was',
    ready: 'as-it-was',
    reconciling: true,
    stalled: false,
    error: false,
  },
  {
    kind: 'suspended-deployed',
    reasons: ['Suspended'],
    phase: 'Synced',
    ready: 'if-true',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'suspended-new',
    reasons: ['Suspended'],
    phase: 'Syncing',
    ready: 'if-true',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'held-up-deployed',
    reasons: ['Suspended'],
    phase: 'Synced',
    ready: 'as-it-was',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'held-up-new',
    reasons: ['Suspended'],
    phase: 'Syncing',
    ready: 'as-it-was',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'spec-invalid',
    reasons: ['SpecInvalid'],
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'blocker',
    reasons: BLOCKERS,
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'job-active',
    reasons: ['Planning', 'Deploying', 'WaitingForJob', 'Queued'],
    phase: 'Syncing',
    ready: 'Unknown',
    reconciling: true,
    stalled: false,
    error: false,
  },
  {
    kind: 'approval-awaited',
    reasons: ['ApprovalAwaited'],
    phase: 'Syncing',
    ready: 'False',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'plan-withheld',
    reasons: ['PlanFailed'],
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'polling-stopped',
    reasons: ['PollingStopped'],
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'values-refused',
    reasons: ['ValuesRefused'],
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'job-retry',
    reasons: FAILURES,
    phase: 'Syncing',
    ready: 'False',
    reconciling: true,
    stalled: false,
    error: true,
  },
  {
    kind: 'job-failed',
    reasons: FAILURES,
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'returned',
    reasons: ['Returned'],
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'polls-failing-new',
    reasons: ['PollFailed'],
    phase: 'Syncing',
    ready: 'False',
    reconciling: true,
    stalled: false,
    error: true,
  },
  {
    kind: 'polls-failing-deployed',
    reasons: ['PollFailed'],
    phase: 'Syncing',
    ready: 'True',
    reconciling: false,
    stalled: false,
    error: true,
  },
  {
    kind: 'nothing-to-deploy',
    reasons: ['NoMatchingTag', 'NotABundle'],
    phase: 'Failed',
    ready: 'False',
    reconciling: false,
    stalled: true,
    error: true,
  },
  {
    kind: 'downgrade-held',
    reasons: ['DowngradeHeld'],
    phase: 'Synced',
    ready: 'True',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'first-scan',
    reasons: ['FirstScan'],
    phase: 'Syncing',
    ready: 'Unknown',
    reconciling: true,
    stalled: false,
    error: false,
  },
  {
    kind: 'drifted',
    reasons: ['Drifted'],
    phase: 'Synced',
    ready: 'True',
    reconciling: false,
    stalled: false,
    error: false,
  },
  {
    kind: 'synced',
    reasons: ['Deployed'],
    phase: 'Synced',
    ready: 'True',
    reconciling: false,
    stalled: false,
    error: false,
  },
] as const satisfies readonly Row[];

export type FindingKind = (typeof FINDINGS)[number]['kind'];

interface Said<Kind extends FindingKind, Why extends Reason> {
  readonly kind: Kind;
  readonly reason: Why;
  /** For people; it stays the same while nothing changes. */
  readonly message: string;
  /** What lastErrorMessage is to say, where that is not the message. */
  readonly error?: string;
}

/** What a status may report of a bundle. Several can be true at once: the first in the order of {@link FINDINGS} is reported. */
export type Finding<Kind extends FindingKind = FindingKind> = {
  [Row in (typeof FINDINGS)[number] as Row['kind']]: Said<Row['kind'], Row['reasons'][number]>;
}[Kind];

/** @returns the finding to report; undefined if there is none: then everything stays as it was */
export const strongest = (findings: readonly Finding[]): Finding | undefined => {
  for (const { kind } of FINDINGS) {
    const finding = findings.find((candidate) => candidate.kind === kind);
    if (finding !== undefined) return finding;
  }
  return undefined;
};

/**
 * Reports the strongest finding: phase, Ready, Reconciling, Stalled and the error fields of a status.
 * RegistryReachable is the poll's own and stays.
 */
export const tell = (
  status: WerfBundleStatus,
  findings: readonly Finding[],
  at: { readonly now: number; readonly generation: number },
): WerfBundleStatus => {
  const finding = strongest(findings);
  const row = FINDINGS.find(({ kind }) => kind === finding?.kind);
  if (finding === undefined || row === undefined) return status;
  const phase = row.phase === 'as-it-was' ? status.phase : row.phase;
  let next: WerfBundleStatus = phase === undefined ? status : { ...status, phase };
  const ready = readyOf(status, finding, row);
  next = ready === undefined ? withoutCondition(next, 'Ready') : withCondition(next, { type: 'Ready', ...ready }, at);
  const { reason, message } = finding;
  const progress = row.error ? 'ProgressingWithRetry' : reason;
  next =
    reason === 'Suspended'
      ? withCondition(next, { type: 'Suspended', status: 'True', reason, message }, at)
      : withoutCondition(next, 'Suspended');
  next = row.reconciling
    ? withCondition(next, { type: 'Reconciling', status: 'True', reason: progress, message }, at)
    : withoutCondition(next, 'Reconciling');
  next = row.stalled
    ? withCondition(next, { type: 'Stalled', status: 'True', reason, message }, at)
    : withoutCondition(next, 'Stalled');
  return withError(next, finding, row, at.now);
};

/** Ready as it was, if the finding does not set it; but never Unknown, since nothing is under way. */
const readyOf = (
  status: WerfBundleStatus,
  finding: Finding,
  row: Row,
): (Pick<Condition, 'status' | 'message'> & { reason: Reason }) | undefined => {
  const previous = conditionOf(status, 'Ready');
  if (row.ready === 'if-true' && previous?.status !== 'True') return undefined;
  if (row.ready !== 'as-it-was' && row.ready !== 'if-true')
    return { status: row.ready, reason: finding.reason, message: finding.message };
  if (previous !== undefined && (previous.status !== 'Unknown' || row.reconciling)) {
    return { status: previous.status, reason: previous.reason as Reason, message: previous.message };
  }
  return { status: row.reconciling ? 'Unknown' : 'False', reason: finding.reason, message: finding.message };
};

/** Keeps the last error until what the bundle asks for is deployed. */
const withError = (status: WerfBundleStatus, finding: Finding, row: Row, now: number): WerfBundleStatus => {
  if (row.ready === 'True' && !row.error) {
    const { lastErrorMessage: _, ...clean } = status;
    return clean;
  }
  const error = finding.error ?? finding.message;
  if (!row.error || status.lastErrorMessage === error) return status;
  return { ...status, lastErrorMessage: error, lastErrorTime: preciseTime(now) };
};
