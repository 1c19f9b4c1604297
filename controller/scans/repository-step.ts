import type { ObjectIdentity } from '../../api/objects.js';
import type { HeldBack } from '../../registry/port.js';
import { type Audience, duesOf, notificationsOf, overdueBundles, stillWaiting } from './audience.js';
import type { RepositoryEffect, RepositoryEvent, RepositoryState } from './repository.js';
import type { ScanOutcome } from './scan.js';
import { afterHold, type Due, dueNow, heldOn, isNewHold, isOverdue, MIN_GAP_MS, nextDueAt } from './schedule.js';
import {
  asksTheSame,
  dueOf,
  failureOfAll,
  policiesOf,
  type Subscriber,
  type Subscribers,
  subscriberName,
} from './subscriber.js';

interface RepositoryStep {
  readonly state: RepositoryState;
  /** The subscribers that were changed. */
  readonly changed: Subscribers;
  readonly effects: readonly RepositoryEffect[];
}

type Event<Kind extends RepositoryEvent['kind']> = Extract<RepositoryEvent, { kind: Kind }>;

const NOBODY: Subscribers = new Map();
const IDLE: Due = { kind: 'idle' };

/**
 * The transition of one repository. Pure; never throws.
 *
 * Guarantees: one scan at a time; a subscriber that waits for a scan is notified of it, or goes on waiting; a success notifies all to whom
 * it is news, a failure those that waited for it; a scan that is held back is no failure.
 * Costs: `subscribed` and `acknowledged` cost the same however many subscribers there are; all else is in proportion to them.
 * @param subscribers - of this repository; `changed` in the answer replaces some of them
 */
export const stepRepository = (
  state: RepositoryState,
  subscribers: Subscribers,
  event: RepositoryEvent,
): RepositoryStep => {
  const { phase } = state;
  switch (event.kind) {
    case 'subscribed':
      return subscribed(state, subscribers, event);
    case 'acknowledged':
      return acknowledged(state, subscribers, event);
    case 'look':
      return phase.kind === 'idle' ? looked(state, subscribers, event) : unchanged(state);
    case 'slot-given':
      return phase.kind === 'queued' ? begun(state, subscribers, event) : unchanged(state);
    case 'slot-withdrawn':
      return phase.kind === 'queued' ? rested(state, subscribers) : unchanged(state);
    case 'scanned':
      return phase.kind === 'scanning' ? scanned(state, { subscribers, ...phase }, event) : unchanged(state);
    case 'broken':
      return phase.kind === 'scanning' ? broken(state, { subscribers, ...phase }, event) : unchanged(state);
    case 'stopped':
      return phase.kind === 'scanning' ? stopped(state, { subscribers, ...phase }, event) : unchanged(state);
    default:
      return event satisfies never;
  }
};

const unchanged = (state: RepositoryState): RepositoryStep => ({ state, changed: NOBODY, effects: [] });

const subscribed = (
  state: RepositoryState,
  subscribers: Subscribers,
  { subscription, now, wallNow }: Event<'subscribed'>,
): RepositoryStep => {
  const { bundle, policyName } = subscription;
  const name = subscriberName(bundle);
  const current = subscribers.get(name);
  // Notifications of a bundle are not for a later one of the same name.
  const before = current?.subscription.bundle.uid === bundle.uid ? current : undefined;
  const known = before?.subscription.policyName === policyName ? before : undefined;
  if (known !== undefined && asksTheSame(known, subscription)) return unchanged(state);
  const due = dueOf(subscription, { monotonic: now, now: wallNow });
  const changed = new Map([[name, { subscription, due, pending: known?.pending, notified: known?.notified }]]);
  // Earlier subscribers were notified of the hold already.
  const mustHear = before === undefined && state.hold?.lasting === true && isOverdue(due, now);
  return {
    state: lookingSooner(state, due),
    changed,
    effects: mustHear ? [{ kind: 'notify-of-hold', bundles: [bundle] }] : [],
  };
};

/** A subscription can make the next look at the schedule come sooner. If it could come later, that look finds out. */
const lookingSooner = (state: RepositoryState, due: Due): RepositoryState => {
  if (state.phase.kind !== 'idle') return state;
  const lookAt = Math.max(nextDueAt(state.rhythm, [due]), state.notBefore);
  return lookAt < state.phase.lookAt ? { ...state, phase: { kind: 'idle', lookAt } } : state;
};

const acknowledged = (
  state: RepositoryState,
  subscribers: Subscribers,
  { bundle, sequence }: Event<'acknowledged'>,
): RepositoryStep => {
  const name = subscriberName(bundle);
  const subscriber = subscribers.get(name);
  if (subscriber?.subscription.bundle.uid !== bundle.uid) return unchanged(state);
  if (subscriber.pending?.sequence !== sequence) return unchanged(state);
  return { state, changed: new Map([[name, { ...subscriber, pending: undefined }]]), effects: [] };
};

const looked = (
  state: RepositoryState,
  subscribers: Subscribers,
  { held, now, uniform }: Event<'look'>,
): RepositoryStep => {
  const lookAt = nextLookAt(state, subscribers, NOBODY);
  if (lookAt > now) return { ...unchanged(state), state: { ...state, phase: { kind: 'idle', lookAt } } };
  if (held === undefined) {
    return { state: { ...state, phase: { kind: 'queued' } }, changed: NOBODY, effects: [{ kind: 'wait-for-slot' }] };
  }
  return putOff(state, { subscribers, changed: NOBODY }, { held, now, uniform });
};

/** A scan begins for the subscribers that are due; some, or all, may have unsubscribed while it waited for its slot. */
const begun = (state: RepositoryState, subscribers: Subscribers, { now }: Event<'slot-given'>): RepositoryStep => {
  const isDue = dueNow(state.rhythm, duesOf(subscribers, NOBODY), now);
  const waiting = new Map([...subscribers].filter(([, { due }]) => isDue(due)));
  if (waiting.size === 0) return rested(withGap(state, now), subscribers);
  const changed = new Map<string, Subscriber>();
  for (const [name, subscriber] of waiting) changed.set(name, { ...subscriber, due: IDLE });
  return { state: { ...state, phase: { kind: 'scanning', waiting }, scans: state.scans + 1 }, changed, effects: [] };
};

const scanned = (state: RepositoryState, audience: Audience, event: Event<'scanned'>): RepositoryStep => {
  const { run, sequence, now, uniform } = event;
  const { outcomes, held, startedAt, begunAt } = run;
  const { subscribers, waiting } = audience;
  const { changed: heard, bundles, all } = notificationsOf(audience, { outcomes, startedAt, sequence, now });
  // These wait for the next scan. It comes at once, unless this one was held back: then they wait as before.
  const still = stillWaiting(audience, outcomes, held === undefined ? { kind: 'at', at: begunAt } : undefined);
  const changed = still.size === 0 ? heard : new Map([...heard, ...still]);
  const regular = [...waiting.values()].some(({ due }) => due.kind === 'interval');
  const served = held === undefined && (regular || (all && run.result === 'success'));
  const rhythm = { ...state.rhythm, lastAt: served ? begunAt : state.rhythm.lastAt, uniform };
  const after = withGap({ ...state, rhythm, latest: latestAfter(state.latest, subscribers, outcomes) }, now);
  const notify = notifying(bundles);
  if (held === undefined) return rested({ ...after, hold: undefined }, subscribers, { changed, effects: notify });
  const step = putOff(after, { subscribers, changed }, { held, now, uniform });
  return { ...step, effects: [...notify, ...step.effects] };
};

const broken = (state: RepositoryState, audience: Audience, event: Event<'broken'>): RepositoryStep => {
  const outcomes = failureOfAll(audience.subscribers, event.failure);
  const { changed, bundles } = notificationsOf(audience, { ...event, outcomes });
  return rested(withGap(state, event.now), audience.subscribers, { changed, effects: notifying(bundles) });
};

const notifying = (bundles: readonly ObjectIdentity[]): readonly RepositoryEffect[] =>
  bundles.length === 0 ? [] : [{ kind: 'notify', bundles }];

const stopped = (state: RepositoryState, audience: Audience, { now }: Event<'stopped'>): RepositoryStep => {
  const changed = stillWaiting(audience, new Map(), undefined);
  return rested(withGap(state, now), audience.subscribers, { changed, effects: [] });
};

/** The last successes by policy: a failure keeps the old one; those of policies without subscribers are forgotten. */
const latestAfter = (
  before: RepositoryState['latest'],
  subscribers: Subscribers,
  outcomes: ReadonlyMap<string, ScanOutcome>,
): RepositoryState['latest'] => {
  const wanted = policiesOf(subscribers);
  const latest = new Map([...before].filter(([name]) => wanted.has(name)));
  for (const [name, outcome] of outcomes) if (outcome.kind !== 'failed') latest.set(name, outcome);
  return latest;
};

/** The scan is put off; its subscribers go on waiting. */
const putOff = (
  state: RepositoryState,
  { subscribers, changed }: { readonly subscribers: Subscribers; readonly changed: Subscribers },
  { held, now, uniform }: { readonly held: HeldBack; readonly now: number; readonly uniform: number },
): RepositoryStep => {
  const hold = heldOn(state.hold, held, now);
  const notBefore = Math.max(state.notBefore, afterHold(now, held.forMs, { times: hold.times, uniform }));
  const report = { kind: 'report-held-back', held } as const;
  const bundles = isNewHold(state.hold, hold) ? overdueBundles(subscribers, changed, now) : [];
  const effects = bundles.length > 0 ? [report, { kind: 'notify-of-hold', bundles } as const] : [report];
  return rested({ ...state, hold, notBefore }, subscribers, { changed, effects });
};

/** The state after a scan: the next one has to keep the least pause. */
const withGap = (state: RepositoryState, now: number): RepositoryState => ({
  ...state,
  notBefore: Math.max(state.notBefore, now + MIN_GAP_MS),
});

/** Returns to the schedule. */
const rested = (
  state: RepositoryState,
  subscribers: Subscribers,
  { changed, effects }: Omit<RepositoryStep, 'state'> = { changed: NOBODY, effects: [] },
): RepositoryStep => {
  const lookAt = nextLookAt(state, subscribers, changed);
  return { state: { ...state, phase: { kind: 'idle', lookAt } }, changed, effects };
};

const nextLookAt = ({ rhythm, notBefore }: RepositoryState, subscribers: Subscribers, changed: Subscribers): number =>
  Math.max(nextDueAt(rhythm, duesOf(subscribers, changed)), notBefore);
