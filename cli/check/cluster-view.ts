import type { WebhookAnswer } from '../diagnosis/ask-webhook.js';
import type { DeploymentView } from '../diagnosis/deployments.js';
import type { Known } from '../diagnosis/known.js';
import type { LeaseView } from '../diagnosis/leases.js';

/** All that check knows of a cluster, read with the user's own rights. */
export interface ClusterView {
  /** Wall clock, milliseconds. */
  readonly now: number;
  /** Whose bundles the user asks about. */
  readonly namespace: string;
  /** Whether that namespace exists. */
  readonly namespaceExists: Known<boolean>;
  readonly operatorNamespace: string;
  /** Whether the namespace of --operator-namespace exists; undefined: it was not given. */
  readonly givenNamespaceExists: Known<boolean> | undefined;
  /** `v1.30.2` */
  readonly version: Known<string>;
  /** undefined: there is none. */
  readonly definition: Known<DefinitionView | undefined>;
  readonly configurations: readonly ConfigurationView[];
  /** The configuration of the values guard, which is optional. */
  readonly valuesGuard: ConfigurationView;
  /** When the webhook's own certificate ends, milliseconds; undefined: there is none. */
  readonly leafEndsAt: Known<number | undefined>;
  readonly webhook: WebhookAnswer;
  readonly leases: Known<readonly LeaseView[]>;
  readonly deployments: Known<readonly DeploymentView[]>;
  /** `list secrets` */
  readonly controllerLacks: Known<readonly string[]>;
  readonly own: Known<{ readonly may: readonly string[]; readonly mayNot: readonly string[] }>;
  /** Other namespaces that accept bundles of this one. */
  readonly accepting: Known<readonly string[]>;
}

/** The CRD of bundles, compared with the one that this program was made with. */
export interface DefinitionView {
  /** Paths of fields that only the program knows: the CRD is older. */
  readonly lacks: readonly string[];
  /** Paths of fields that only the CRD has: the program is older. */
  readonly beyond: readonly string[];
}

/** A configuration of webhooks. */
export interface ConfigurationView {
  readonly name: string;
  /** undefined: it does not exist. */
  readonly found: Known<
    | {
        /** When the CAs of all its webhooks end, milliseconds: none for one without a CA. */
        readonly authoritiesEndAt: readonly number[];
        /** Webhooks without any CA. */
        readonly withoutAuthority: readonly string[];
        /** Webhooks that let everything pass while nobody answers. */
        readonly ignoring: readonly string[];
      }
    | undefined
  >;
}

/** What is known before anything is installed. */
export interface CleanView extends Pick<ClusterView, 'version' | 'definition' | 'operatorNamespace'> {
  /** `create clusterroles.rbac.authorization.k8s.io`, which the user may not. */
  readonly mayNotInstall: Known<readonly string[]>;
}
