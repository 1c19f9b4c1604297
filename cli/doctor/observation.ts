import type { Job, Namespace, Pod, Stored } from '../../api/objects.js';
import type { Warning } from '../../api/problem.js';
import type { ReferenceFault } from '../../api/references/fault.js';
import type { ValuesReference } from '../../api/references/references.js';
import type { CredentialOrigin } from '../../api/references/registry-secret.js';
import type { ParsedSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { JobResult } from '../../controller/deploy/job-result.js';
import type { ScanOutcome } from '../../controller/scans/scan.js';
import type { WebhookAnswer } from '../diagnosis/ask-webhook.js';
import type { DeploymentView } from '../diagnosis/deployments.js';
import type { Known } from '../diagnosis/known.js';
import type { LeaseView } from '../diagnosis/leases.js';
import type { Grants } from './grants.js';

/** All that doctor knows of one bundle, read with the user's own rights. Nothing of a Secret's contents is in it. */
export interface Observation {
  /** Wall clock, milliseconds. */
  readonly now: number;
  readonly bundle: StoredBundle;
  readonly spec: ParsedSpec;
  readonly operator: OperatorView;
  readonly access: AccessView;
  readonly registry: RegistryView;
  /** undefined: the bundle deploys into its own namespace, which is there. */
  readonly target: Known<Namespace | undefined> | undefined;
  /** Whether the ServiceAccount exists; undefined: the spec names none. */
  readonly account: Known<boolean> | undefined;
  /** What werf itself needs, and the ServiceAccount may not: `list secrets`. */
  readonly missingRights: Known<readonly string[]>;
  /** Of the target namespace. */
  readonly grants: Known<Grants>;
  readonly sources: readonly SourceView[];
  /** Faults of the values that are not those of one source. */
  readonly valuesFaults: readonly string[];
  readonly job: JobView;
}

/** What is the same for all bundles of a namespace. */
export interface OperatorView {
  readonly namespace: string;
  /** Whether it exists; undefined: nobody has named it, who could have mistyped it. */
  readonly namespaceExists: Known<boolean> | undefined;
  readonly leases: Known<readonly LeaseView[]>;
  readonly webhook: WebhookAnswer;
  readonly deployments: Known<readonly DeploymentView[]>;
}

/** A Secret that a bundle names, checked; undefined: it names none. */
export type SecretView = Known<ReferenceFault | 'usable'> | undefined;

/** How the registry is accessed. */
export interface AccessView {
  readonly registrySecret: SecretView;
  readonly caSecret: SecretView;
  readonly werfKey: SecretView;
  readonly origin: CredentialOrigin;
  readonly warnings: readonly Warning[];
}

/** What the registry says, asked from here. */
export type RegistryView =
  | { readonly kind: 'not-asked'; readonly why: string }
  | {
      readonly kind: 'asked';
      readonly outcome: ScanOutcome;
      /** All of the repository; none if they were not listed. */
      readonly tags: readonly string[];
      /** Repositories of the same registry that may be meant by one that was not found: `ghcr.io/acme/app`. */
      readonly similar: readonly string[];
    };

/** A source of values. */
export interface SourceView {
  readonly reference: ValuesReference;
  /** The namespace that it was found in; undefined: in none. */
  readonly foundIn: Known<string | undefined>;
  /** The target namespace, if there is one of the same name, which is not used. */
  readonly shadowed: string | undefined;
  /** What is wrong with its contents, each as a sentence. */
  readonly faults: readonly string[];
}

/** The Job that matters now: of the open deployment, or of one that has failed. */
export type JobView =
  | { readonly kind: 'not-needed' }
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'absent'; readonly name: string }
  | {
      readonly kind: 'present';
      readonly job: Stored<Job>;
      readonly pod: Stored<Pod> | undefined;
      /** With the words of its events. */
      readonly result: JobResult;
    };
