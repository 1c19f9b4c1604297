import type { Settings } from '../../api/settings.js';
import type { Deployment } from '../../api/werfbundle.js';
import type { JobTemplate } from './job-template.js';

/** The bundle that a deployment belongs to. */
export interface BundleIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** The part of a bundle's settings that its Job is built from. */
interface JobSettings {
  readonly registry: Pick<Settings['registry'], 'host' | 'repository' | 'insecure'>;
  readonly converge: Pick<
    Settings['converge'],
    | 'targetNamespace'
    | 'releaseName'
    | 'serviceAccountName'
    | 'cpu'
    | 'memory'
    | 'logRetentionDays'
    | 'timeoutMs'
    | 'image'
    | 'environment'
    | 'rollbackOnFailure'
  >;
}

export interface JobParameters {
  readonly bundle: BundleIdentity;
  readonly deployment: Pick<Deployment, 'number' | 'tag' | 'digest' | 'checksum' | 'jobName'> & {
    /** Why the Job is created. */
    readonly reason: Deployment['reason'] | 'DriftCheck' | 'Plan';
  };
  /** The number of the check, for the Job of one. */
  readonly driftCheck?: number;
  /** The number of the plan, for the Job of one before a deployment. */
  readonly plan?: number;
  /** The number of the plan that werf saves, for the Job of one, or applies, for that of a deployment; left out: it does neither. */
  readonly savedPlan?: number;
  readonly settings: JobSettings;
  /** The platform's image with werf in it, where the spec names none. */
  readonly werfImage: string;
  /** `--set` and `--set-string`, as werf is to read them. */
  readonly valuesArgs: readonly string[];
  /** Which of the Job's own Secrets exist: {@link buildSecrets} makes them. */
  readonly secrets: {
    readonly values: boolean;
    readonly dockerConfig: boolean;
    readonly key: boolean;
    readonly ca: boolean;
  };
  readonly operatorVersion: string;
  /** What the platform adds to every Job's Pod. */
  readonly template: JobTemplate | undefined;
}
