import type { Condition } from '../../api/objects.js';
import type { ConditionType, Reason } from '../../api/reasons.js';
import type { Phase, WerfBundleStatus } from '../../api/werfbundle.js';
import { preciseTime, wholeSeconds } from './timestamps.js';

/** What may be said about a bundle. Several can be true at once: the first in the order of {@link SITUATIONS} is told. */
export interface Finding {
  readonly kind: FindingKind;
  readonly reason: Reason;
  /** For people; stable while nothing changes. */
  readonly message: string;
  /** What lastErrorMessage is to say, where that is not the message. */
  readonly error?: string;
}

interface Row {
  readonly kind: string;
  readonly phase: Phase | 'as-it-was';
  readonly ready: Condition['status'] | 'as-it-was' | 'if-true';
  readonly reconciling: boolean;
  readonly stalled: boolean;
  /** Whether the message is an error, to be kept in lastErrorMessage. */
  readonly error: boolean;
}

/**
 * First match wins. `phase` says what the controller does, Ready whether what was asked for is deployed. A bundle whose own spec suspends
 * it asks for nothing: it has a Ready that is True, or none, so that whoever waits for health (kstatus) is not held up by it. One that
 * the platform keeps from being deployed (`--suspend-all`) does ask.
 */
export const FINDINGS = [
  { kind: 'deleting', phase: 'as-it-was', ready: 'as-it-was', reconciling: true, stalled: false, error: false },
  { kind: 'suspended-deployed', phase: 'Synced', ready: 'if-true', reconciling: false, stalled: false, error: false },
  { kind: 'suspended-new', phase: 'Syncing', ready: 'if-true', reconciling: false, stalled: false, error: false },
  { kind: 'held-up-deployed', phase: 'Synced', ready: 'as-it-was', reconciling: false, stalled: false, error: false },
  { kind: 'held-up-new', phase: 'Syncing', ready: 'as-it-was', reconciling: false, stalled: false, error: false },
  { kind: 'spec-invalid', phase: 'Failed', ready: 'False', reconciling: false, stalled: true, error: true },
  { kind: 'blocker', phase: 'Failed', ready: 'False', reconciling: false, stalled: true, error: true },
  { kind: 'job-active', phase: 'Syncing', ready: 'Unknown', reconciling: true, stalled: false, error: false },
  { kind: 'polling-stopped', phase: 'Failed', ready: 'False', reconciling: false, stalled: true, error: true },
  { kind: 'job-retry', phase: 'Syncing', ready: 'False', reconciling: true, stalled: false, error: true },
  { kind: 'job-failed', phase: 'Failed', ready: 'False', reconciling: false, stalled: true, error: true },
  { kind: 'polls-failing-new', phase: 'Syncing', ready: 'False', reconciling: true, stalled: false, error: true },
  { kind: 'polls-failing-deployed', phase: 'Syncing', ready: 'True', reconciling: false, stalled: false, error: true },
  { kind: 'nothing-to-deploy', phase: 'Failed', ready: 'False', reconciling: false, stalled: true, error: true },
  { kind: 'downgrade-held', phase: 'Synced', ready: 'True', reconciling: false, stalled: false, error: false },
  { kind: 'first-scan', phase: 'Syncing', ready: 'Unknown', reconciling: true, stalled: false, error: false },
  { kind: 'drifted', phase: 'Synced', ready: 'True', reconciling: false, stalled: false, error: false },
  { kind: 'synced', phase: 'Synced', ready: 'True', reconciling: false, stalled: false, error: false },
] as const satisfies readonly Row[];

export type FindingKind = (typeof FINDINGS)[number]['kind'];

export const conditionOf = (status: WerfBundleStatus, type: ConditionType): Condition | undefined =>
  status.conditions?.find((condition) => condition.type === type);

/** Sets one condition; lastTransitionTime moves only when its status does. */
export const withCondition = (
  status: WerfBundleStatus,
  wanted: {
    readonly type: ConditionType;
    readonly status: Condition['status'];
    readonly reason: Reason;
    readonly message: string;
  },
  at: { readonly now: number; readonly generation: number },
): WerfBundleStatus => {
  const previous = conditionOf(status, wanted.type);
  const unmoved = previous?.status === wanted.status ? previous.lastTransitionTime : undefined;
  const condition: Condition = {
    ...wanted,
    observedGeneration: at.generation,
    lastTransitionTime: unmoved ?? wholeSeconds(at.now),
  };
  const others = (status.conditions ?? []).filter((other) => other.type !== wanted.type);
  return { ...status, conditions: sorted([...others, condition]) };
};

export const withoutCondition = (status: WerfBundleStatus, type: ConditionType): WerfBundleStatus =>
  conditionOf(status, type) === undefined
    ? status
    : { ...status, conditions: (status.conditions ?? []).filter((condition) => condition.type !== type) };

const ORDER: readonly string[] = [
  'Ready',
  'Suspended',
  'Reconciling',
  'Stalled',
  'RegistryReachable',
  'Drifted',
  'DriftCorrectionFailed',
];

const sorted = (conditions: readonly Condition[]): readonly Condition[] =>
  conditions.toSorted((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type));

/** @returns the finding to be told; undefined if there is none: then everything stays as it was */
export const strongest = (findings: readonly Finding[]): Finding | undefined => {
  for (const { kind } of FINDINGS) {
    const finding = findings.find((candidate) => candidate.kind === kind);
    if (finding !== undefined) return finding;
  }
  return undefined;
};

/**
 * Tells the strongest finding: phase, Ready, Reconciling, Stalled and the error fields of a status.
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
  next =
    reason === 'Suspended'
      ? withCondition(next, { type: 'Suspended', status: 'True', reason, message }, at)
      : withoutCondition(next, 'Suspended');
  next = row.reconciling
    ? withCondition(
        next,
        { type: 'Reconciling', status: 'True', reason: retrying(row) ? 'ProgressingWithRetry' : reason, message },
        at,
      )
    : withoutCondition(next, 'Reconciling');
  next = row.stalled
    ? withCondition(next, { type: 'Stalled', status: 'True', reason, message }, at)
    : withoutCondition(next, 'Stalled');
  return withError(next, finding, row, at.now);
};

const retrying = (row: Row): boolean => row.error && row.reconciling;

/** Ready as it was, where the situation says nothing of it: but never Unknown, for nothing is under way. */
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

/** The last error is told until what was asked for is deployed. */
const withError = (status: WerfBundleStatus, finding: Finding, row: Row, now: number): WerfBundleStatus => {
  if (row.ready === 'True' && !row.error) {
    const { lastErrorMessage: _, ...clean } = status;
    return clean;
  }
  const error = finding.error ?? finding.message;
  if (!row.error || status.lastErrorMessage === error) return status;
  return { ...status, lastErrorMessage: error, lastErrorTime: preciseTime(now) };
};
