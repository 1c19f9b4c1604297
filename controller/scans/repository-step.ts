import type { ObjectIdentity } from '../../api/objects.js';
import type { HeldBack } from '../../registry/port.js';
import { type Audience, duesOf, notificationsOf, overdueBundles, stillWaiting } from './audience.js';
import { newPush, type Push, type RepositoryEffect, type RepositoryEvent, type RepositoryState } from './repository.js';
import type { ScanOutcome } from './scan.js';
import {
  afterHold,
  type Due,
  dueNow,
  heldOn,
  isNewHold,
  isOverdue,
  MIN_GAP_MS,
  nextDueAt,
  PUSH_GAP_MS,
  PUSH_RETRY_MS,
} from './schedule.js';
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

/** A repository that is being scanned. */
type Scanning = RepositoryState & { readonly phase: Extract<RepositoryState['phase'], { kind: 'scanning' }> };

type Event<Kind extends RepositoryEvent['kind']> = Extract<RepositoryEvent, { kind: Kind }>;

const NOBODY: Subscribers = new Map();
const IDLE: Due = { kind: 'idle' };

/**
 * The transition of one repository. Pure; never throws.
 *
 * Guarantees: one scan at a time; a subscriber that waits for a scan is notified of it, or goes on waiting; a success notifies all to whom
 * it is news, a failure those that waited for it; a scan that is held back is no failure. A push makes one scan, for which nobody
 * waits: so its failure counts for no bundle, however many pushes there are.
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
    case 'pushed':
      return pushed(state, subscribers, event);
    case 'look':
      return phase.kind === 'idle' ? looked(state, subscribers, event) : unchanged(state);
    case 'slot-given':
      return phase.kind === 'queued' ? begun(state, subscribers, event) : unchanged(state);
    case 'slot-withdrawn':
      return phase.kind === 'queued' ? rested(state, subscribers) : unchanged(state);
    case 'scanned':
      return isScanning(state) ? scanned(state, { subscribers, ...state.phase }, event) : unchanged(state);
    case 'broken':
      return phase.kind === 'scanning' ? broken(state, { subscribers, ...phase }, event) : unchanged(state);
    case 'stopped':
      return isScanning(state) ? stopped(state, { subscribers, ...state.phase }, event) : unchanged(state);
    default:
      return event satisfies never;
  }
};

const isScanning = (state: RepositoryState): state is Scanning => state.phase.kind === 'scanning';

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

/** One that comes while a scan is under way makes another one: that scan may have listed the tags before. */
const pushed = (state: RepositoryState, subscribers: Subscribers, { trace }: Event<'pushed'>): RepositoryStep => {
  // Nobody is there who could hear of it, nor will this repository be looked at again for anybody.
  if (subscribers.size === 0) return unchanged(state);
  const after = { ...state, pushed: newPush(trace) };
  const { phase } = state;
  if (phase.kind !== 'idle') return unchanged(after);
  const lookAt = Math.min(phase.lookAt, Math.max(pushDueAt(after), state.notBefore));
  return unchanged({ ...after, phase: { kind: 'idle', lookAt } });
};

/** When the scan for a push is due; Infinity: there is none. */
const pushDueAt = ({ pushed: push, notPushedBefore }: RepositoryState): number =>
  push === undefined ? Number.POSITIVE_INFINITY : notPushedBefore;

/** A subscription can make the next look at the schedule come sooner. If it could come later, that look finds out. */
const lookingSooner = (state: RepositoryState, due: Due): RepositoryState => {
  if (state.phase.kind !== 'idle') return state;
  const lookAt = Math.max(Math.min(nextDueAt(state.rhythm, [due]), pushDueAt(state)), state.notBefore);
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

/**
 * A scan begins for the subscribers that are due, and for what was pushed; some, or all, may have unsubscribed while it waited for its
 * slot.
 */
const begun = (state: RepositoryState, subscribers: Subscribers, { now }: Event<'slot-given'>): RepositoryStep => {
  const isDue = dueNow(state.rhythm, duesOf(subscribers, NOBODY), now);
  const waiting = new Map([...subscribers].filter(([, { due }]) => isDue(due)));
  const forPush = pushDueAt(state) <= now && subscribers.size > 0;
  if (waiting.size === 0 && !forPush) return rested(withGap(state, now), subscribers);
  const changed = new Map<string, Subscriber>();
  for (const [name, subscriber] of waiting) changed.set(name, { ...subscriber, due: IDLE });
  const phase = { kind: 'scanning', waiting, pushed: state.pushed } as const;
  const begins = { ...state, phase, scans: state.scans + 1, pushed: undefined, notPushedBefore: now + PUSH_GAP_MS };
  return { state: begins, changed, effects: [] };
};

const scanned = (state: Scanning, audience: Audience, event: Event<'scanned'>): RepositoryStep => {
  const { phase } = state;
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
  const pushed = state.pushed ?? leftOf(phase.pushed, { subscribers, outcomes });
  const notPushedBefore = Math.max(state.notPushedBefore, retryAt(pushed, now));
  const latest = latestAfter(state.latest, subscribers, outcomes);
  const after = withGap({ ...state, rhythm, latest, pushed, notPushedBefore }, now);
  const notify = notifying(bundles);
  if (held === undefined) return rested({ ...after, hold: undefined }, subscribers, { changed, effects: notify });
  const step = putOff(after, { subscribers, changed }, { held, now, uniform });
  return { ...step, effects: [...notify, ...step.effects] };
};

/** What is left of a push after a scan; nothing once each policy has had an answer, or enough scans have failed. */
const leftOf = (
  push: Push | undefined,
  { subscribers, outcomes }: { readonly subscribers: Subscribers; readonly outcomes: ReadonlyMap<string, ScanOutcome> },
): Push | undefined => {
  if (push === undefined) return undefined;
  const answers = [...outcomes].filter(([, { kind }]) => kind !== 'failed').map(([name]) => name);
  const answered = new Set([...push.answered, ...answers]);
  const failures = push.failures + (answers.length < outcomes.size ? 1 : 0);
  if ([...policiesOf(subscribers).keys()].every((name) => answered.has(name))) return undefined;
  return failures > PUSH_RETRY_MS.length ? undefined : { ...push, answered, failures };
};

/** When a push whose last scan has failed is scanned for again; 0: it has not. */
const retryAt = (push: Push | undefined, now: number): number => {
  const wait = push === undefined ? undefined : PUSH_RETRY_MS[push.failures - 1];
  return wait === undefined ? 0 : now + wait;
};

const broken = (state: RepositoryState, audience: Audience, event: Event<'broken'>): RepositoryStep => {
  const outcomes = failureOfAll(audience.subscribers, event.failure);
  const { changed, bundles } = notificationsOf(audience, { ...event, outcomes });
  return rested(withGap(state, event.now), audience.subscribers, { changed, effects: notifying(bundles) });
};

const notifying = (bundles: readonly ObjectIdentity[]): readonly RepositoryEffect[] =>
  bundles.length === 0 ? [] : [{ kind: 'notify', bundles }];

const stopped = (state: Scanning, audience: Audience, { now }: Event<'stopped'>): RepositoryStep => {
  const changed = stillWaiting(audience, new Map(), undefined);
  const after = { ...state, pushed: state.pushed ?? state.phase.pushed };
  return rested(withGap(after, now), audience.subscribers, { changed, effects: [] });
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

const nextLookAt = (state: RepositoryState, subscribers: Subscribers, changed: Subscribers): number => {
  if (subscribers.size === 0) return Number.POSITIVE_INFINITY;
  const dueAt = nextDueAt(state.rhythm, duesOf(subscribers, changed));
  return Math.max(Math.min(dueAt, pushDueAt(state)), state.notBefore);
};
