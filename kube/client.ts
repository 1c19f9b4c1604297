import type { NewObject, ObjectRef, Stored } from '../api/objects.js';

declare const OBJECT: unique symbol;

/** Where the apiserver serves a kind. `group` is '' for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/**
 * A kind whose objects are stored.
 * @typeParam S - a stored object of the kind, from which a {@link KubeClient} infers the type of its results
 */
export interface ResourceType<S extends Stored = Stored> extends Resource {
  /** Exists for the compiler only, and is never set. As each kind's `kind` is a literal, no type passes for another one's. */
  readonly [OBJECT]?: S;
}

/** A kind of review, which is answered and never stored. @typeParam Q - its spec @typeParam A - its status */
export interface ReviewType<Q, A> extends Resource {
  readonly [OBJECT]?: (question: Q) => A;
}

/**
 * A subresource that is only created, such as a token or a binding.
 * @typeParam B - the body, without apiVersion and kind
 * @typeParam A - the answer
 */
export interface Subresource<B extends object, A> {
  readonly [OBJECT]?: (body: B) => A;
  readonly of: ResourceType;
  /** Its name in the path. */
  readonly name: string;
  /** Of the body. */
  readonly apiVersion: string;
  readonly kind: string;
}

/** Names an object of any kind; no namespace for cluster-scoped kinds. */
export type ClusterRef = ObjectRef | { readonly name: string; readonly namespace?: undefined };

/** Who has written which fields of an object, as the apiserver keeps account of it. */
export interface ManagedFields {
  readonly manager?: string;
  /** Apply: what is no longer applied is taken away; Update: any other write. */
  readonly operation?: 'Apply' | 'Update';
  readonly subresource?: string;
  /** A tree with a key `f:NAME` for each field. */
  readonly fieldsV1?: object;
}

/** One of the faults that an object was refused for. */
export interface RefusalCause {
  /** `spec.registry.url`; '' for the whole object. */
  readonly field: string;
  readonly message: string;
}

export type KubeErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'conflict'
  | 'already-exists'
  | 'not-found'
  | 'gone'
  | 'invalid'
  | 'too-large'
  | 'too-many-requests'
  | 'unavailable'
  | 'timeout'
  | 'aborted'
  | 'other';

/**
 * A call to the apiserver that did not succeed.
 * `message` says what was being done: `create jobs.batch ops/my-app-1: forbidden: …`; never holds a request body.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: KubeErrorCode;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** From Retry-After or details.retryAfterSeconds. */
  readonly retryAfterMs: number | undefined;
  /** The apiserver's own message, if there is one, without our prefix and without anything of a request body. */
  readonly detail: string | undefined;
  /** All faults of an object that was refused, whole; empty for Secrets. */
  readonly causes: readonly RefusalCause[];

  constructor(
    code: KubeErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly status?: number;
      readonly retryAfterMs?: number;
      readonly detail?: string;
      readonly causes?: readonly RefusalCause[];
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.detail = options.detail;
    this.causes = options.causes ?? [];
  }
}

export type WatchEvent<S extends Stored> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: S }
  /** `endsInitial`: all that was there when a list by watch began has been told. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly endsInitial?: true };

/** What the apiserver says of itself: `gitVersion` is `v1.30.2`. */
export interface ServerVersion {
  readonly gitVersion: string;
}

export interface ListOptions {
  /** All namespaces if left out. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Of a list, what is kept of each object: all of it, if `keep` is left out. */
export interface KeptListOptions<S, K> extends ListOptions {
  readonly keep?: (object: S) => K;
  readonly streamed?: true;
  /** The objects have their metadata only; not together with `streamed`. */
  readonly metadataOnly?: true;
}

/**
 * The apiserver, as the rest of the project sees it.
 *
 * Guarantees: 404 on a read is `undefined`, never an error; everything else that fails is a {@link KubeError}; each call ends
 * when its signal is aborted (code `aborted`); one pool of connections is shared.
 */
export interface KubeClient {
  get<S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal): Promise<S | undefined>;
  /** What every other read leaves out, since it can be most of an object: who has written its fields. */
  managedFields(
    type: ResourceType,
    ref: ClusterRef,
    signal: AbortSignal,
  ): Promise<readonly ManagedFields[] | undefined>;
  /**
   * The whole list, fetched in pages. `keep` maps each object to an item as its page arrives, so that a long list is never held whole. It
   * may be called twice for an object. With `streamed` objects come one by one, in any order, where the server can do that and the caller may
   * watch: sooner, and with less memory.
   */
  list<S extends Stored, K = S>(
    type: ResourceType<S>,
    options: KeptListOptions<S, K>,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly K[]; readonly resourceVersion: string }>;
  create<S extends Stored>(type: ResourceType<S>, object: NewObject<S>, signal: AbortSignal): Promise<S>;
  /**
   * Lets the apiserver judge an object as if it were created (admission, schema, rights), without storing it. @returns it as it would be
   * stored; what would be refused is the {@link KubeError} that `create` gives
   */
  dryRunCreate<S extends Stored>(type: ResourceType<S>, object: NewObject<S>, signal: AbortSignal): Promise<S>;
  /** PUT; `metadata.resourceVersion` of the object is the precondition. */
  replace<S extends Stored>(type: ResourceType<S>, object: S, signal: AbortSignal): Promise<S>;
  /**
   * JSON merge patch (RFC 7386). With `metadata.resourceVersion` in the patch a concurrent change is a `conflict`. With `dryRun` it is judged
   * by all that judges a change, webhooks among them, and not stored.
   */
  mergePatch<S extends Stored>(
    type: ResourceType<S>,
    ref: ClusterRef,
    patch: object,
    options: { readonly subresource?: 'status'; readonly dryRun?: true },
    signal: AbortSignal,
  ): Promise<S>;
  /**
   * `absent` if there was nothing to delete. A precondition that does not hold is a `conflict`. Dependents are deleted in the
   * background unless `propagation` says otherwise (the apiserver's own default would orphan a Job's Pods).
   */
  delete(
    type: ResourceType,
    ref: ClusterRef,
    options: {
      readonly uid?: string;
      readonly resourceVersion?: string;
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
      readonly gracePeriodSeconds?: number;
    },
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'>;
  createSubresource<B extends object, A>(
    subresource: Subresource<B, A>,
    ref: ClusterRef,
    body: B,
    signal: AbortSignal,
  ): Promise<A>;
  /** Creates a review, which the apiserver answers and does not store, such as a SubjectAccessReview. @returns its status, if there is one */
  ask<Q, A>(type: ReviewType<Q, A>, spec: Q, signal: AbortSignal): Promise<A | undefined>;
  /** The apiserver's version; it needs no right but to be known. */
  serverVersion(signal: AbortSignal): Promise<ServerVersion>;
  /** Whether there is this kind at all, which a forbidden read does not tell; it needs no right but to be known. */
  serves(type: Resource, signal: AbortSignal): Promise<boolean>;
  /** The present resourceVersion of a collection, from which it can be watched; no object is fetched whole. */
  head(type: ResourceType, options: ListOptions, signal: AbortSignal): Promise<string>;
  /**
   * Events after `resourceVersion`, until the server ends the watch. Code `gone`: list again.
   * With `metadataOnly` the objects have their metadata only.
   * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
   */
  watch<S extends Stored>(
    type: ResourceType<S>,
    options: ListOptions & { readonly resourceVersion: string; readonly metadataOnly?: boolean },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<S>>;
  /** The end of a container's log; '' if there is none. `undefined` if the Pod is gone. */
  podLog(
    ref: ObjectRef,
    options: { readonly container: string; readonly tailLines?: number; readonly limitBytes?: number },
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /**
   * A container's log as it grows, until the container has ended. The caller reads it to the end or breaks off.
   * Nothing at all comes if the Pod is gone or the container has not started.
   */
  followPodLog(
    ref: ObjectRef,
    options: { readonly container: string; readonly tailLines?: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
}
