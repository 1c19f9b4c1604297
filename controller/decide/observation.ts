import type { Job, Pod, Stored } from '../../api/objects.js';
import type { PlatformPolicy } from '../../api/platform-policy.js';
import type { ParsedSpec } from '../../api/settings.js';
import type { Deployment, StoredBundle } from '../../api/werfbundle.js';
import type { HeldBack, RegistryTarget } from '../../registry/port.js';
import type { JobTemplate } from '../deploy/job-template.js';
import type { PlanFinding } from '../deploy/plan-summary.js';
import type { WaitingWords } from '../deploy/waiting.js';
import type { Delivery, ScanOutcome } from '../scans/scan.js';
import type { BLOCKERS } from './finding.js';

/** What the platform set for all bundles. */
export interface Platform {
  /** Divides poll, backoff and look-again times; 1 in production. */
  readonly timeScale: number;
  readonly suspendAll: boolean;
  /** Key of the checksums, made at installation. */
  readonly checksumKey: { readonly id: string; readonly secret: Uint8Array };
  /** Image of the Job where spec.converge.image is not set. */
  readonly werfImage: string;
  /** Of that image, where its tag does not tell. */
  readonly werfVersion: string | undefined;
  /** The operator's own namespace: its bundles need no consent, and what it keeps there for itself is nobody's values. */
  readonly namespace: string;
  /** Where bundles and werf may come from. */
  readonly policy: PlatformPolicy;
  /** consent: another namespace must accept bundles by annotation; always: it need not. */
  readonly crossNamespace: 'consent' | 'always';
  /** Used where a bundle names no registry Secret, if it is there; in the operator's namespace. */
  readonly defaultRegistrySecret: string | undefined;
  /** When polling that has stopped is tried again by itself, milliseconds before the time scale; 0: never. */
  readonly failedRetryIntervalMs: number;
  readonly version: string;
  /** Added to every Job; no checksum covers it. */
  readonly jobTemplate: JobTemplate | undefined;
}

/** A cause that keeps a bundle from being deployed until somebody mends it. */
export interface Blocker {
  readonly kind: 'blocker';
  readonly reason: (typeof BLOCKERS)[number];
  readonly message: string;
}

/** How the registry is to be asked; not looked at for a bundle that is not polled. */
export type Access =
  | {
      readonly kind: 'ready';
      readonly target: RegistryTarget;
      /** Text of the docker config that the Job gets as well. */
      readonly dockerConfig: string | undefined;
    }
  | Blocker
  | { readonly kind: 'not-needed' };

/** All that a Job needs beside the spec. Contents of Secrets: for the Job's own Secrets and the checksum only. */
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

/** Whether the release of a bundle that goes can be uninstalled. `why` is for people. */
export type Dismissal =
  | { readonly kind: 'possible' }
  /** Nobody can do it any more, and mostly there is nothing left to do. */
  | { readonly kind: 'pointless'; readonly why: string }
  /** Somebody could mend it. */
  | { readonly kind: 'blocked'; readonly why: string };

/** The Job of the deployment that status.deployment names, found by name, uid label and number. */
export type DeployJob =
  | { readonly kind: 'absent' }
  /** Nobody knows whether there is one. */
  | Blocker
  | {
      readonly kind: 'present';
      readonly job: Stored<Job>;
      readonly pod: Stored<Pod> | undefined;
      readonly log: JobLog;
      /** What events say of why it does not start, if it does not. */
      readonly words?: WaitingWords | undefined;
    };

/** The end of the Job's log, redacted; fetched once its container has ended. */
export type JobLog =
  | { readonly kind: 'not-needed' }
  | { readonly kind: 'read'; readonly tail: string; readonly errorLine: string | undefined }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The deployments that Jobs of a bundle were made for. A status may know less: it was lost, or restored from a backup. */
export interface KnownJobs {
  /** The highest number; 0 if there is none. */
  readonly highest: number;
  /** The deployment of that number, as its Job has it; undefined if the Job is going, or is none of ours. */
  readonly newest: Deployment | undefined;
}

/** A Job that looks whether the bundle has drifted. */
export interface PlanJob {
  readonly job: Stored<Job>;
  readonly pod: Stored<Pod> | undefined;
  readonly log: PlanLog;
}

/** What the log of a plan says, redacted; fetched once it has found something, or failed. */
export type PlanLog =
  | { readonly kind: 'not-needed' }
  | { readonly kind: 'read'; readonly finding: PlanFinding; readonly errorLine: string | undefined }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Whether there is room for a Job that is to be made; `waiting`: the bundle is woken when there is. It says nothing of another Job. */
export interface JobSlot {
  readonly kind: 'granted' | 'waiting';
  readonly jobName: string;
}

/** What is known of a slot for a Job; undefined: it was not asked for. */
export const slotFor = ({ slot }: Observation, jobName: string): JobSlot['kind'] | undefined =>
  slot?.jobName === jobName ? slot.kind : undefined;

/** Everything that a decision about one bundle rests on, read at one moment. */
export interface Observation {
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** When this controller began its work; wall clock. */
  readonly startedAt: number;
  readonly bundle: StoredBundle;
  readonly platform: Platform;
  /** As the rules, the platform's policy and the other bundles leave it. */
  readonly spec: ParsedSpec;
  readonly access: Access;
  /** A scan's result that has not been acted on. */
  readonly delivery: Delivery | undefined;
  /** What the last successful scan since the start said. */
  readonly latest: Exclude<ScanOutcome, { kind: 'failed' }> | undefined;
  /** Why the repository is not scanned for a while, if it is not. */
  readonly heldBack: HeldBack['why'] | undefined;
  /** How many full scans in a row said the same, this delivery included: the same tag, or nothing to deploy. */
  readonly sameScans: number;
  /** When a source of its values was changed last, if they were not looked at since; wall clock. */
  readonly valuesChangedAt: number | undefined;
  /** When a Job succeeded after which the registry was not asked yet; wall clock. */
  readonly deployedAt: number | undefined;
  /** What the Jobs that there are of this bundle tell, whatever its status says. */
  readonly jobs: KnownJobs;
  readonly job: DeployJob;
  /** The Job of a deployment whose result is recorded, as long as this process has not seen its Secrets deleted. */
  readonly cleanupPending: Stored<Job> | undefined;
  /** All Jobs of drift checks that there are: at most one, but for what a crash, or a second controller, left. */
  readonly plans: readonly PlanJob[];
  /** undefined, here and below: not asked for yet, for nobody knew whether the decision depends on it. */
  readonly jobInputs: JobInputs | Blocker | undefined;
  readonly dismissal: Dismissal | undefined;
  readonly slot: JobSlot | undefined;
}
