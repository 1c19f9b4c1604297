import type { Condition } from '../../api/objects.js';
import type { Reason } from '../../api/reasons.js';
import type { Phase } from '../../api/werfbundle.js';

/** What is told of a bundle in a situation. */
export interface Row {
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
