import type { Settings } from '../../api/settings.js';
import type { Deployment } from '../../api/werfbundle.js';
import type { Applied } from '../deploy/plan-job.js';
import type { Work } from './deployment.js';
import type { Due } from './due.js';
import type { Blocker, JobInputs } from './observation.js';
import type { PartialDecision } from './partial-decision.js';
import type { PollAccount } from './poll.js';

/**
 * What is the matter with a bundle, of all that is done for it: the guards (`guards.ts`) find the one that it is in, and what
 * follows from each stands in a table (`outcomes.ts`). Each has just what is needed for that.
 */
export type State =
  /** It is being deleted; what that takes has an order of its own. */
  | { readonly kind: 'deleting'; readonly next: PartialDecision }
  /** A deployment is under way, or has just ended. */
  | UnderWay
  | { readonly kind: 'suspended' }
  | { readonly kind: 'spec-invalid' }
  /** Somebody has to mend something before anything can be begun. */
  | { readonly kind: 'blocked'; readonly blocker: Blocker; readonly deployment?: Deployment }
  /** The deployment is written down, but the bundle could still go unseen. */
  | { readonly kind: 'finalizer-missing'; readonly deployment: Deployment }
  /** The deployment is written down, and as many Jobs run as may. */
  | { readonly kind: 'queued'; readonly deployment: Deployment }
  /** Values have changed since the deployment was written down. */
  | { readonly kind: 'intent-outdated'; readonly deployment: Deployment; readonly checksum: string }
  /** All is there that the Job of the deployment needs. */
  | {
      readonly kind: 'job-due';
      readonly deployment: Deployment;
      readonly settings: Settings;
      readonly jobInputs: JobInputs;
    }
  | { readonly kind: 'deployment-due'; readonly due: Extract<Due, { kind: 'deploy' }> }
  /** What was in the way is gone, and what the registry offers is not known. */
  | { readonly kind: 'registry-unasked'; readonly anew: PollAccount }
  /** What is deployed was recorded with another key. */
  | { readonly kind: 'record-outdated'; readonly due: Extract<Due, { kind: 'record' }> }
  | (Settled & { readonly kind: 'check-finalizer-missing' })
  /** The werf of the bundle knows no check. */
  | (Settled & { readonly kind: 'check-impossible'; readonly lack: string })
  | (Settled & { readonly kind: 'check-queued' })
  | (Settled & {
      readonly kind: 'check-due';
      readonly applied: Applied;
      readonly settings: Settings;
      readonly jobInputs: JobInputs;
    })
  /** Nothing is to be done now. */
  | (Settled & {
      readonly kind: 'settled';
      /** When something is to be done, wall clock; undefined: when something changes. */
      readonly recheckAt: number | undefined;
      /** Whether a check is so near that the bundle stays held for it. */
      readonly nearCheck: boolean;
    });

type UnderWay = Exclude<Work, { kind: 'none' | 'to-carry-out' }>;

/** Nothing is to be deployed. */
interface Settled {
  /** Why what the registry offers is not deployed, if it is held back. */
  readonly held: string | undefined;
  /** A deployment was asked for, and there is none that the spec would take. */
  readonly askedInVain: boolean;
}
