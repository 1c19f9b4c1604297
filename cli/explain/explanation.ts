import type { TagPolicy } from '../../api/tag-choice.js';
import type { TagRefusal } from '../../api/tag-refusal.js';
import type { Value } from '../../api/values/value.js';
import type { DeployReason } from '../../api/werfbundle.js';

/** What would be deployed for a bundle, and why; printed as it is by `-o json`. Nothing of a Secret is in it but its name and keys. */
export interface Explanation {
  readonly namespace: string;
  readonly name: string;
  /** The file that was explained; left out: the bundle as it is in the cluster. */
  readonly file?: string;
  readonly tag: TagExplanation;
  readonly values: ValuesExplanation;
  readonly job: JobExplanation;
  readonly next: NextExplanation;
}

/**
 * Why a tag is not the one. not-a-bundle: its manifest is no chart's; held: it is lower than what is deployed; failed: it was returned from, and is held; lower: another one comes
 * before it.
 */
export type SkipReason = TagRefusal | 'not-a-bundle' | 'held' | 'failed' | 'lower';

export interface TagExplanation {
  readonly repository: string;
  readonly policy: TagPolicy;
  /** `status`: the registry was not asked, or did not answer; `note` says why. */
  readonly from: 'registry' | 'status';
  readonly note?: string;
  /** The registry was asked, from this machine, and has not answered. */
  readonly failed?: true;
  /** The tag that would be deployed. */
  readonly chosen?: string;
  readonly digest?: string;
  /** Why there is none, or why it is held back. */
  readonly message?: string;
  /** The tag that is deployed. */
  readonly deployed?: string;
  /** How many tags the repository has; left out if they were not listed. */
  readonly listed?: number;
  /** Those that are not the one, the best first. */
  readonly skipped: readonly { readonly tag: string; readonly reason: SkipReason }[];
}

/** Where a value comes from. */
export interface ValueSource {
  readonly kind: 'ConfigMap' | 'Secret' | 'spec';
  /** Of a ConfigMap or Secret. */
  readonly namespace?: string;
  readonly name?: string;
  readonly key?: string;
}

/** One value, or all of a Secret's key whose paths nobody else names. */
export interface ValueRow {
  /** As Helm's --set has it; left out where the path itself is part of a Secret. */
  readonly path?: string;
  /** Left out if it comes from a Secret. */
  readonly value?: Value;
  /** How many values the row stands for, if their paths are not shown. */
  readonly hidden?: number;
  readonly source: ValueSource;
  /** Earlier sources with another value of the same path. */
  readonly overrides: readonly ValueSource[];
}

/** An item of valuesFrom. */
export interface SourceRow {
  readonly field: string;
  /** `ConfigMap ops/settings`. */
  readonly source: string;
  readonly state: 'used' | 'left-out' | 'missing' | 'unreadable';
  /** For unreadable: `may not be read by you`. */
  readonly why?: string;
}

export interface ValuesExplanation {
  /** All values, those whose paths are not shown among them. */
  readonly count: number;
  readonly rows: readonly ValueRow[];
  readonly sources: readonly SourceRow[];
  /** Why the values can't be delivered; then there are no rows. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** That what is deployed has other values, since these have failed; left out if they are not held. */
  readonly notDeployed?: string;
  /** The key for what the chart has encrypted; left out if the spec names none. */
  readonly encryptionKey?: SourceRow;
}

export interface JobExplanation {
  /** Left out unless a deployment is open or due: then there is no such Job, and none will be next. */
  readonly name?: string;
  /** It has a name, and is not there yet. */
  readonly toBeMade?: true;
  readonly namespace: string;
  readonly release: string;
  /** Left out if only the platform knows it. */
  readonly image?: string;
  readonly imageFrom: 'spec' | 'last-job' | 'platform';
  readonly serviceAccount: {
    readonly name: string;
    readonly state: 'found' | 'missing' | 'unreadable' | 'default';
    readonly why?: string;
  };
  readonly limits: { readonly cpu: string; readonly memory: string };
  /** Seconds. */
  readonly timeout: number;
  readonly retries: number;
  /** What werf gets, values included; nothing of a Secret. Left out while no tag is known. */
  readonly args?: readonly string[];
  /** What the Job gets in Secrets of its own: `values.yaml`. */
  readonly files: readonly string[];
}

/** What comes next. `message` is for people, `at` RFC 3339. */
export interface NextExplanation {
  readonly state:
    | 'deleting'
    | 'suspended'
    | 'blocked'
    | 'running'
    | 'queued'
    | 'retry'
    | 'failed'
    | 'polls-fail'
    | 'polls-stopped'
    | 'due'
    | 'held'
    | 'nothing-to-deploy'
    | 'up-to-date'
    | 'unknown'
    | 'not-applied';
  readonly message: string;
  /** Why a deployment will be made. */
  readonly reason?: DeployReason;
  readonly at?: string;
  /** Milliseconds between polls. */
  readonly pollInterval: number;
}
