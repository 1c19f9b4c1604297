/** Types of the conditions in status.conditions, and what each says; a generated reference shows them so. */
export const CONDITIONS = {
  Ready:
    'whether what the bundle asks for is deployed; it is not there while `spec.suspend` asks for nothing, unless it is True',
  Suspended: 'nothing is polled or begun, and what stays meanwhile; it stands first, and is there only then',
  Reconciling: 'something is under way, or is tried again by itself; it is there only then',
  Stalled: 'a person has to act; it is there only then',
  RegistryReachable: 'whether the last poll of the registry succeeded',
  Held: 'what the registry offers is not deployed, since a person has rolled back, or since it failed; it is there only then',
  Drifted:
    'with drift detection: whether the cluster differs from what was deployed; Unknown if the last check gave no result',
  DriftCorrectionFailed:
    'with drift detection: it drifts though it was applied again as often as the bundle says; it is there only then',
} as const;

export type ConditionType = keyof typeof CONDITIONS;

interface Row {
  /** What has happened, in one sentence without a full stop. */
  readonly what: string;
  /** What a person does about it, as long; `code` in backticks, no links. */
  readonly advice: string;
  /** The place below docs/ that says how: `operations.md#drift`. */
  readonly see?: string;
  /** The type of its event; left out where it only says that something is awaited, and there is none. */
  readonly event?: 'Normal' | 'Warning';
}

/**
 * Why a condition is what it is; the same words are the reasons of events. The one source of what they mean, of what to do about them, and
 * of which are events: docs/reference/reasons.md is made from it.
 */
export const REASONS = {
  Deployed: {
    what: 'what was asked for is deployed',
    advice: 'nothing',
    event: 'Normal',
  },
  Deploying: {
    what: 'a Job deploys the tag',
    advice: 'wait; `kubectl logs job/…` shows how far it is (`status.activeJobName`)',
    event: 'Normal',
  },
  Planning: {
    what: 'a Job makes a plan of what the deployment would change, before it begins',
    advice: 'wait; `status.plan` has the plan when it is made',
    see: 'operations.md#a-plan-before-each-deployment',
  },
  PlanMade: {
    what: 'the plan of a deployment was made',
    advice: 'nothing; the message says what would change, and `status.plan` in detail',
    see: 'operations.md#a-plan-before-each-deployment',
    event: 'Normal',
  },
  PlanFailed: {
    what: 'the plan of a deployment could not be made',
    advice:
      'the message says why; with `deletions: Hold` nothing is deployed: mend it, and ask for a look, or deploy without by `deletions: Allow`',
    see: 'operations.md#a-plan-before-each-deployment',
    event: 'Warning',
  },
  ApprovalAwaited: {
    what: 'the deployment would delete or recreate what `deletions: Hold` guards, and nobody has approved that',
    advice:
      'look at `status.plan`; who may approve it runs `werfbundle approve`, or sets the annotation that the message names',
    see: 'operations.md#deletions-that-wait-for-an-approval',
    event: 'Warning',
  },
  PlanApproved: {
    what: 'a deployment begins that would delete or recreate what `deletions: Hold` guards, since its plan was approved',
    advice: "nothing; who has approved it is in the apiserver's audit log",
    see: 'operations.md#who-has-approved',
    event: 'Normal',
  },
  WaitingForJob: {
    what: 'the Job exists, but its Pod does not run yet',
    advice: "the message has Kubernetes' own words: image, quota, node, mount",
  },
  Queued: {
    what: 'as many Jobs run as the platform allows; the bundle waits in the queue',
    advice: "wait: namespaces take turns; or raise the controller's `--max-jobs`, `--max-jobs-per-namespace`",
  },
  FirstScan: {
    what: 'the registry has not been asked since the bundle was created or changed',
    advice: 'wait some seconds; if polls are held back to spare the registry, the message says why',
  },
  Polled: {
    what: 'the registry answered',
    advice: 'nothing',
  },
  PollFailed: {
    what: 'the registry could not be asked; it is tried again',
    advice: 'after 30s, 1m, 2m, 4m, 8m by itself; the message says why',
    event: 'Warning',
  },
  PollingResumed: {
    what: 'after failed polls somebody has reset their count, or asked for a look',
    advice:
      'wait: the registry is asked at once, or, if polls are held back to spare it, once they are not; the message says so',
    event: 'Normal',
  },
  PollingStopped: {
    what: 'six polls in a row failed; nothing is polled until somebody acts',
    advice: 'mend the cause, then start polling again',
    see: 'troubleshooting.md#reset-the-failure-counter',
    event: 'Warning',
  },
  ProgressingWithRetry: {
    what: 'something failed and is tried again by itself',
    advice: '`status.nextAttemptTime` says when',
  },
  DeployFailed: {
    what: 'the Job failed and is not tried again',
    advice: 'read the message and `status.lastJobLogs`; change the spec, publish a new tag, or ask for another try',
    see: 'troubleshooting.md#ask-for-another-try',
    event: 'Warning',
  },
  JobLost: {
    what: 'the Job ended without a result (deleted, evicted, drained)',
    advice: 'tried again after 30s, 2m, 8m; then ask for another try',
    see: 'troubleshooting.md#ask-for-another-try',
    event: 'Warning',
  },
  JobRefused: {
    what: 'the apiserver refused the Job',
    advice: 'the message has its words; tried again after 30s, 2m, 8m',
    event: 'Warning',
  },
  NoMatchingTag: {
    what: 'no tag satisfies the bundle',
    advice: 'the message names the best tag there is; change the constraint, or publish one',
    event: 'Warning',
  },
  NotABundle: {
    what: 'none of the tags looked at is a bundle',
    advice: 'publish one with `werf bundle publish`; an image is no bundle',
    event: 'Warning',
  },
  DowngradeHeld: {
    what: 'the registry offers only a lower version than the one deployed, which the controller holds back until it offers another',
    advice: 'set `spec.registry.tag` in the place of `versionConstraint`, if you want the lower one',
    event: 'Warning',
  },
  RolledBack: {
    what: 'a person has rolled back: neither polls nor the spec deploy another tag until the annotation is taken away',
    advice: '`werfbundle release-hold` follows the registry again',
    see: 'command-line.md#release-hold',
    event: 'Normal',
  },
  Returning: {
    what: 'a deployment has failed for good, and what was deployed last with success follows',
    advice: 'wait',
    see: 'configuration.md#onfailure',
    event: 'Normal',
  },
  Returned: {
    what: 'what the registry offers has failed: what was deployed last with success is deployed again, and the controller holds what failed until the registry offers another digest',
    advice: 'publish another version, or mend the cause and run `werfbundle release-hold`',
    see: 'configuration.md#onfailure',
    event: 'Warning',
  },
  HoldReleased: {
    what: 'nothing is held back any more: the registry is followed again',
    advice: 'nothing',
    event: 'Normal',
  },
  SpecInvalid: {
    what: 'the spec breaks a rule: it was stored while no webhook was there',
    advice: 'correct the fields that the message names',
    event: 'Warning',
  },
  CredentialsInvalid: {
    what: 'a Secret with credentials, a certificate or a key is missing or broken',
    advice: 'the message names it, and what is wrong; it is looked at again every 30s',
    event: 'Warning',
  },
  ValuesInvalid: {
    what: 'a source of values is missing or broken',
    advice: 'the message names it, and what is wrong; it is looked at again when it changes, a Secret every 30s',
    event: 'Warning',
  },
  ValuesRefused: {
    what: 'the schema of the chart refuses the values that it would be deployed with',
    advice:
      'the message names chart and values, and where these stand; change them, or publish a chart that takes them: either is seen by itself',
    see: 'troubleshooting.md#the-schema-of-a-new-tag-refuses-the-values',
    event: 'Warning',
  },
  ServiceAccountMissing: {
    what: 'the ServiceAccount does not exist in the target namespace',
    advice: 'create it; it is seen at once',
    event: 'Warning',
  },
  NamespaceUnavailable: {
    what: 'the target namespace does not exist or is being deleted',
    advice: 'create it',
    event: 'Warning',
  },
  ConsentMissing: {
    what: "the target namespace does not accept bundles from the bundle's namespace",
    advice: 'annotate it as the message says',
    event: 'Warning',
  },
  RightsMissing: {
    what: 'the controller may not read what the bundle needs, or not take its Job away',
    advice: 'the message says what, and where: bind ClusterRole `werfbundle-controller` there',
    see: 'operations.md#splitting-the-work',
    event: 'Warning',
  },
  Drifted: {
    what: 'the cluster differs from what was deployed',
    advice:
      'the message says in what; it is applied again by itself, unless `driftDetection.correct` is false: then do so, or ask for it',
    see: 'operations.md#drift',
    event: 'Warning',
  },
  InSync: {
    what: 'the last check found no drift',
    advice: 'nothing',
    event: 'Normal',
  },
  DriftCorrected: {
    what: 'what had drifted was applied again, and a check found nothing more that differs',
    advice: 'find out who changed it, if it comes again',
    event: 'Normal',
  },
  DriftCheckFailed: {
    what: 'the last check for drift gave no result',
    advice: 'the message says why; it is tried again, later and later',
    see: 'operations.md#drift',
    event: 'Warning',
  },
  DriftCorrectionFailed: {
    what: 'it drifts though it was applied again as often as the bundle says',
    advice:
      'find out what changes it (another controller, an autoscaler) or keeps it from being applied; then ask for another try',
    see: 'troubleshooting.md#ask-for-another-try',
    event: 'Warning',
  },
  Suspended: {
    what: 'the bundle is suspended',
    advice: 'set `spec.suspend` to false, or start the controller without `--suspend-all`',
    event: 'Normal',
  },
  Resumed: {
    what: 'the bundle is no longer suspended',
    advice: 'nothing',
    event: 'Normal',
  },
  Deleting: {
    what: 'the bundle is being deleted',
    advice: 'wait; the message says what for',
  },
  Dismissed: {
    what: 'the release of a deleted bundle was uninstalled',
    advice: 'nothing',
    event: 'Normal',
  },
  DismissFailed: {
    what: 'the release of a deleted bundle could not be uninstalled',
    advice: 'the message says why; if the bundle is gone, `helm uninstall` or `werf dismiss` by hand',
    event: 'Warning',
  },
  ReconcileLimitExceeded: {
    what: 'a reconcile of the bundle took too long, or too many requests; others go first',
    advice:
      "look for an apiserver that is slow, or for what changes the bundle's objects all the time; it is tried again by itself",
    event: 'Warning',
  },
  ETagUnsupported: {
    what: 'the registry gives no ETag for its list of tags',
    advice: 'nothing; a longer `pollInterval` saves traffic',
    event: 'Normal',
  },
} as const satisfies Readonly<Record<string, Row>>;

export type Reason = keyof typeof REASONS;

/** Reasons that have an event. */
export type ToldReason = { [Why in Reason]: (typeof REASONS)[Why] extends { event: unknown } ? Why : never }[Reason];
