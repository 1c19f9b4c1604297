import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import type { Job, Pod, Stored } from '../../api/objects.js';
import type { PlatformPolicy } from '../../api/platform-policy.js';
import type { CredentialOrigin } from '../../api/references/registry-secret.js';
import type { ParsedSpec, Settings } from '../../api/settings.js';
import type { InstallationKey } from '../../api/signature.js';
import type { Deployment, Plan, StoredBundle } from '../../api/werfbundle.js';
import type { HeldBack, RegistryTarget } from '../../registry/port.js';
import type { JobTemplate } from '../deploy/job-template.js';
import type { PlannedChanges } from '../deploy/plan-changes.js';
import type { PlanFinding } from '../deploy/plan-summary.js';
import type { SavedPlan } from '../deploy/saved-plan.js';
import type { WaitingWords } from '../deploy/waiting.js';
import type { Delivery, ScanOutcome } from '../scans/scan.js';
import type { BLOCKERS } from './findings.js';

/** What the platform set for all bundles. */
export interface Platform {
  /** Divides the times between polls, retries and rechecks; 1 in production. */
  readonly timeScale: number;
  readonly suspendAll: boolean;
  /** Key of the checksums, made at installation. */
  readonly checksumKey: InstallationKey;
  /** Image of the Job where spec.converge.image is not set. */
  readonly werfImage: string;
  /** Version of werf in that image, if its tag does not tell. */
  readonly werfVersion: string | undefined;
  /** The operator's own namespace: its bundles need no consent, and its own objects there must not be used as values. */
  readonly namespace: string;
  /** Where bundles and werf may come from. */
  readonly policy: PlatformPolicy;
  /** consent: another namespace must accept bundles by annotation; always: it need not. */
  readonly crossNamespace: 'consent' | 'always';
  /** Used if a bundle names no registry Secret, and this one exists; in the operator's namespace. */
  readonly defaultRegistrySecret: string | undefined;
  /** How long after polling has stopped it begins again by itself, milliseconds, not yet divided by the time scale; 0: never. */
  readonly failedRetryIntervalMs: number;
  /** Whether values are judged by the schemas of charts before these are deployed. */
  readonly chartSchemas: boolean;
  readonly version: string;
  /** What the platform adds to every Job; no checksum covers it. */
  readonly jobTemplate: JobTemplate | undefined;
}

/** A cause that keeps a bundle from being deployed until somebody mends it. */
export interface Blocker {
  readonly kind: 'blocker';
  readonly reason: (typeof BLOCKERS)[number];
  readonly message: string;
}

/** How to access the registry; not read for a bundle that is not polled. */
export type Access =
  | {
      readonly kind: 'ready';
      readonly target: RegistryTarget;
      /** Where the target's credential comes from. */
      readonly origin: CredentialOrigin;
      /** Text of the docker config that the Job gets as well. */
      readonly dockerConfig: string | undefined;
    }
  | Blocker
  | { readonly kind: 'not-needed' };

/** All that a Job needs beside the spec. It holds contents of Secrets, which only the Job's own Secrets and the checksum may use. */
export interface JobInputs {
  readonly kind: 'ready';
  readonly checksum: string;
  /** Values that stand in the Job's arguments, `--set=app.replicas=3`; nothing from a Secret. */
  readonly valuesArgs: readonly string[];
  /** Text of the file with all other values; undefined: there are none. */
  readonly valuesFile: string | undefined;
  readonly werfSecretKey: string | undefined;
  /** What must not appear in a log. */
  readonly secretTexts: readonly string[];
}

/** What the chart of one digest says of the bundle's values, as they are now. */
interface JudgedChart {
  readonly digest: string;
  readonly verdict: ChartVerdict;
}

/** Whether the release of a bundle that is being deleted can be uninstalled. `why` is for people. */
export type Dismissal =
  | { readonly kind: 'possible' }
  /** It can't be uninstalled any more, and mostly nothing is left of it. */
  | { readonly kind: 'pointless'; readonly why: string }
  /** Somebody has to mend something first. */
  | { readonly kind: 'blocked'; readonly why: string };

/** What the registry has behind a tag now. */
export type TagNow = { readonly tag: string } & (
  | { readonly kind: 'there'; readonly digest: string }
  | { readonly kind: 'absent' }
  /** The registry could not be asked. `why` is for people. */
  | { readonly kind: 'unknown'; readonly why: string }
);

/** The Job of the deployment that status.deployment names, found by name, uid label and number. */
export type DeployJob =
  | { readonly kind: 'absent' }
  /** It can't be found out whether there is one. */
  | Blocker
  | {
      readonly kind: 'present';
      readonly job: Stored<Job>;
      /** Only the apiserver knows it: the watch lags behind, or others have taken away the label by which Jobs are watched. */
      readonly isUnwatched?: true;
      readonly pod: Stored<Pod> | undefined;
      readonly log: JobLog;
      /** Why it does not start, by its events. */
      readonly words?: WaitingWords | undefined;
    };

/** The end of the Job's log, redacted; fetched once its container has ended. */
export type JobLog =
  | { readonly kind: 'not-needed' }
  | { readonly kind: 'read'; readonly tail: string; readonly errorLine: string | undefined }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The deployments that a bundle's Jobs were made for. The status may know fewer, if it was lost, or restored from a backup. */
export interface KnownJobs {
  /** The highest number; 0 if there is none. */
  readonly highest: number;
  /** The deployment of that number, as its Job records it; undefined if the Job is being deleted, or not ours. */
  readonly newest: Deployment | undefined;
}

/** A Job that checks whether the bundle has drifted, or plans a deployment. */
export interface PlanJob {
  readonly job: Stored<Job>;
  readonly pod: Stored<Pod> | undefined;
  readonly log: PlanLog;
}

/** What the log of a plan says, redacted; fetched once the plan has found something, or failed. */
export type PlanLog =
  | { readonly kind: 'not-needed' }
  | {
      readonly kind: 'read';
      readonly finding: PlanFinding;
      /** Of the plan of a deployment; undefined: the log does not say. */
      readonly changes?: PlannedChanges | undefined;
      /** Of one that werf was to save. */
      readonly saved?: SavedPlan | undefined;
      readonly errorLine: string | undefined;
    }
  | { readonly kind: 'unreadable'; readonly why: string };

/** What the Secret has in which a saved plan is kept. `why` is for people. */
type KeptPlan =
  | { readonly kind: 'kept'; readonly plan: Plan /** base64 */; readonly artifact: string }
  | { readonly kind: 'missing'; readonly why: string };

/** Whether the Job of this name, which is to be created, has a slot; `waiting`: the bundle is woken when it has. */
export interface JobSlot {
  readonly kind: 'granted' | 'waiting';
  readonly jobName: string;
}

/** Whether a Job has a slot; undefined: none was requested for this Job. */
export const slotFor = ({ slot }: Observation, jobName: string): JobSlot['kind'] | undefined =>
  slot?.jobName === jobName ? slot.kind : undefined;

/** What was deployed last with success was made with, or why that is not known or not allowed any more. It holds contents of Secrets. */
export type Kept =
  | {
      readonly kind: 'there';
      readonly checksum: string;
      /** The present ones, but for what the checksum covers. */
      readonly settings: Settings;
      readonly inputs: Pick<JobInputs, 'valuesArgs' | 'valuesFile' | 'secretTexts'>;
    }
  /** `why` is for people. */
  | { readonly kind: 'gone'; readonly why: string };

/** Everything that a decision about one bundle is based on, read at one moment. */
export interface Observation {
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** When this controller's term began; wall clock. */
  readonly startedAt: number;
  readonly bundle: StoredBundle;
  readonly platform: Platform;
  /** As the rules, the platform's policy and the other bundles leave it. */
  readonly spec: ParsedSpec;
  readonly access: Access;
  /** A scan's result that has not been acted on. */
  readonly delivery: Delivery | undefined;
  /** The result of the last successful scan since the start. */
  readonly latest: Exclude<ScanOutcome, { kind: 'failed' }> | undefined;
  /** Why scans of the repository are held back, if they are. */
  readonly heldBack: HeldBack['why'] | undefined;
  /** How many full scans in a row, this delivery included, had the same result: the same tag, or nothing to deploy. */
  readonly sameScans: number;
  /** When a source of its values changed last, if they were not read since; wall clock. */
  readonly valuesChangedAt: number | undefined;
  /** When the last Job succeeded, if the registry was not asked since; wall clock. */
  readonly deployedAt: number | undefined;
  /** What the bundle's existing Jobs tell, whatever its status says. */
  readonly jobs: KnownJobs;
  readonly job: DeployJob;
  /** The Job of a deployment whose result is recorded, until this process knows that its Secrets are deleted. */
  readonly cleanupPending: Stored<Job> | undefined;
  /** All existing Jobs of drift checks and of plans: at most one, unless a crash or a second controller has left more. */
  readonly plans: readonly PlanJob[];
  /** undefined, here and below: not looked up yet, since the decision may not depend on it. */
  readonly jobInputs: JobInputs | Blocker | undefined;
  readonly chart: JudgedChart | undefined;
  readonly dismissal: Dismissal | undefined;
  readonly tagNow: TagNow | undefined;
  readonly kept: Kept | undefined;
  readonly keptPlan: KeptPlan | undefined;
  readonly slot: JobSlot | undefined;
}
