/** Types of the conditions in status.conditions. */
export type ConditionType =
  | 'Ready'
  | 'Suspended'
  | 'Reconciling'
  | 'Stalled'
  | 'RegistryReachable'
  | 'Drifted'
  | 'DriftCorrectionFailed';

/**
 * Why a condition is what it is; the same words are the reasons of events. A spec checks that the guide explains each of them.
 * The value says in one sentence what has happened, for that guide.
 */
export const REASONS = {
  Deployed: 'what was asked for is deployed',
  Deploying: 'a Job deploys the tag',
  WaitingForJob: 'the Job exists, but its Pod does not run yet',
  Queued: 'as many Jobs run as the platform allows; the bundle waits in the queue',
  FirstScan: 'the registry has not been asked since the bundle was created or changed',
  Polled: 'the registry answered',
  PollFailed: 'the registry could not be asked; it is tried again',
  PollingResumed: 'after failed polls somebody has reset their count, or asked for a look',
  PollingStopped: 'six polls in a row failed; nothing is polled until somebody acts',
  ProgressingWithRetry: 'something failed and is tried again by itself',
  DeployFailed: 'the Job failed and is not tried again',
  JobLost: 'the Job ended without a result',
  JobRefused: 'the apiserver refused the Job',
  NoMatchingTag: 'no tag satisfies the bundle',
  NotABundle: 'none of the tags looked at is a bundle',
  DowngradeHeld: 'the registry offers only a lower version than the one deployed',
  SpecInvalid: 'the spec breaks a rule',
  CredentialsInvalid: 'a Secret with credentials, a certificate or a key is missing or broken',
  ValuesInvalid: 'a source of values is missing or broken',
  ServiceAccountMissing: 'the ServiceAccount does not exist in the target namespace',
  NamespaceUnavailable: 'the target namespace does not exist or is being deleted',
  ConsentMissing: 'the target namespace does not accept bundles from the bundle\u2019s namespace',
  RightsMissing: 'the controller may not read what the bundle needs',
  Drifted: 'the cluster differs from what was deployed',
  InSync: 'the last check found no drift',
  DriftCorrected: 'what had drifted was applied again, and a check found nothing more that differs',
  DriftCheckFailed: 'the last check for drift gave no result',
  DriftCorrectionFailed: 'it drifts though it was applied again as often as the bundle says',
  Suspended: 'the bundle is suspended',
  Resumed: 'the bundle is no longer suspended',
  Deleting: 'the bundle is being deleted',
  Dismissed: 'the release of a deleted bundle was uninstalled',
  DismissFailed: 'the release of a deleted bundle could not be uninstalled',
  ReconcileLimitExceeded: 'a reconcile of the bundle took too long, or too many requests; others go first',
  ETagUnsupported: 'the registry gives no ETag for its list of tags',
} as const;

export type Reason = keyof typeof REASONS;
