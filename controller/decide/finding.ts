import type { Condition } from '../../api/objects.js';
import type { Reason } from '../../api/reasons.js';
import { preciseTime } from '../../api/timestamp.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf, withCondition, withoutCondition } from './condition.js';
import { FINDINGS, type Row } from './findings.js';

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
