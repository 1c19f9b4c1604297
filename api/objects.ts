/**
 * The parts of Kubernetes' own kinds that this project reads or writes, as JSON has them (times are strings).
 * @see https://kubernetes.io/docs/reference/kubernetes-api/
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object of the Kubernetes API. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
}

/** An object of a namespaced kind. Those that this project creates have a name and a namespace. */
export interface NamespacedObject extends KubeObject {
  readonly metadata: ObjectMeta & ObjectRef;
}

/**
 * An object as read from the apiserver, with the metadata that the apiserver sets: `Stored<Job>`. Only namespaced kinds have a namespace.
 */
export type Stored<T extends KubeObject = KubeObject> = T & {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
};

/** An object to be created; `S` is the stored form of its kind. */
export type NewObject<S extends KubeObject> = KubeObject & Omit<S, 'metadata'>;

/** Names an object of a kind known from the context. */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** The name of an object; `namespace` is '' for cluster-scoped ones. */
export const refOf = ({ metadata: { namespace = '', name } }: Named): ObjectRef => ({ namespace, name });

/** An object that has a name. */
export interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Identifies one object: a later object of the same name has another uid. */
export interface ObjectIdentity extends ObjectRef {
  readonly uid: string;
}

/** One of a resource's conditions. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

export interface ConfigMap extends NamespacedObject {
  readonly kind?: 'ConfigMap';
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

/** `data` is base64. */
export interface Secret extends NamespacedObject {
  readonly kind?: 'Secret';
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}

export interface Namespace extends KubeObject {
  readonly kind?: 'Namespace';
  readonly status?: { readonly phase?: 'Active' | 'Terminating' };
}

export interface Job extends NamespacedObject {
  readonly kind?: 'Job';
  readonly spec?: {
    readonly backoffLimit?: number;
    readonly podReplacementPolicy?: 'Failed' | 'TerminatingOrFailed';
    readonly podFailurePolicy?: object;
    /** While this is true, the Job controller creates no Pods. */
    readonly suspend?: boolean;
    readonly activeDeadlineSeconds?: number;
    readonly ttlSecondsAfterFinished?: number;
    readonly template: { readonly metadata?: ObjectMeta; readonly spec: Readonly<Record<string, unknown>> };
  };
  readonly status?: {
    readonly active?: number;
    readonly succeeded?: number;
    readonly failed?: number;
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }[];
  };
}

/** Of a ServiceAccount, only the metadata is read. */
export interface ServiceAccount extends NamespacedObject {
  readonly kind?: 'ServiceAccount';
}

export interface Node extends KubeObject {
  readonly kind?: 'Node';
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly signal?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly imageID?: string;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly ready?: boolean;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface Pod extends NamespacedObject {
  readonly kind?: 'Pod';
  readonly spec?: Readonly<Record<string, unknown>> & { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly hostIP?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly startTime?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** An event, as events.k8s.io/v1 has it. Times are MicroTime. */
export interface KubeEvent extends NamespacedObject {
  readonly kind?: 'Event';
  readonly type?: string;
  readonly reason?: string;
  readonly action?: string;
  readonly note?: string;
  readonly regarding?: Partial<ObjectIdentity> & {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly resourceVersion?: string;
  };
  readonly reportingController?: string;
  readonly reportingInstance?: string;
  readonly eventTime?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedCount?: number | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string } | null;
}

/** What a SubjectAccessReview asks: whether somebody may do something. */
export interface AccessQuestion {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
  readonly resourceAttributes: ResourceAttributes;
}

/** What the apiserver answers. */
export interface AccessAnswer {
  readonly allowed?: boolean;
  readonly denied?: boolean;
}

/** An access to a resource. `group` is '' for the core group; any name, if it is left out. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** `log` of `pods`. */
  readonly subresource?: string;
  /** '' for what is in no namespace. */
  readonly namespace: string;
  readonly name?: string;
}

/** Asks for a token of a ServiceAccount. */
export interface TokenRequest {
  readonly spec: {
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    /** The token is good as long as this object is there. */
    readonly boundObjectRef?: {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    };
  };
}

/** Says which node a Pod runs on. */
export interface Binding {
  readonly metadata: Pick<ObjectIdentity, 'name' | 'uid'>;
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly name: string };
}

/** How the apiserver reaches a webhook: by a Service, or by a URL. `caBundle` is base64 of PEM. */
export interface WebhookClientConfig {
  readonly caBundle?: string;
  readonly url?: string;
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly path?: string;
    readonly port?: number;
  };
}

/** The parts of a Mutating- or ValidatingWebhookConfiguration that matter here. */
export interface WebhookConfiguration extends KubeObject {
  readonly kind?: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration';
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: WebhookClientConfig;
    /** `Fail` or `Ignore`. */
    readonly failurePolicy?: string;
  }[];
}
