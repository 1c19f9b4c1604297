/**
 * What the page of `werfbundle dashboard` and its server say to each other. Every call is a GET with `Authorization: Bearer KEY`; KEY is the
 * one that the command printed, or, in a cluster, the caller's own token. Times are RFC 3339. Nothing of a Secret is in any answer but a Pod's
 * log, which the caller may read.
 */

/** `GET /api/about`, which needs no key: with what a page begins. */
export interface About {
  readonly version: string;
  /** local: of one person, by the key in the link that was printed; cluster: of whoever has a token of the cluster. */
  readonly mode: 'local' | 'cluster';
}

/** `GET /api/session`: who asks, and where. */
export interface SessionAnswer {
  /** The apiserver's address. */
  readonly server: string;
  /** By the kubeconfig, or as the cluster knows the token; '' if it does not say. */
  readonly user: string;
  /** What is shown where not all namespaces may be; '' if there is none to begin with. */
  readonly namespace: string;
}

/** What a call that is refused, or fails, answers, with a status of 400 and above. */
export interface Refusal {
  /** For the person who reads the page. */
  readonly message: string;
  /** With 403: what the caller would need. */
  readonly right?: MissingRight;
  /** With 401, of a server that is for one person: it does not know the key; else the cluster does not know whom it is for. */
  readonly isKeyUnknown?: true;
}

/** As RBAC has it. */
export interface MissingRight {
  readonly verb: 'get' | 'list' | 'watch';
  /** '' for the core group. */
  readonly group: string;
  /** `pods/log` for a subresource. */
  readonly resource: string;
  /** Left out: in all namespaces. */
  readonly namespace?: string;
}

/** The one state of a bundle by which it is coloured and filtered; the strongest of what is the case. */
export type BundleState = 'failed' | 'deleting' | 'suspended' | 'progressing' | 'drifted' | 'ready' | 'unseen';

/** A bundle in the list. */
export interface Row {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Its resourceVersion: what is shown of it in detail is old when this is another one. */
  readonly version: string;
  readonly state: BundleState;
  /** Of the condition that says why it is in its state, Ready as a rule; '' before the first look. */
  readonly reason: string;
  /** Of the same condition, at most 200 characters. */
  readonly message: string;
  /** Deployed; '' while there is none. */
  readonly tag: string;
  /** Being deployed or planned, if that is another one; else ''. */
  readonly nextTag: string;
  /** `registry.example.com/app`. */
  readonly repository: string;
  /** When the last successful deployment ended; '' while there is none. */
  readonly syncedAt: string;
  /** Failed polls in a row. */
  readonly failedPolls: number;
}

/**
 * A line of `GET /api/bundles`, which goes on until either side ends it: JSON, one object a line. `?namespace=NS`, as often as there are
 * namespaces; without it all of them. After `listing` come all bundles there are, and `listed`: what was not named between the two is gone.
 * A page passes over lines of a kind that it does not know: it may be older than the server.
 */
export type FeedLine =
  | { readonly kind: 'listing' }
  | { readonly kind: 'bundles'; readonly rows: readonly Row[] }
  | { readonly kind: 'listed' }
  | { readonly kind: 'removed'; readonly uid: string }
  /** The apiserver is not reached, or does not answer; it is tried again by itself. `listing` follows, or the next change. */
  | { readonly kind: 'disturbed'; readonly message: string }
  /** Nothing more will come: the rights were taken away, or the token is no longer good. */
  | { readonly kind: 'ended'; readonly status: 401 | 403 | 500; readonly refusal: Refusal }
  /** Every 15 s where nothing else is said. */
  | { readonly kind: 'alive' };

/** What to do about a bundle that is not as it should be. */
export interface NextStep {
  /** What has happened, for people. */
  readonly what: string;
  /** What the controller says of it, whole; '' if it says nothing. */
  readonly message: string;
  /** What to do; `code` in backticks. */
  readonly advice: string;
  /** What does it, to be pasted; none where nothing is to be done by a command. */
  readonly commands: readonly string[];
  /** A page that says more, as an address. */
  readonly link?: string;
}

export interface ConditionRow {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly since: string;
  /** What the type of condition is about. */
  readonly about: string;
}

/** A deployment; the first of them may not have ended. */
export interface DeploymentRow {
  readonly number: number;
  readonly tag: string;
  readonly digest: string;
  /** `NewTag`, `Retry` … */
  readonly reason: string;
  /** `Succeeded`, `Failed`; `Running` and `Waiting` of the one that has not ended. */
  readonly result: string;
  readonly startedAt: string;
  /** '' while it has not ended. */
  readonly finishedAt: string;
  readonly jobName: string;
  /** Of a failure; '' if there is nothing to say. */
  readonly message: string;
}

/** Whether the cluster is what was deployed. */
export interface DriftView {
  /** off: the spec asks for no checks. */
  readonly state: 'off' | 'none' | 'drifted' | 'unknown';
  /** In what it differs, or why that is not known; '' if there is nothing to say. */
  readonly message: string;
  /** '' before the first check. */
  readonly checkedAt: string;
  readonly checks: number;
  /** In a row, since one was last seen to take. */
  readonly corrections: number;
}

/** `GET /api/bundles/NAMESPACE/NAME`: what the bundle itself says. */
export interface BundleDetail {
  readonly row: Row;
  readonly createdAt: string;
  /** `Tag`: `v1.2.3, deployed 5m ago`; what `werfbundle status` prints. */
  readonly facts: readonly { readonly title: string; readonly text: string }[];
  readonly conditions: readonly ConditionRow[];
  /** Left out where there is nothing to do. */
  readonly nextStep?: NextStep;
  /** The newest first. */
  readonly history: readonly DeploymentRow[];
  readonly drift: DriftView;
  /** Commands to be pasted, of `werfbundle` and kubectl, and what for. */
  readonly commands: readonly { readonly title: string; readonly command: string }[];
  /** The bundle as YAML, without managedFields. */
  readonly yaml: string;
}

/** `GET /api/bundles/NAMESPACE/NAME/events`: the newest first. */
export interface EventsAnswer {
  readonly events: readonly {
    readonly type: string;
    readonly reason: string;
    readonly note: string;
    readonly at: string;
    readonly count: number;
  }[];
}

/** `GET /api/bundles/NAMESPACE/NAME/values`: what the next deployment would be given, and from where. */
export interface ValuesAnswer {
  /** In the order in which they are merged. */
  readonly sources: readonly {
    /** `spec.values.valuesFrom[0]` */
    readonly field: string;
    /** `ConfigMap ops/settings` */
    readonly source: string;
    readonly state: 'used' | 'left-out' | 'missing' | 'unreadable';
    /** Of one that could not be read. */
    readonly why: string;
  }[];
  /** Each merged value with the source that it has it from; of a Secret only how many there are. */
  readonly rows: readonly {
    /** '' where the path itself is part of a Secret. */
    readonly path: string;
    /** As JSON; '' of what is not shown. */
    readonly value: string;
    /** How many values the row stands for, where they are not shown; else 0. */
    readonly hidden: number;
    readonly source: string;
    /** Earlier sources that have another value there. */
    readonly overrides: readonly string[];
  }[];
  /** Why the values can't be delivered; then there are no rows. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** `GET /api/bundles/NAMESPACE/NAME/checks`: what `werfbundle doctor --no-registry` finds, what failed first. */
export interface ChecksAnswer {
  readonly checks: readonly {
    readonly id: string;
    readonly title: string;
    readonly verdict: 'ok' | 'warning' | 'failed' | 'not-checked';
    readonly found: string;
    readonly commands: readonly string[];
    /** Where it is explained, as an address. */
    readonly link: string;
  }[];
}

/** A line of `GET /api/bundles/NAMESPACE/NAME/log`, JSON, which goes on until the Pod has ended. `?number=N`: of that deployment. */
export type LogLine =
  /** Which Job's it is. */
  | { readonly kind: 'job'; readonly namespace: string; readonly name: string; readonly number: number }
  /** The Pod has not begun; `why` in Kubernetes' words. */
  | { readonly kind: 'waiting'; readonly why: string }
  /** The next piece of the log, as it comes: lines may end anywhere in it, or in a later one. */
  | { readonly kind: 'text'; readonly text: string }
  /** The Pod is gone: this is the end of its log, as the status has it. */
  | { readonly kind: 'kept'; readonly text: string }
  /** There is no log, or no more of it. */
  | { readonly kind: 'ended'; readonly why: string }
  | { readonly kind: 'alive' };
