import type { Job, ObjectRef, Secret } from '../../api/objects.js';
import type { Reason } from '../../api/reasons.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import type { KubeError } from '../../kube/client.js';
import type { ScanInterest } from '../scans/scan.js';

/** Something to be done before the status is written. Each can be done again without harm. */
export type Action =
  /** Secrets first, then the Job, then the Secrets' ownerReference: a crash in between leaves what the next try adopts. */
  | {
      readonly kind: 'create-job';
      readonly job: Job;
      readonly secrets: readonly Secret[];
      readonly deployment: Deployment;
    }
  /** As `create-job`. The Job is its own intent: its name follows from the number of the check. */
  | { readonly kind: 'create-plan'; readonly job: Job; readonly secrets: readonly Secret[] }
  | {
      readonly kind: 'delete-job';
      readonly ref: ObjectRef;
      readonly uid: string;
      /** If its werf has begun after all, the Job stays, and the bundle is looked at anew. */
      readonly unlessBegun?: true;
      /** Foreground: the Job stays to be seen until its Pod has ended. Background if left out. */
      readonly propagation?: 'Background' | 'Foreground';
    }
  | Cleanup;

/** A Job's Secrets. After the status is written it is only tidy; before, it makes sure that none is left by what is given up. */
export interface Cleanup {
  readonly kind: 'delete-secrets';
  readonly namespace: string;
  readonly names: readonly string[];
  /** Only what was made for this bundle is deleted, whatever has those names. */
  readonly bundleUid: string;
}

/** An event to be announced once the status is written. */
export interface BundleEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: Reason;
  readonly message: string;
}

/** When to look at the bundle again, if nothing changes before. */
export type Recheck =
  | { readonly kind: 'on-change' }
  | { readonly kind: 'now' }
  | { readonly kind: 'at'; readonly time: number };

/** Of the bundle's finalizers only our own is touched, under its resourceVersion. */
export type FinalizerChange = 'add' | 'remove' | 'leave';

/** What has to be known to decide: it is looked up, and asked again with it. Each is needed once at most. */
export type Need =
  /** Whether there is room for a Job: asking for it puts the bundle into the queue. */
  | { readonly kind: 'needs'; readonly what: 'job-slot'; readonly jobName: string }
  /** Values, credentials and ServiceAccount: several reads. */
  | { readonly kind: 'needs'; readonly what: 'job-inputs'; readonly settings: Settings }
  | { readonly kind: 'needs'; readonly what: 'dismissal' };

export interface Decision {
  readonly kind: 'decided';
  readonly actions: readonly Action[];
  /** The whole status, as it should be after the actions. */
  readonly status: WerfBundleStatus;
  readonly cleanup: readonly Cleanup[];
  readonly events: readonly BundleEvent[];
  /** Done last: what is removed is removed only when the cleanup succeeded. */
  readonly finalizer: FinalizerChange;
  /** What the scans are to do for this bundle; undefined: nothing. */
  readonly interest: ScanInterest | undefined;
  /** The last that is said of the bundle, once; just before it is let go, which may be tried several times. */
  readonly finalEvent?: BundleEvent | undefined;
  readonly recheck: Recheck;
  /** Whether the bundle goes on needing the place for a Job that it has, or waits for. */
  readonly keepsSlot: boolean;
}

/** Why an action was not done. */
export type ExecuteFailure =
  /** The apiserver will not have the Job, or a Secret of it. `message` is its own words. */
  | { readonly kind: 'refused'; readonly deployment: Deployment; readonly message: string }
  /** Somebody else has a Job or Secret of that name. */
  | { readonly kind: 'taken'; readonly deployment: Deployment; readonly message: string }
  /**
   * The Job was to give way, and werf has been started meanwhile; or it was to be made, and another process has made it of other
   * values. Now it is followed to its end.
   */
  | { readonly kind: 'begun' }
  /** The same of a plan. */
  | { readonly kind: 'plan-refused' | 'plan-taken'; readonly message: string }
  /** The apiserver could not be asked, or was busy: the same again, later. */
  | { readonly kind: 'interrupted'; readonly error: KubeError };
