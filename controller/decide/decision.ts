import type { Job, ObjectRef, Secret } from '../../api/objects.js';
import type { REASONS, ToldReason } from '../../api/reasons.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, Plan, WerfBundleStatus } from '../../api/werfbundle.js';
import type { KubeError } from '../../kube/client.js';
import type { ScanInterest } from '../scans/scan.js';

/** An action to be done before the status is written. Each is idempotent. */
export type Action =
  /** Secrets first, then the Job, then the Secrets' ownerReference: the next try adopts what a crash in between leaves. */
  | {
      readonly kind: 'create-job';
      readonly job: Job;
      readonly secrets: readonly Secret[];
      readonly deployment: Deployment;
    }
  /**
   * As `create-job`. Without `plan` it is a check for drift, whose Job is its own intent: its name follows from the number of the check.
   * The plan of a deployment is written down before.
   */
  | { readonly kind: 'create-plan'; readonly job: Job; readonly secrets: readonly Secret[]; readonly plan?: Plan }
  /** Keeps a plan as werf has saved it, before the status says that it was made. */
  | { readonly kind: 'keep-plan'; readonly secret: Secret & { readonly metadata: ObjectRef } }
  | {
      readonly kind: 'delete-job';
      readonly ref: ObjectRef;
      readonly uid: string;
      /** If werf has been started after all, the Job stays, and the bundle is reconciled again. */
      readonly unlessBegun?: true;
      /** Foreground: the Job stays visible until its Pod has ended. Background if left out. */
      readonly propagation?: 'Background' | 'Foreground';
    }
  | Keep
  | Cleanup;

/**
 * Keeps what a deployment was made with that has succeeded, in the place of what was kept before: the data of the Job's Secret or, without
 * `from`, those of the Secret itself.
 */
export interface Keep {
  readonly kind: 'keep';
  readonly secret: Secret;
  readonly from?: ObjectRef;
}

/** Deletes a Job's Secrets. After the status is written, this only tidies up; before, it makes sure that a given-up Job leaves none. */
export interface Cleanup {
  readonly kind: 'delete-secrets';
  readonly namespace: string;
  readonly names: readonly string[];
  /** Only Secrets that were made for this bundle are deleted, even if others have those names. */
  readonly bundleUid: string;
  /** As an action: what may not be deleted stays for now, and all else is done. */
  readonly mayStay?: true;
}

/** An event to be announced once the status is written; its type is that of its reason. */
export type BundleEvent = {
  readonly [Why in ToldReason]: {
    readonly type: (typeof REASONS)[Why]['event'];
    readonly reason: Why;
    readonly message: string;
  };
}[ToldReason];

/** When to look at the bundle again, if nothing changes before. */
export type Recheck =
  | { readonly kind: 'on-change' }
  | { readonly kind: 'now' }
  | { readonly kind: 'at'; readonly time: number };

/** A change of our own finalizer, under the bundle's resourceVersion; other finalizers are not touched. */
export type FinalizerChange = 'add' | 'remove' | 'leave';

/** What a decision lacks: it is looked up, and then decided again. Each is needed once at most. */
export type Need =
  /** Whether there is room for a Job: asking for it puts the bundle into the queue. */
  | { readonly kind: 'needs'; readonly what: 'job-slot'; readonly jobName: string }
  /** Values, credentials and ServiceAccount: several reads. */
  | { readonly kind: 'needs'; readonly what: 'job-inputs'; readonly settings: Settings }
  /** What the chart of a digest says of the values: mostly known, else one object is read, or two requests go to the registry. */
  | { readonly kind: 'needs'; readonly what: 'chart'; readonly digest: string; readonly settings: Settings }
  | { readonly kind: 'needs'; readonly what: 'dismissal' }
  /** What the registry has behind a tag that it does not offer: one request. */
  | { readonly kind: 'needs'; readonly what: 'tag'; readonly tag: string }
  /** What was deployed last with success was made with: one or two objects are read. */
  | { readonly kind: 'needs'; readonly what: 'kept'; readonly settings: Settings }
  /** The plan that a deployment is to apply: one Secret is read. */
  | { readonly kind: 'needs'; readonly what: 'kept-plan'; readonly plan: Plan };

export interface Decision {
  readonly kind: 'decided';
  readonly actions: readonly Action[];
  /** The whole status, as it should be after the actions. */
  readonly status: WerfBundleStatus;
  readonly cleanup: readonly Cleanup[];
  readonly events: readonly BundleEvent[];
  /** Changed last: the finalizer is removed only when the cleanup has succeeded. */
  readonly finalizer: FinalizerChange;
  /** What the scans are to do for this bundle; undefined: nothing. */
  readonly interest: ScanInterest | undefined;
  /** The last event of the bundle, sent once, just before the finalizer is removed, which may take several tries. */
  readonly finalEvent?: BundleEvent | undefined;
  readonly recheck: Recheck;
  /** Whether the bundle still needs the job slot that it has, or waits for. */
  readonly keepsSlot: boolean;
}

/** Why an action was not done. */
export type ExecuteFailure =
  /** The apiserver refused the Job, or a Secret of it. `message` is the apiserver's own. */
  | { readonly kind: 'refused'; readonly deployment: Deployment; readonly message: string }
  /** Somebody else has a Job or Secret of that name. */
  | { readonly kind: 'taken'; readonly deployment: Deployment; readonly message: string }
  /**
   * The Job was superseded, but werf has been started meanwhile; or it was to be created, but another process has created it with
   * other values. It is followed to its end.
   */
  | { readonly kind: 'begun' }
  /** The plan that was made can't be kept: its Secret was refused, or somebody else has its name. */
  | { readonly kind: 'plan-unkept'; readonly message: string }
  /** The same of a plan. */
  | { readonly kind: 'plan-refused' | 'plan-taken'; readonly message: string }
  /** What was deployed could not be kept: the apiserver refused that, or somebody else has a Secret of that name. */
  | { readonly kind: 'not-kept'; readonly message: string }
  /** What is not needed any more may not be deleted; all other actions were done. */
  | { readonly kind: 'not-deleted'; readonly message: string }
  /** The apiserver could not be reached, or was busy: the action is tried again later. */
  | { readonly kind: 'interrupted'; readonly error: KubeError };
