import type { ObjectIdentity } from '../../api/objects.js';
import type { ScanOutcome } from './scan.js';
import { type Due, isOverdue } from './schedule.js';
import { isNews, type Subscriber, type Subscribers } from './subscriber.js';

/** Those that may hear of a scan. */
export interface Audience {
  /** All of its repository. */
  readonly subscribers: Subscribers;
  /** Those whom it is for, as they were when it began. */
  readonly waiting: Subscribers;
}

/** What there is to hear of a scan. */
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

interface Told {
  /** Those that hear of it, as they are now. */
  readonly changed: ReadonlyMap<string, Subscriber>;
  readonly bundles: readonly ObjectIdentity[];
  /** There was nobody whose policy was not looked at, or to whom a success was no news. */
  readonly all: boolean;
}

/** Who hears of a scan. A failure is for those that waited for it; a success is for all whose policy was looked at and to whom it is news. */
export const told = ({ subscribers, waiting }: Audience, scan: News): Told => {
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

/** @param waited - for this scan, and has not asked for another one since */
const notified = (
  { subscription, due }: Subscriber,
  outcome: ScanOutcome,
  { scan, waited }: { readonly scan: News; readonly waited: boolean },
): Subscriber => {
  // Whoever is served goes on by its interval; after a failure it says when.
  const served = outcome.kind !== 'failed' && waited;
  return {
    subscription,
    due: served ? { kind: 'interval', intervalMs: subscription.intervalMs } : due,
    pending: { sequence: scan.sequence, startedAt: scan.startedAt, outcome },
    notified: { outcome, at: scan.now },
  };
};

/**
 * Those whom a scan has not served, and that have not asked for another one since.
 * @param due - what they ask for now; undefined: what they had asked for
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

/** Those that wait for a point in time that has come. @param changed - those that are not as they were */
export const overdueBundles = (
  subscribers: Subscribers,
  changed: Subscribers,
  now: number,
): readonly ObjectIdentity[] =>
  [...subscribers]
    .map(([name, subscriber]) => changed.get(name) ?? subscriber)
    .filter(({ due }) => isOverdue(due, now))
    .map(({ subscription }) => subscription.bundle);

/** What subscribers ask of the schedule, once some of them are changed. */
export function* duesOf(subscribers: Subscribers, changed: Subscribers): Iterable<Due> {
  for (const [name, subscriber] of subscribers) yield (changed.get(name) ?? subscriber).due;
}
