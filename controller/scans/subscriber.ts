import { isDeepStrictEqual } from 'node:util';
import { objectKey } from '../../api/object-key.js';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { TagPolicy } from '../../api/tag-choice.js';
import type { RegistryFailure } from '../../registry/port.js';
import type { Delivery, ScanInterest, ScanOutcome } from './scan.js';
import { type Due, leastInterval } from './schedule.js';

/** A bundle's subscription to the scans of its repository. Each change makes another object. */
export interface Subscription {
  readonly bundle: ObjectIdentity;
  readonly policy: TagPolicy;
  /** Equal for equal policies. */
  readonly policyName: string;
  /** Milliseconds between scans, divided by the time scale. */
  readonly intervalMs: number;
  /** As the bundle gave it, to find out whether it asks for the same again. */
  readonly asked: ScanInterest['due'];
}

/** A bundle that is subscribed to the scans of a repository. */
export interface Subscriber {
  readonly subscription: Subscription;
  /** When it is due now. */
  readonly due: Due;
  /** What it has not acknowledged yet. */
  readonly pending: Delivery | undefined;
  /** What it was notified of last, and when; monotonic. */
  readonly notified: { readonly outcome: ScanOutcome; readonly at: number } | undefined;
}

/** By {@link subscriberName}. */
export type Subscribers = ReadonlyMap<string, Subscriber>;

/** A bundle's name among the subscribers. */
export const subscriberName = (ref: ObjectRef): string => objectKey(ref);

/** The subscription for an interest. @param timeScale - divides the interval */
export const subscriptionOf = (
  { bundle, policy, pollIntervalMs, due }: ScanInterest,
  timeScale: number,
): Subscription => ({
  bundle,
  policy,
  policyName: policyName(policy),
  intervalMs: pollIntervalMs / timeScale,
  asked: due,
});

const policyName = ({ tag, versionConstraint, tagPattern, tagOrder }: TagPolicy): string =>
  JSON.stringify([tag, versionConstraint, tagPattern, tagOrder].map((part) => part ?? null));

/** When a new subscription is due. @param clock - both of its times */
export const dueOf = (
  { asked, intervalMs }: Subscription,
  clock: { readonly monotonic: number; readonly now: number },
): Due => {
  switch (asked.kind) {
    case 'at':
      return { kind: 'at', at: clock.monotonic + Math.max(0, asked.time - clock.now) };
    case 'interval':
      return { kind: 'interval', intervalMs };
    case 'never':
      return { kind: 'idle' };
  }
};

/**
 * Whether a subscriber with an equal policy asks for the same as before. The same point in time again is the same; the same interval is
 * not, once the last scan for it has failed.
 */
export const asksTheSame = (
  { subscription: before, due }: Subscriber,
  { asked, intervalMs }: Subscription,
): boolean => {
  if (before.intervalMs !== intervalMs || !isSameDue(before.asked, asked)) return false;
  return asked.kind !== 'interval' || due.kind !== 'idle';
};

const isSameDue = (a: ScanInterest['due'], b: ScanInterest['due']): boolean =>
  a.kind === b.kind && (a.kind !== 'at' || b.kind !== 'at' || a.time === b.time);

/**
 * Whether a success is news to a subscriber that did not wait for it. Not if it goes by its interval, and was notified of the same
 * within that: otherwise each scan for one bundle would wake all others of its repository.
 * @param now - monotonic
 */
export const isNews = ({ notified, due, subscription }: Subscriber, outcome: ScanOutcome, now: number): boolean => {
  if (notified === undefined || due.kind !== 'interval' || subscription.asked.kind !== 'interval') return true;
  if (now - notified.at >= leastInterval(due.intervalMs)) return true;
  return !isDeepStrictEqual(newsOf(notified.outcome), newsOf(outcome));
};

/** The outcome without `unchanged`: only the log shows that the registry answered with 304. */
const newsOf = (outcome: ScanOutcome): ScanOutcome => {
  if (outcome.kind === 'failed') return outcome;
  const { unchanged: _, ...tags } = outcome.tags;
  return { ...outcome, tags };
};

/** The distinct policies of subscribers, by name. */
export const policiesOf = (subscribers: Subscribers): ReadonlyMap<string, TagPolicy> => {
  const policies = new Map<string, TagPolicy>();
  for (const { subscription } of subscribers.values()) {
    if (!policies.has(subscription.policyName)) policies.set(subscription.policyName, subscription.policy);
  }
  return policies;
};

/** The namespaces of subscribers, as the tenants that a scan is for. */
export const tenantsOf = (subscribers: Subscribers): ReadonlySet<string> => {
  const tenants = new Set<string>();
  for (const { subscription } of subscribers.values()) tenants.add(subscription.bundle.namespace);
  return tenants;
};

/** The same failure for each of the subscribers' policies. */
export const failureOfAll = (subscribers: Subscribers, failure: RegistryFailure): ReadonlyMap<string, ScanOutcome> =>
  new Map([...policiesOf(subscribers).keys()].map((name) => [name, { kind: 'failed', failure }]));
