import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { TraceContext } from '../../api/traceparent.js';
import type { RegistrySpec } from '../../api/werfbundle.js';
import type { Clock, Log, Random } from '../../process/ports.js';
import type { Tracer } from '../../process/tracer.js';
import type { HeldBack, Registry, RegistryFailure, RegistryTarget } from '../../registry/port.js';
import type { ScanConcurrency } from './scan-slots.js';

/** What a bundle asks of the scans of its repository. */
export interface ScanInterest {
  readonly bundle: ObjectIdentity;
  readonly target: RegistryTarget;
  /** Which tag is wanted: tag, versionConstraint, tagPattern, tagOrder. */
  readonly policy: Pick<RegistrySpec, 'tag' | 'versionConstraint' | 'tagPattern' | 'tagOrder'>;
  /** Milliseconds between scans while all is well (not yet divided by the time scale). */
  readonly pollIntervalMs: number;
  /**
   * When this bundle wants to be scanned, wall clock: `now` for a new bundle, a changed spec or a request; a failed one's
   * status.nextAttemptTime; `interval` = an interval after the key's last scan (spread at random over it if there was none since
   * the start); `never`: polling has stopped, though a success of the key for another reason is still wanted.
   */
  readonly due:
    | { readonly kind: 'at'; readonly time: number }
    | { readonly kind: 'interval' }
    | { readonly kind: 'never' };
}

/** What the scan of its repository means for one bundle. */
export type ScanOutcome =
  | { readonly kind: 'selected'; readonly tag: string; readonly digest: string; readonly tags: TagSet }
  /** No tag satisfies the policy, or none of those looked at is a bundle. `message` says which and what to do. */
  | {
      readonly kind: 'nothing-to-deploy';
      readonly reason: 'NoMatchingTag' | 'NotABundle';
      readonly message: string;
      readonly tags: TagSet;
    }
  | { readonly kind: 'failed'; readonly failure: RegistryFailure };

/** An outcome with an answer of the registry. */
export type ScanSuccess = Exclude<ScanOutcome, { kind: 'failed' }>;

/** The short form of a listing of tags. */
export interface TagSet {
  /** For status.lastETag: the registry's ETag or `tags-sha256:<hex>`. */
  readonly etag: string;
  /** false: the registry gave no ETag. */
  readonly etagSupported: boolean;
  readonly count: number;
  /** The registry answered 304 Not Modified to all of it. */
  readonly unchanged?: true;
}

/** A result that is pending for a bundle until the bundle acknowledges it. */
export interface Delivery {
  /** Grows with each delivery of this process. */
  readonly sequence: number;
  /** Wall clock, when the scan began. */
  readonly startedAt: number;
  readonly outcome: ScanOutcome;
}

/**
 * The scans of all repositories: one for each key (host, repository, credential, TLS settings), whatever the number of bundles.
 *
 * Guarantees: at most one scan of a key at a time; a result, once it is there, is pending for each bundle that waited for
 * it, a success for each bundle of the key to whom it is news, until acknowledged or replaced by a newer one; `onDelivery` is
 * called once for each delivery. Nothing is remembered over a restart: schedules continue from the bundles' statuses.
 */
export interface Scans {
  /** Subscribes a bundle, or replaces its subscription. An equal one has no effect. */
  subscribe(interest: ScanInterest): void;
  /** The bundle is gone, suspended, or not to be polled. */
  unsubscribe(ref: ObjectRef): void;
  /** What the bundle has not acknowledged yet. */
  pending(bundle: ObjectIdentity): Delivery | undefined;
  /** The last successful outcome for the bundle's present key and policy since the start, acknowledged or not. */
  latest(bundle: ObjectIdentity): ScanSuccess | undefined;
  /**
   * Why the scans of the bundle's repository are put off, if they are for more than a few seconds. This is no failure: the bundle goes on
   * waiting.
   */
  held(bundle: ObjectIdentity): HeldBack['why'] | undefined;
  acknowledge(bundle: ObjectIdentity, sequence: number): void;
  /** The scan of a delivery, if it is traced. Only the last ones are remembered. */
  traced(sequence: number): TracedScan | undefined;
}

/** A scan that has ended, as a part of a trace. */
export interface TracedScan {
  readonly context: TraceContext;
  /** Tells of it, once, since something follows from it: most scans find what is known, and are no news to anybody. */
  tell(): void;
}

/** What a registry has told of by itself. */
export interface PushedRepository {
  /** By its `repositoryName`. */
  readonly name: string;
  /** Those below it are meant as well: `ghcr.io/acme/shop` and `ghcr.io/acme/shop/web`. */
  readonly below: boolean;
  /** Where in a trace that was told. */
  readonly trace?: TraceContext | undefined;
}

/** For metrics: of a scan with several failures, the first one's code. `held-back`: the scan was not made, or not completed. */
export type ScanResult = 'success' | 'held-back' | RegistryFailure['code'];

/** What the scans need, and the callbacks that they notify. */
export interface ScansDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Divides poll intervals; 1 in production. Times in `due: at` come divided already. */
  readonly timeScale: number;
  /** Called once for each delivery: that bundle has something pending. Must not throw, and return at once. */
  readonly onDelivery: (ref: ObjectRef) => void;
  /** Called for each bundle that waits for more than its interval, when {@link Scans.held} has something new to say to it. As above. */
  readonly onHold?: (ref: ObjectRef) => void;
  /** Called after each scan, and each time that one is put off. */
  readonly onScan?: (result: ScanResult, durationMs: number) => void;
  readonly concurrency?: ScanConcurrency;
  /** What was pushed to a repository lately. It is asked when the first bundle subscribes: the push may have come before. */
  readonly lastPush?: (name: string) => PushedRepository | undefined;
  readonly tracer: Tracer;
}
