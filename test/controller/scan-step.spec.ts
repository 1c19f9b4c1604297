import t from 'tap';
import {
  isForgettable,
  lookAtOf,
  newRepositoryState,
  type RepositoryEvent,
  type RepositoryState,
} from '../../controller/scans/repository.js';
import { stepRepository } from '../../controller/scans/repository-step.js';
import type { ScanInterest, ScanOutcome } from '../../controller/scans/scan.js';
import { type Subscriber, type Subscribers, subscriptionOf } from '../../controller/scans/subscriber.js';
import type { HeldBack, RegistryFailure } from '../../registry/port.js';

const MINUTE = 60_000;
/** Monotonic, and by the wall clock: the moment of most events. */
const [NOW, WALL] = [1_000, 5_000_000];
const FAILURE: RegistryFailure = { kind: 'failed', code: 'unauthorized', message: '401 unauthorized' };
const FAILED: ScanOutcome = { kind: 'failed', failure: FAILURE };
const HELD: HeldBack = { kind: 'held', why: 'breaker', forMs: 30_000 };
const found = (tag: string): ScanOutcome => ({
  kind: 'selected',
  tag,
  digest: `sha256:${tag}`,
  tags: { etag: '"1"', etagSupported: true, count: 1 },
});

const interest = (name: string, changes: Partial<ScanInterest> = {}): ScanInterest => ({
  bundle: { namespace: 'shop', name, uid: `${name}-1` },
  target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
  policy: {},
  pollIntervalMs: 10 * MINUTE,
  due: { kind: 'at', time: WALL },
  ...changes,
});
const ANY = subscriptionOf(interest('a'), 1).policyName;

const subscribed = (name: string, changes: Partial<ScanInterest> = {}): RepositoryEvent => ({
  kind: 'subscribed',
  now: NOW,
  wallNow: WALL,
  subscription: subscriptionOf(interest(name, changes), 1),
});
const slotGiven: RepositoryEvent = { kind: 'slot-given', now: NOW };
const look = (held?: HeldBack, now = NOW): RepositoryEvent => ({ kind: 'look', held, now, uniform: 0.5 });
/** The scan that began at NOW is over a second later. */
const scanned = (outcomes: Readonly<Record<string, ScanOutcome>>, held?: HeldBack): RepositoryEvent => ({
  kind: 'scanned',
  sequence: 7,
  now: NOW + 1_000,
  uniform: 0.5,
  run: {
    outcomes: new Map(Object.entries(outcomes)),
    ...(held && { held }),
    startedAt: WALL,
    begunAt: NOW,
    result: held !== undefined ? 'held-back' : Object.values(outcomes).includes(FAILED) ? 'unauthorized' : 'success',
  },
});
const broken: RepositoryEvent = {
  kind: 'broken',
  failure: FAILURE,
  startedAt: WALL,
  sequence: 7,
  now: NOW + 1_000,
};
const stopped: RepositoryEvent = { kind: 'stopped', now: NOW + 1_000 };
const pushed: RepositoryEvent = { kind: 'pushed' };

/** What is seen of a repository from outside, after some events. */
interface Seen {
  readonly phase: RepositoryState['phase']['kind'];
  /** When it is looked at next. */
  readonly lookAt: number | undefined;
  /** What each subscriber asks of the schedule: `now`, `later`, `interval`, `idle`; with a `*` if it has something pending. */
  readonly subscribers: Readonly<Record<string, string>>;
  /** Of the last event. */
  readonly effects: readonly string[];
}

interface World {
  readonly state: RepositoryState;
  readonly subscribers: Subscribers;
  readonly effects: readonly string[];
}

const born: World = {
  state: newRepositoryState({ now: NOW, uniform: 0.5 }),
  subscribers: new Map(),
  effects: [],
};

const after = (world: World, event: RepositoryEvent): World => {
  const { state, changed, effects } = stepRepository(world.state, world.subscribers, event);
  const words = effects.map((effect) =>
    'bundles' in effect ? [effect.kind, ...effect.bundles.map(({ name }) => name)].join(' ') : effect.kind,
  );
  return { state, subscribers: new Map([...world.subscribers, ...changed]), effects: words };
};

const wordOf = ({ due, pending }: Subscriber): string => {
  const word = due.kind === 'at' ? (due.at <= NOW + 1_000 ? 'now' : 'later') : due.kind;
  return pending === undefined ? word : `${word}*`;
};

const seen = ({ state, subscribers, effects }: World): Seen => ({
  phase: state.phase.kind,
  lookAt: lookAtOf(state),
  subscribers: Object.fromEntries([...subscribers.values()].map((one) => [one.subscription.bundle.name, wordOf(one)])),
  effects,
});

const interval = { due: { kind: 'interval' } } as const;
const never = { due: { kind: 'never' } } as const;
const later = { due: { kind: 'at', time: WALL + MINUTE } } as const;
const old = { policy: { versionConstraint: '^1' } } as const;
const OLD = subscriptionOf(interest('a', old), 1).policyName;
const scanning = (...events: RepositoryEvent[]) => [...events, look(), slotGiven];

interface Row {
  readonly title: string;
  readonly events: readonly RepositoryEvent[];
  /** Who unsubscribes then, and what happens after that. */
  readonly without?: string;
  readonly later?: readonly RepositoryEvent[];
  readonly want: Seen;
}

const leaving = (world: World, bundle: string | undefined): World => ({
  ...world,
  subscribers: new Map([...world.subscribers].filter(([name]) => name !== `shop/${bundle}`)),
});

const TABLE: readonly Row[] = [
  {
    title: 'a repository that nobody is subscribed to is not looked at',
    events: [],
    want: { phase: 'idle', lookAt: undefined, subscribers: {}, effects: [] },
  },
  {
    title: 'whoever wants a scan at once has the repository looked at now',
    events: [subscribed('a')],
    want: { phase: 'idle', lookAt: NOW, subscribers: { a: 'now' }, effects: [] },
  },
  {
    title: 'a first regular scan comes somewhere within the interval',
    events: [subscribed('a', interval)],
    want: { phase: 'idle', lookAt: NOW + 5 * MINUTE, subscribers: { a: 'interval' }, effects: [] },
  },
  {
    title: 'a subscription for a later time does not put off the look that others need',
    events: [subscribed('a', later), subscribed('b', interval)],
    want: { phase: 'idle', lookAt: NOW + MINUTE, subscribers: { a: 'later', b: 'interval' }, effects: [] },
  },
  {
    title: 'a look that comes too early for what is wanted since finds that out',
    events: [subscribed('a'), subscribed('a', later), look()],
    want: { phase: 'idle', lookAt: NOW + MINUTE, subscribers: { a: 'later' }, effects: [] },
  },
  {
    title: 'a scan that is due waits for a slot',
    events: [subscribed('a'), look()],
    want: { phase: 'queued', lookAt: undefined, subscribers: { a: 'now' }, effects: ['wait-for-slot'] },
  },
  {
    title: 'a scan that is due is put off while its host is left alone, and those that wait hear of it',
    events: [subscribed('a'), subscribed('b', interval), look(HELD)],
    want: {
      phase: 'idle',
      lookAt: NOW + 31_500,
      subscribers: { a: 'now', b: 'interval' },
      effects: ['report-held-back', 'notify-of-hold a'],
    },
  },
  {
    title: 'a hold of a few seconds is not told of',
    events: [subscribed('a'), look({ ...HELD, forMs: 5_000 })],
    want: { phase: 'idle', lookAt: NOW + 5_500, subscribers: { a: 'now' }, effects: ['report-held-back'] },
  },
  {
    title: 'a hold that goes on is told of once',
    events: [subscribed('a'), look(HELD), look(HELD, NOW + 31_500)],
    want: { phase: 'idle', lookAt: NOW + 61_650, subscribers: { a: 'now' }, effects: ['report-held-back'] },
  },
  {
    title: 'whoever subscribes while a hold lasts hears of it',
    events: [subscribed('a'), look(HELD), subscribed('b')],
    want: {
      phase: 'idle',
      lookAt: NOW + 31_500,
      subscribers: { a: 'now', b: 'now' },
      effects: ['notify-of-hold b'],
    },
  },
  {
    title: 'a scan is for those that are due, and asks nothing more of the schedule for them while it is under way',
    events: scanning(subscribed('a'), subscribed('b', interval)),
    want: { phase: 'scanning', lookAt: undefined, subscribers: { a: 'idle', b: 'interval' }, effects: [] },
  },
  {
    title: 'a slot that comes when nobody waits any more is given back',
    events: [subscribed('a'), look(), subscribed('a', never), slotGiven],
    want: { phase: 'idle', lookAt: undefined, subscribers: { a: 'idle' }, effects: [] },
  },
  {
    title: 'a slot that will not come leaves all as it was',
    events: [subscribed('a'), look(), { kind: 'slot-withdrawn' }],
    want: { phase: 'idle', lookAt: NOW, subscribers: { a: 'now' }, effects: [] },
  },
  {
    title: 'a success is for all subscribers, and whoever waited for it goes on by its interval',
    events: [...scanning(subscribed('a'), subscribed('given-up', never)), scanned({ [ANY]: found('v1') })],
    want: {
      phase: 'idle',
      lookAt: NOW + 10 * MINUTE,
      subscribers: { a: 'interval*', 'given-up': 'idle*' },
      effects: ['notify a given-up'],
    },
  },
  {
    title: 'a failure is for those that waited, and they say themselves when to go on',
    events: [...scanning(subscribed('a'), subscribed('b', interval)), scanned({ [ANY]: FAILED })],
    want: {
      phase: 'idle',
      lookAt: NOW + 5 * MINUTE,
      subscribers: { a: 'idle*', b: 'interval' },
      effects: ['notify a'],
    },
  },
  {
    title: 'whoever asks for another scan during one hears of it and gets the other one half a second later',
    events: [
      ...scanning(subscribed('a')),
      subscribed('a', { due: { kind: 'at', time: WALL + 100 } }),
      scanned({ [ANY]: found('v1') }),
    ],
    want: { phase: 'idle', lookAt: NOW + 1_500, subscribers: { a: 'now*' }, effects: ['notify a'] },
  },
  {
    title: 'whoever changes its policy during a scan hears nothing of it',
    events: [...scanning(subscribed('a')), subscribed('a', old), scanned({ [ANY]: found('v1') })],
    want: { phase: 'idle', lookAt: NOW + 1_500, subscribers: { a: 'now' }, effects: [] },
  },
  {
    title: 'another bundle that has got the name since hears no failure of a scan that it did not wait for',
    events: [
      ...scanning(subscribed('a')),
      subscribed('a', { bundle: { namespace: 'shop', name: 'a', uid: 'a-2' } }),
      scanned({ [ANY]: FAILED }),
    ],
    want: { phase: 'idle', lookAt: NOW + 1_500, subscribers: { a: 'now' }, effects: [] },
  },
  {
    title: 'a policy that a scan had no room for is scanned at once',
    events: [...scanning(subscribed('a'), subscribed('b', old)), scanned({ [ANY]: found('v1') })],
    want: {
      phase: 'idle',
      lookAt: NOW + 1_500,
      subscribers: { a: 'interval*', b: 'now' },
      effects: ['notify a'],
    },
  },
  {
    title: 'a scan that is held back on its way serves those whose policy it came to, and the others wait on',
    events: [...scanning(subscribed('a'), subscribed('b', old)), scanned({ [OLD]: found('v1') }, HELD)],
    want: {
      phase: 'idle',
      lookAt: NOW + 32_500,
      subscribers: { a: 'now', b: 'interval*' },
      effects: ['notify b', 'report-held-back', 'notify-of-hold a'],
    },
  },
  {
    title: 'a fault of this process is a failure for those that waited',
    events: [...scanning(subscribed('a'), subscribed('b', interval)), broken],
    want: {
      phase: 'idle',
      lookAt: NOW + 5 * MINUTE,
      subscribers: { a: 'idle*', b: 'interval' },
      effects: ['notify a'],
    },
  },
  {
    title: 'a scan that is stopped has served nobody',
    events: [...scanning(subscribed('a'), subscribed('b', interval)), stopped],
    want: { phase: 'idle', lookAt: NOW + 1_500, subscribers: { a: 'now', b: 'interval' }, effects: [] },
  },
  {
    title: 'what is pending is so until it is acknowledged by its number',
    events: [
      ...scanning(subscribed('a')),
      scanned({ [ANY]: found('v1') }),
      { kind: 'acknowledged', bundle: interest('a').bundle, sequence: 6 },
      { kind: 'acknowledged', bundle: { ...interest('a').bundle, uid: 'a-2' }, sequence: 7 },
    ],
    want: { phase: 'idle', lookAt: NOW + 10 * MINUTE, subscribers: { a: 'interval*' }, effects: [] },
  },
  {
    title: 'what is acknowledged is pending no more',
    events: [
      ...scanning(subscribed('a')),
      scanned({ [ANY]: found('v1') }),
      { kind: 'acknowledged', bundle: interest('a').bundle, sequence: 7 },
    ],
    want: { phase: 'idle', lookAt: NOW + 10 * MINUTE, subscribers: { a: 'interval' }, effects: [] },
  },
  {
    title: 'a push has a repository looked at now, whatever its bundles wait for',
    events: [subscribed('a', interval), subscribed('b', later), subscribed('given-up', never), pushed],
    want: {
      phase: 'idle',
      lookAt: 0,
      subscribers: { a: 'interval', b: 'later', 'given-up': 'idle' },
      effects: [],
    },
  },
  {
    title: 'the scan for a push changes nothing of what its bundles wait for',
    events: scanning(subscribed('a', interval), subscribed('b', later), pushed),
    want: { phase: 'scanning', lookAt: undefined, subscribers: { a: 'interval', b: 'later' }, effects: [] },
  },
  {
    title: 'what a push has brought is for all bundles, also for those whose polls fail or have stopped',
    events: [
      ...scanning(subscribed('a', interval), subscribed('b', later), subscribed('given-up', never), pushed),
      scanned({ [ANY]: found('v1') }),
    ],
    want: {
      phase: 'idle',
      lookAt: NOW + MINUTE,
      subscribers: { a: 'interval*', b: 'later*', 'given-up': 'idle*' },
      effects: ['notify a b given-up'],
    },
  },
  {
    title: 'the failure of a scan for a push counts for nobody, and it is made again after 5 s',
    events: [...scanning(subscribed('a', interval), subscribed('b', later), pushed), scanned({ [ANY]: FAILED })],
    want: { phase: 'idle', lookAt: NOW + 6_000, subscribers: { a: 'interval', b: 'later' }, effects: [] },
  },
  {
    title: 'a push that is left when the last bundle goes has nothing looked at',
    events: [...scanning(subscribed('a', interval), pushed), pushed],
    without: 'a',
    later: [scanned({ [ANY]: found('v1') })],
    want: { phase: 'idle', lookAt: undefined, subscribers: {}, effects: [] },
  },
  {
    title: 'a push while a scan is under way makes another one, a second after that began',
    events: [...scanning(subscribed('a')), pushed, scanned({ [ANY]: found('v1') })],
    want: { phase: 'idle', lookAt: NOW + 1_500, subscribers: { a: 'interval*' }, effects: ['notify a'] },
  },
  {
    title: 'a push soon after a scan waits until a second after that began',
    events: [
      ...scanning(subscribed('a')),
      { ...scanned({ [ANY]: found('v1') }), now: NOW + 10 } as RepositoryEvent,
      pushed,
    ],
    want: { phase: 'idle', lookAt: NOW + 1_000, subscribers: { a: 'interval*' }, effects: [] },
  },
  {
    title: 'a scan for a push goes on with the policies that it had no room for',
    events: [
      ...scanning(subscribed('a', interval), subscribed('b', { ...interval, ...old }), pushed),
      scanned({ [ANY]: found('v1') }),
    ],
    want: {
      phase: 'idle',
      lookAt: NOW + 1_500,
      subscribers: { a: 'interval*', b: 'interval' },
      effects: ['notify a'],
    },
  },
  {
    title: 'and ends with the last of them, though each scan leaves some',
    events: [
      ...scanning(subscribed('a', interval), subscribed('b', { ...interval, ...old }), pushed),
      scanned({ [ANY]: found('v1') }),
      look(undefined, NOW + 1_500),
      { kind: 'slot-given', now: NOW + 1_500 },
      scanned({ [OLD]: found('v1') }),
    ],
    want: {
      phase: 'idle',
      lookAt: NOW + 5 * MINUTE,
      subscribers: { a: 'interval*', b: 'interval*' },
      effects: ['notify b'],
    },
  },
  {
    title: 'a scan for a push that is held back is made when its host may be asked again',
    events: [...scanning(subscribed('a', interval), pushed), scanned({}, HELD)],
    want: { phase: 'idle', lookAt: NOW + 32_500, subscribers: { a: 'interval' }, effects: ['report-held-back'] },
  },
  {
    title: 'a scan for a push that is stopped is made again',
    events: [...scanning(subscribed('a', interval), pushed), stopped],
    want: { phase: 'idle', lookAt: NOW + 1_500, subscribers: { a: 'interval' }, effects: [] },
  },
];

t.test('what happens to a repository', async (t) => {
  for (const { title, events, without, later: rest = [], want } of TABLE) {
    const world = leaving(events.reduce(after, born), without);
    t.strictSame(seen(rest.reduce(after, world)), want, title);
  }
});

t.test('an event that belongs to another phase changes nothing', async (t) => {
  const queued = [subscribed('a'), look()].reduce(after, born);
  const busy = scanning(subscribed('a')).reduce(after, born);
  const table: readonly (readonly [World, readonly RepositoryEvent[]])[] = [
    [after(born, subscribed('a')), [slotGiven, { kind: 'slot-withdrawn' }, scanned({}), broken, stopped]],
    [queued, [look(), scanned({}), broken, stopped]],
    [busy, [look(), slotGiven, { kind: 'slot-withdrawn' }]],
  ];
  for (const [world, events] of table) {
    for (const event of events) {
      const step = stepRepository(world.state, world.subscribers, event);
      t.equal(step.state, world.state, `${event.kind} while ${world.state.phase.kind}`);
      t.strictSame([step.changed.size, step.effects], [0, []]);
    }
  }
});

t.test('a repository without subscribers is forgotten, but not while it is scanned', async (t) => {
  const phases = [[], [subscribed('a'), look()], scanning(subscribed('a'))].map((events) => events.reduce(after, born));
  t.strictSame(
    phases.map(({ state }) => [state.phase.kind, isForgettable(state, new Map())]),
    [
      ['idle', true],
      ['queued', true],
      ['scanning', false],
    ],
  );
  t.notOk(isForgettable(born.state, after(born, subscribed('a')).subscribers));
});

t.test('a step for one of ten thousand subscribers touches no other one', async (t) => {
  const subscribers = new Map<string, Subscriber>();
  const touched = new Set<number>();
  let { state } = born;
  for (let index = 0; index < 10_000; index += 1) {
    const step = stepRepository(state, subscribers, subscribed(`b${index}`, interval));
    state = step.state;
    touched.add(step.changed.size);
    for (const [name, subscriber] of step.changed) subscribers.set(name, subscriber);
  }
  t.strictSame([...touched], [1]);
  t.equal(subscribers.size, 10_000);
});
