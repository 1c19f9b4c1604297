import type { Settings } from '../../api/settings.js';
import type { Deployment } from '../../api/werfbundle.js';
import type { Applied } from '../deploy/plan-job.js';
import type { AppliedPlan } from './create-job.js';
import type { Work } from './deployment.js';
import type { Due } from './due.js';
import type { Hold } from './hold-list.js';
import type { Blocker, JobInputs } from './observation.js';
import type { PartialDecision } from './partial-decision.js';
import type { PlanState } from './plan-state.js';
import type { PollAccount } from './poll.js';

/**
 * The states of a bundle, by what is done for it: the guards (`guards.ts`) find the one that it is in, and a table (`outcomes.ts`)
 * says what follows from each. Each has just the data that is needed for that.
 */
export type State =
  /** It is being deleted; `deletion.ts` decides what is done, and in which order. */
  | { readonly kind: 'deleting'; readonly next: PartialDecision }
  /** A deployment is under way, or has just ended. */
  | UnderWay
  | { readonly kind: 'suspended' }
  | { readonly kind: 'spec-invalid' }
  /** Somebody has to mend something before anything can be begun. */
  | { readonly kind: 'blocked'; readonly blocker: Blocker; readonly deployment?: Deployment }
  /** The intent is written, but the bundle could still be deleted without the controller. */
  | { readonly kind: 'finalizer-missing'; readonly deployment: Deployment }
  /** The intent is written, but all job slots are taken. */
  | { readonly kind: 'queued'; readonly deployment: Deployment }
  /** Values have changed since the intent was written. */
  | { readonly kind: 'intent-outdated'; readonly deployment: Deployment; readonly checksum: string }
  /** The inputs of the deployment's Job are known. */
  | {
      readonly kind: 'job-due';
      readonly deployment: Deployment;
      readonly settings: Settings;
      readonly jobInputs: JobInputs;
      /** What it applies as it was saved. */
      readonly applies?: AppliedPlan;
      /** Why it does not apply the plan that was to be applied so. */
      readonly appliesAnew?: string;
    }
  /** It would be, but the schema of its chart refuses the values. */
  | {
      readonly kind: 'values-refused';
      readonly target: Extract<Due, { kind: 'deploy' }>['target'];
      readonly message: string;
    }
  | PlanState
  | {
      readonly kind: 'deployment-due';
      readonly due: Extract<Due, { kind: 'deploy' }>;
      /** What is held from now on, since this returns from it. */
      readonly hold?: Hold;
    }
  /** What was deployed last with success can't be deployed again. */
  | { readonly kind: 'return-impossible'; readonly why: string }
  /** Whether it can is not known now. */
  | { readonly kind: 'return-awaited'; readonly why: string }
  /** A blocker is gone, and the registry's offer is not known. */
  | { readonly kind: 'registry-unasked'; readonly anew: PollAccount }
  /** What is deployed was recorded with another key. */
  | { readonly kind: 'record-outdated'; readonly due: Extract<Due, { kind: 'record' }> }
  | (Settled & { readonly kind: 'check-finalizer-missing' })
  /** The bundle's version of werf can't check for drift. */
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
      /** Whether a check is so near that the finalizer stays for it. */
      readonly nearCheck: boolean;
    });

type UnderWay = Exclude<Work, { kind: 'none' | 'to-carry-out' }>;

/** Nothing is to be deployed. */
interface Settled {
  /** Why what the registry offers is not deployed, if it is held back. */
  readonly held: string | undefined;
  /** Why what the registry offered last is not deployed: the values were refused, and nothing tells of another result yet. */
  readonly refused: string | undefined;
  /** A deployment was requested, but the spec admits no tag. */
  readonly askedInVain: boolean;
}
