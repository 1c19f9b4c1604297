import type { ObjectIdentity } from '../../api/objects.js';
import type { TraceContext } from '../../api/traceparent.js';
import type { HeldBack, RegistryFailure } from '../../registry/port.js';
import type { ScanSuccess } from './scan.js';
import type { ScanRun } from './scan-run.js';
import type { Hold, Rhythm } from './schedule.js';
import type { Subscribers, Subscription } from './subscriber.js';

/** Something was pushed. */
export interface Push {
  /** The policies that have had an answer since, by their names: one scan may leave some to the next one. */
  readonly answered: ReadonlySet<string>;
  /** How many scans of it have failed. */
  readonly failures: number;
  /** Where in a trace it was told of. */
  readonly trace: TraceContext | undefined;
}

/** A push that was not scanned for yet. */
export const newPush = (trace: TraceContext | undefined): Push => ({ answered: new Set(), failures: 0, trace });

/** What is known of a repository. Times are the clock's monotonic milliseconds. */
export interface RepositoryState {
  readonly phase: /** `lookAt`: when to look at the schedule, never later than the next scan is due; Infinity: no scan is wanted. */
    | { readonly kind: 'idle'; readonly lookAt: number }
    /** A scan waits for a slot. */
    | { readonly kind: 'queued' }
    /** `waiting`: the subscribers that the scan is for, as they were when it began. `pushed`: it is for a push, too. */
    | { readonly kind: 'scanning'; readonly waiting: Subscribers; readonly pushed: Push | undefined };
  readonly rhythm: Rhythm;
  /** No scan begins before this. */
  readonly notBefore: number;
  /** No scan for a push begins before this. */
  readonly notPushedBefore: number;
  /** What was pushed since the last scan began. */
  readonly pushed: Push | undefined;
  /** undefined: the last scan was not held back. */
  readonly hold: Hold | undefined;
  /** By the policy's name: the last success since the start. */
  readonly latest: ReadonlyMap<string, ScanSuccess>;
  /** Scans that have begun; the number of the last one. */
  readonly scans: number;
}

/** What happens to a repository. `now` is monotonic, `uniform` random in [0, 1), `sequence` the number of a delivery. */
export type RepositoryEvent =
  | {
      readonly kind: 'subscribed';
      readonly subscription: Subscription;
      readonly now: number;
      /** The same moment by the wall clock. */
      readonly wallNow: number;
    }
  /** The registry has told that something was pushed. */
  | { readonly kind: 'pushed'; readonly trace?: TraceContext | undefined }
  | { readonly kind: 'acknowledged'; readonly bundle: ObjectIdentity; readonly sequence: number }
  /** The time to look at the schedule has come. `held`: why requests to its host are held back, if they are. */
  | {
      readonly kind: 'look';
      readonly held: HeldBack | undefined;
      readonly now: number;
      readonly uniform: number;
    }
  | { readonly kind: 'slot-given'; readonly now: number }
  /** There will be no slot, since the process ends. */
  | { readonly kind: 'slot-withdrawn' }
  | {
      readonly kind: 'scanned';
      readonly run: ScanRun;
      readonly sequence: number;
      readonly now: number;
      readonly uniform: number;
    }
  /** The scan ended with a fault of this process. */
  | {
      readonly kind: 'broken';
      readonly failure: RegistryFailure;
      readonly startedAt: number;
      readonly sequence: number;
      readonly now: number;
    }
  /** The scan was aborted, and has served nobody. */
  | { readonly kind: 'stopped'; readonly now: number };

/** An effect to carry out, in this order, after state and subscribers are changed. */
export type RepositoryEffect =
  /** A scan is due: it takes the next slot that is free. */
  | { readonly kind: 'wait-for-slot' }
  /** A scan was not made, or not completed. */
  | { readonly kind: 'report-held-back'; readonly held: HeldBack }
  /** These bundles have something pending. */
  | { readonly kind: 'notify'; readonly bundles: readonly ObjectIdentity[] }
  /** These bundles are notified of a new hold. */
  | { readonly kind: 'notify-of-hold'; readonly bundles: readonly ObjectIdentity[] };

/** A repository that was never scanned. @param born - `now` is monotonic, `uniform` in [0, 1) */
export const newRepositoryState = (born: { readonly now: number; readonly uniform: number }): RepositoryState => ({
  phase: { kind: 'idle', lookAt: Number.POSITIVE_INFINITY },
  rhythm: { bornAt: born.now, lastAt: undefined, uniform: born.uniform },
  notBefore: 0,
  notPushedBefore: 0,
  pushed: undefined,
  hold: undefined,
  latest: new Map(),
  scans: 0,
});

/** When to look at the schedule; undefined: not while a scan waits or runs. */
export const lookAtOf = ({ phase }: RepositoryState): number | undefined =>
  phase.kind === 'idle' && phase.lookAt < Number.POSITIVE_INFINITY ? phase.lookAt : undefined;

/** Whether a repository may be forgotten: not while it is scanned, since no second scan may begin beside that. */
export const isForgettable = ({ phase }: RepositoryState, subscribers: Subscribers): boolean =>
  subscribers.size === 0 && phase.kind !== 'scanning';
