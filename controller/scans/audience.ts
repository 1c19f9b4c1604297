import type { ObjectIdentity } from '../../api/objects.js';
import type { ScanOutcome } from './scan.js';
import { type Due, isOverdue } from './schedule.js';
import { isNews, type Subscriber, type Subscribers } from './subscriber.js';

/** The subscribers that a scan may notify. */
export interface Audience {
  /** All subscribers of its repository. */
  readonly subscribers: Subscribers;
  /** Those that the scan is for, as they were when it began. */
  readonly waiting: Subscribers;
}

/** What a scan notifies them of. */
interface News {
  /** By the policy's name. */
  readonly outcomes: ReadonlyMap<string, ScanOutcome>;
  /** Wall clock, when the scan began. */
  readonly startedAt: number;
  /** The number of the delivery. */
  readonly sequence: number;
  /** Monotonic. */
  readonly now: number;
}

interface Notifications {
  /** The notified subscribers, as they are now. */
  readonly changed: ReadonlyMap<string, Subscriber>;
  readonly bundles: readonly ObjectIdentity[];
  /** Whether all subscribers were served: each one's policy was scanned, and each success was news to them. */
  readonly all: boolean;
}

/** Notifies subscribers of a scan: of a failure, those that waited for it; of a success, all whose policy was scanned if it is news. */
export const notificationsOf = ({ subscribers, waiting }: Audience, scan: News): Notifications => {
  const changed = new Map<string, Subscriber>();
  const bundles: ObjectIdentity[] = [];
  let all = true;
  for (const [name, subscriber] of subscribers) {
    const { bundle, policyName } = subscriber.subscription;
    const outcome = scan.outcomes.get(policyName);
    const before = waiting.get(name)?.subscription;
    if (outcome === undefined) all = false;
    else if (
      before?.bundle.uid === bundle.uid ||
      (outcome.kind !== 'failed' && isNews(subscriber, outcome, scan.now))
    ) {
      changed.set(name, notified(subscriber, outcome, { scan, waited: before === subscriber.subscription }));
      bundles.push(bundle);
    } else if (outcome.kind !== 'failed') all = false;
  }
  return { changed, bundles, all };
};

/** @param waited - whether it waited for this scan, and has not asked for another one since */
const notified = (
  { subscription, due }: Subscriber,
  outcome: ScanOutcome,
  { scan, waited }: { readonly scan: News; readonly waited: boolean },
): Subscriber => {
  // A subscriber that is served goes on by its interval; after a failure it subscribes anew with its next time.
  const served = outcome.kind !== 'failed' && waited;
  return {
    subscription,
    due: served ? { kind: 'interval', intervalMs: subscription.intervalMs } : due,
    pending: { sequence: scan.sequence, startedAt: scan.startedAt, outcome },
    notified: { outcome, at: scan.now },
  };
};

/**
 * The subscribers that a scan has not served, and that have not asked for another one since.
 * @param due - when they are due now; undefined: as before
 */
export const stillWaiting = (
  { subscribers, waiting }: Audience,
  outcomes: ReadonlyMap<string, ScanOutcome>,
  due: Due | undefined,
): Subscribers => {
  const still = new Map<string, Subscriber>();
  for (const [name, before] of waiting) {
    const subscriber = subscribers.get(name);
    if (subscriber?.subscription !== before.subscription) continue;
    if (!outcomes.has(before.subscription.policyName)) still.set(name, { ...subscriber, due: due ?? before.due });
  }
  return still;
};

/** The subscribers that wait for a point in time that has come. @param changed - those that were changed */
export const overdueBundles = (
  subscribers: Subscribers,
  changed: Subscribers,
  now: number,
): readonly ObjectIdentity[] =>
  [...subscribers]
    .map(([name, subscriber]) => changed.get(name) ?? subscriber)
    .filter(({ due }) => isOverdue(due, now))
    .map(({ subscription }) => subscription.bundle);

/** When subscribers are due, after some of them were changed. */
export function* duesOf(subscribers: Subscribers, changed: Subscribers): Iterable<Due> {
  for (const [name, subscriber] of subscribers) yield (changed.get(name) ?? subscriber).due;
}
