import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import type { ScanInterest, ScanOutcome, ScanResult } from '../../controller/scans/scan.js';
import { ScanSlots, type Slot } from '../../controller/scans/scan-slots.js';
import { createScans } from '../../controller/scans/scans.js';
import { afterHold, type Due, dueNow, nextDueAt, type Rhythm } from '../../controller/scans/schedule.js';
import { HostLimiter } from '../../registry/host-limiter.js';
import type { HeldBack, RegistryFailure } from '../../registry/port.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { MemoryRegistry } from '../kit/memory-registry.js';
import { recordLog } from '../kit/record-log.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const UNAUTHORIZED: RegistryFailure = { kind: 'failed', code: 'unauthorized', message: '401 unauthorized' };
const TIMEOUT: RegistryFailure = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' };

/** `a` is in namespace shop, `other/a` is not. */
const ref = (name: string): ObjectIdentity => {
  const [own = '', namespace = 'shop'] = name.split('/').toReversed();
  return { namespace, name: own, uid: `${name}-1` };
};
const hashOf = (...tags: string[]): string =>
  `tags-sha256:${createHash('sha256').update(tags.toSorted().join('\n')).digest('hex')}`;

/** A board on a registry in memory; every wish is of bundle `a` for ghcr.io/acme/app at once, unless said otherwise. */
const board = (test: Test, { uniform = 0.5, timeScale = 1 }: { uniform?: number; timeScale?: number } = {}) => {
  const registry = new MemoryRegistry();
  registry.publish('acme/app', { v1: 'sha256:1' });
  const clock = createFakeClock();
  const log = recordLog();
  const delivered: string[] = [];
  const results: ScanResult[] = [];
  const holds: string[] = [];
  const scans = createScans({
    registry,
    clock,
    random: { uniform: () => uniform },
    log,
    timeScale,
    onDelivery: ({ name }) => delivered.push(name),
    onHold: ({ name }) => holds.push(name),
    onScan: (result) => results.push(result),
  });
  /** Who was woken for a hold since it was asked last, and what is said to it. */
  const heldFor = () => holds.splice(0).map((name) => `${name} ${scans.held(ref(name))}`);
  const stop = new AbortController();
  const stopped = scans.start(stop.signal);
  test.teardown(() => stop.abort());
  const want = (name: string, changes: Partial<ScanInterest> = {}): void =>
    scans.subscribe({
      bundle: ref(name),
      target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      policy: {},
      pollIntervalMs: 15 * MINUTE,
      due: { kind: 'at', time: clock.now() },
      ...changes,
    });
  const outcomeOf = (name: string): ScanOutcome | undefined => scans.pending(ref(name))?.outcome;
  const lists = (): number => registry.calls.filter((call) => call.startsWith('list')).length;
  return { registry, clock, log, delivered, results, scans, heldFor, want, outcomeOf, lists, stop, stopped };
};

/**
 * Three repositories of a host that refuses connections, behind the real limiter with its breaker; they wait 30 s after a failure, then
 * 1m, 2m and so on. @returns when each had failed for the second time, milliseconds from the beginning
 */
const secondFailures = async (seed: number): Promise<readonly number[]> => {
  let state = seed;
  const uniform = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const clock = createFakeClock();
  const hosts = new HostLimiter({ clock, rate: { perSecond: 10, burst: 20 }, inFlight: 10, timeScale: 1 });
  const url = new URL('https://ghcr.io/');
  const listTags = async (_: unknown, signal: AbortSignal): Promise<RegistryFailure | HeldBack> => {
    const permit = await hosts.acquire({ url }, signal);
    if (permit.kind === 'held') return permit;
    permit.done({ event: 'failed', pauseMs: 0 });
    return { kind: 'failed', code: 'connection', message: 'connection refused' };
  };
  const failedAt = new Map<string, number[]>([...'abc'].map((name) => [name, []]));
  const look = ({ name }: ObjectRef): void => {
    const bundle = ref(name);
    const delivery = scans.pending(bundle);
    const times = failedAt.get(name) ?? [];
    times.push(clock.monotonic());
    wish(bundle, clock.now() + 30 * SECOND * 2 ** (times.length - 1));
    scans.acknowledge(bundle, delivery?.sequence ?? 0);
  };
  const scans = createScans({
    clock,
    random: { uniform },
    log: recordLog(),
    timeScale: 1,
    onDelivery: look,
    registry: {
      holdOf: () => hosts.holdOf({ url }),
      listTags,
      readManifest: () => Promise.reject(new Error('unlisted')),
    },
  });
  const wish = (bundle: ObjectIdentity, time: number): void => {
    const target = { host: 'ghcr.io', repository: bundle.name, insecure: false };
    scans.subscribe({ bundle, target, policy: {}, pollIntervalMs: MINUTE, due: { kind: 'at', time } });
  };
  const stop = new AbortController();
  const stopped = scans.start(stop.signal);
  for (const name of failedAt.keys()) wish(ref(name), clock.now() + uniform() * MINUTE);
  const seconds = () => [...failedAt.values()].map((times) => times[1] ?? Number.POSITIVE_INFINITY);
  for (let minutes = 0; minutes < 60 && Math.max(...seconds()) === Number.POSITIVE_INFINITY; minutes += 1)
    await clock.advance(MINUTE);
  stop.abort();
  await stopped;
  return seconds();
};

t.test('the schedule of a repository', async (t) => {
  const at = (time: number): Due => ({ kind: 'at', at: time });
  const each = (intervalMs: number): Due => ({ kind: 'interval', intervalMs });
  const idle: Due = { kind: 'idle' };
  const born = (uniform: number): Rhythm => ({ bornAt: 1000, lastAt: undefined, uniform });
  const scanned = (uniform: number): Rhythm => ({ bornAt: 0, lastAt: 5000, uniform });
  const table: readonly { title: string; rhythm: Rhythm; members: Due[]; want: number }[] = [
    { title: 'is empty without members', rhythm: born(0.5), members: [], want: Number.POSITIVE_INFINITY },
    { title: 'is empty when nobody wants a scan', rhythm: born(0.5), members: [idle], want: Number.POSITIVE_INFINITY },
    { title: 'goes by the earliest point in time', rhythm: born(0.5), members: [at(9), idle, at(7)], want: 7 },
    { title: 'begins right after the start when the draw is 0', rhythm: born(0), members: [each(600)], want: 1000 },
    { title: 'begins anywhere within the first interval', rhythm: born(0.75), members: [each(600)], want: 1450 },
    { title: 'goes on after 90 % of the interval at least', rhythm: scanned(0), members: [each(1000)], want: 5900 },
    { title: 'goes on after 110 % of the interval at most', rhythm: scanned(1), members: [each(1000)], want: 6100 },
    {
      title: 'goes by the smallest interval',
      rhythm: scanned(0.5),
      members: [each(3000), each(1000), idle],
      want: 6000,
    },
    { title: 'goes by whichever comes first', rhythm: scanned(0.5), members: [each(1000), at(5500)], want: 5500 },
  ];
  for (const { title, rhythm, members, want } of table) t.equal(nextDueAt(rhythm, members), want, title);

  const isDue = dueNow(scanned(0.5), [each(1000), each(3000), at(6000), at(6001), idle], 6000);
  t.strictSame(
    [each(1000), each(3000), at(6000), at(6001), idle].map(isDue),
    [true, true, true, false, false],
    'a scan at the smallest interval is the one that all intervals wait for',
  );
  const early = dueNow(scanned(0.5), [each(1000), at(5500)], 5500);
  t.strictSame([each(1000), at(5500)].map(early), [false, true], 'an extra scan serves only those that asked for it');
});

t.test('slots', async (t) => {
  const slotsFor = (limits: { perHost?: number; perTenant?: number; total?: number }) => {
    const slots = new ScanSlots<string>({ perHost: 99, perTenant: 99, total: 99, ...limits });
    const wait = (tenant: string, host: string, ...items: string[]) => {
      for (const item of items) slots.wait(item, { host, tenants: [tenant] });
    };
    /** All that may run now. */
    const taken = (): (Slot<string> | undefined)[] => {
      const all: Slot<string>[] = [];
      for (let slot = slots.take(); slot !== undefined; slot = slots.take()) all.push(slot);
      return all;
    };
    return { slots, wait, taken };
  };
  const items = (taken: readonly (Slot<string> | undefined)[]) => taken.map((slot) => slot?.item);
  const release = ({ slots }: { slots: ScanSlots<string> }, slot: Slot<string> | undefined) =>
    slot !== undefined && slots.release(slot);

  t.test('are given to hosts in turn, two for one host, three in all', (t) => {
    const given = slotsFor({ perHost: 2, total: 3 });
    given.wait('shop', 'a', 'a1', 'a2', 'a3');
    given.wait('shop', 'b', 'b1', 'b2', 'b3');
    const first = given.taken();
    t.strictSame(items(first), ['a1', 'b1', 'a2']);
    release(given, first[1]);
    const [second] = given.taken();
    t.equal(second?.item, 'b2', 'a slot that is free is given to the host that has waited');
    release(given, second);
    t.strictSame(items(given.taken()), ['b3'], 'no more than two for one host');
    t.strictSame(given.slots.clear(), ['a3'], 'what still waits can be taken back');
    t.strictSame(given.taken(), []);
    t.end();
  });

  t.test('are given to tenants in turn, however many repositories one has', (t) => {
    const given = slotsFor({ perHost: 2 });
    given.wait('greedy', 'ghcr.io', ...Array.from({ length: 1_000 }, (_, index) => `g${index}`));
    given.wait('modest', 'ghcr.io', 'm0', 'm1');
    const first = given.taken();
    t.strictSame(items(first), ['g0', 'm0']);
    release(given, first[0]);
    t.strictSame(items(given.taken()), ['g1']);
    release(given, first[1]);
    t.strictSame(items(given.taken()), ['m1']);
    t.end();
  });

  t.test('are left for others by a tenant whose hosts all hang', (t) => {
    const given = slotsFor({ perTenant: 25, total: 50 });
    for (let index = 0; index < 1_000; index += 1) given.wait('hanging', `h${index}.example`, `h${index}`);
    t.equal(given.taken().length, 25);
    given.wait('others', 'ghcr.io', 'o1', 'o2');
    t.strictSame(items(given.taken()), ['o1', 'o2'], 'at once');
    t.end();
  });

  t.test('of what several tenants share count for the one with the least to do', (t) => {
    const given = slotsFor({ perTenant: 1 });
    given.wait('busy', 'a', 'b1', 'b2');
    given.slots.wait('shared', { host: 'a', tenants: ['busy', 'idle'] });
    t.strictSame(items(given.taken()), ['b1', 'shared']);
    t.end();
  });

  t.test('cost the same for ten thousand tenants of one host', (t) => {
    const given = slotsFor({ perHost: 10, total: 50 });
    for (let index = 0; index < 10_000; index += 1) given.wait(`t${index}`, 'ghcr.io', `${index}`);
    const order: string[] = [];
    for (let running = given.taken(); running.length > 0; running = given.taken()) {
      for (const slot of running) {
        order.push(slot?.item ?? '');
        release(given, slot);
      }
    }
    t.strictSame(
      order,
      Array.from({ length: 10_000 }, (_, index) => `${index}`),
    );
    t.end();
  });
});

t.test('a new bundle is looked at at once, and its result waits until it is acknowledged', async (t) => {
  const { clock, want, scans, delivered, outcomeOf, results, registry } = board(t);
  registry.publish('acme/app', { v2: 'sha256:2' });
  want('a');
  await settle();
  const selected = {
    kind: 'selected',
    tag: 'v2',
    digest: 'sha256:2',
    tags: { etag: hashOf('v1', 'v2'), etagSupported: false, count: 2 },
  } as const;
  t.strictSame(scans.pending(ref('a')), { sequence: 1, startedAt: clock.now(), outcome: selected });
  t.strictSame(delivered, ['a']);
  t.strictSame(results, ['success']);
  t.strictSame(registry.calls, ['list ghcr.io/acme/app', 'read ghcr.io/acme/app:v2']);
  scans.acknowledge(ref('a'), 99);
  t.strictSame(outcomeOf('a'), selected, 'another number acknowledges nothing');
  scans.acknowledge(ref('a'), 1);
  t.equal(scans.pending(ref('a')), undefined);
  t.strictSame(scans.latest(ref('a')), selected, 'what was found is still known');
  t.equal(scans.pending(ref('stranger')), undefined);
  t.equal(scans.latest(ref('stranger')), undefined);
});

t.test('a registry with an ETag gives it to the status', async (t) => {
  const { want, outcomeOf, registry } = board(t);
  registry.etag = '"abc"';
  want('a');
  await settle();
  t.strictSame(outcomeOf('a'), {
    kind: 'selected',
    tag: 'v1',
    digest: 'sha256:1',
    tags: { etag: '"abc"', etagSupported: true, count: 1 },
  });
});

t.test('bundles share a scan if, and only if, everything that decides the answer is equal', async (t) => {
  const { want, lists } = board(t);
  const target = { host: 'ghcr.io', repository: 'acme/app', insecure: false } as const;
  const basic = (password: string) => ({ credential: { kind: 'basic', username: 'u', password } }) as const;
  want('a');
  want('same');
  want('same-host', { target: { ...target, host: 'GHCR.io' } });
  want('credential', { target: { ...target, ...basic('p') } });
  want('same-credential', { target: { ...target, ...basic('p') } });
  want('other-credential', { target: { ...target, ...basic('q') } });
  want('token', { target: { ...target, credential: { kind: 'identity-token', username: 'u', token: 'p' } } });
  want('insecure', { target: { ...target, insecure: true } });
  want('ca', { target: { ...target, ca: 'PEM' } });
  want('other-policy', { policy: { tagPattern: '^v' } });
  await settle();
  t.equal(lists(), 6);
});

t.test('ten thousand bundles of one repository cost one scan an interval', async (t) => {
  const { want, lists, clock, delivered, scans } = board(t);
  for (let index = 0; index < 10_000; index += 1) want(`b${index}`, { due: { kind: 'interval' } });
  await clock.advance(7.5 * MINUTE - 1);
  t.equal(lists(), 0, 'the first one comes somewhere within the interval');
  await clock.advance(1);
  t.equal(lists(), 1);
  t.equal(new Set(delivered).size, 10_000);
  t.equal(scans.pending(ref('b9999'))?.sequence, 1);
  await clock.advance(60 * MINUTE);
  t.equal(lists(), 5, 'and then one comes every 15 minutes');
});

t.test('the interval is divided by the time scale, a point in time is not', async (t) => {
  const { want, lists, clock } = board(t, { timeScale: 60 });
  want('a', { due: { kind: 'at', time: clock.now() + 30 * SECOND } });
  await clock.advance(29 * SECOND);
  t.equal(lists(), 0);
  await clock.advance(1 * SECOND);
  t.equal(lists(), 1);
  await clock.advance(15 * SECOND);
  t.equal(lists(), 2, '15m at scale 60');
});

t.test('a failure is for those that waited, a success for all', async (t) => {
  const { want, clock, registry, delivered, outcomeOf, scans, results } = board(t);
  want('polling', { due: { kind: 'interval' } });
  want('retrying', { due: { kind: 'at', time: clock.now() + MINUTE } });
  want('given-up', { due: { kind: 'never' } });
  registry.failure = UNAUTHORIZED;
  await clock.advance(MINUTE);
  t.strictSame(delivered, ['retrying'], 'the others did not ask for this scan');
  t.strictSame(outcomeOf('retrying'), { kind: 'failed', failure: UNAUTHORIZED });
  t.equal(scans.latest(ref('retrying')), undefined);
  await clock.advance(6.5 * MINUTE);
  t.strictSame(delivered, ['retrying', 'polling'], 'the regular scan is not put off by an extra one that failed');
  await clock.advance(24 * 60 * MINUTE);
  t.equal(delivered.length, 2, 'whoever heard of a failure says when to go on, or nothing happens');
  registry.failure = undefined;
  want('retrying', { due: { kind: 'at', time: clock.now() + MINUTE } });
  await clock.advance(MINUTE);
  t.strictSame(delivered.slice(2).toSorted(), ['given-up', 'polling', 'retrying']);
  t.match(outcomeOf('given-up'), { kind: 'selected', tag: 'v1' });
  t.strictSame(results, ['unauthorized', 'unauthorized', 'success']);
});

t.test('a scan for one bundle wakes the others of its repository only if it tells them something', async (t) => {
  const { want, clock, registry, delivered, outcomeOf, lists } = board(t);
  const interval = { due: { kind: 'interval' } } as const;
  const asks = async (name: string): Promise<readonly string[]> => {
    const before = delivered.length;
    want(name);
    await clock.advance(SECOND);
    want(name, interval);
    return delivered.slice(before).toSorted();
  };
  want('a', interval);
  await clock.advance(7.5 * MINUTE);
  t.strictSame(delivered, ['a']);
  t.strictSame(await asks('b'), ['b'], 'a heard the same by its interval');
  await clock.advance(15 * MINUTE - SECOND);
  t.strictSame(
    delivered.slice(2).toSorted(),
    ['a', 'b'],
    'for a the regular scan comes when it would have come without b',
  );
  t.equal(lists(), 3);
  registry.publish('acme/app', { v2: 'sha256:2' });
  t.strictSame(await asks('b'), ['a', 'b'], 'a new tag is for all');
  t.match(outcomeOf('a'), { kind: 'selected', tag: 'v2' });
  want('c', { due: { kind: 'never' } });
  t.strictSame(await asks('b'), ['b', 'c'], 'and whoever has given up hears of each success');
  await clock.advance(13.5 * MINUTE);
  t.strictSame(await asks('b'), ['a', 'b', 'c'], 'a has heard nothing for an interval');
});

t.test('wishes', async (t) => {
  t.test('the same point in time again is no new wish, even after the failure it led to', async (t) => {
    const { want, clock, registry, lists } = board(t);
    registry.failure = TIMEOUT;
    const due = { kind: 'at', time: clock.now() } as const;
    want('a', { due });
    await clock.advance(SECOND);
    want('a', { due });
    await clock.advance(60 * MINUTE);
    t.equal(lists(), 1);
  });
  t.test('the same interval is a new one after a failure, for an interval later', async (t) => {
    const { want, clock, registry, lists } = board(t);
    registry.failure = TIMEOUT;
    want('a', { due: { kind: 'interval' } });
    await clock.advance(7.5 * MINUTE);
    want('a', { due: { kind: 'interval' } });
    await clock.advance(15 * MINUTE - 1);
    t.equal(lists(), 1);
    await clock.advance(1);
    t.equal(lists(), 2);
  });
  t.test('points in time that are always new make two scans a second at most', async (t) => {
    const { want, clock, lists } = board(t);
    for (let turn = 0; turn < 100; turn += 1) {
      want('a', { due: { kind: 'at', time: clock.now() } });
      await clock.advance(100);
    }
    t.equal(lists(), 21, 'one at once, and then one each half second for 10 s');
  });
  t.test('a later wish replaces an earlier one, and a shorter interval a longer one', async (t) => {
    const { want, clock, lists } = board(t);
    want('a', { due: { kind: 'at', time: clock.now() + MINUTE } });
    want('a', { due: { kind: 'at', time: clock.now() + 10 * MINUTE } });
    await clock.advance(10 * MINUTE - 1);
    t.equal(lists(), 0);
    await clock.advance(1);
    t.equal(lists(), 1);
    want('a', { due: { kind: 'interval' }, pollIntervalMs: MINUTE });
    await clock.advance(MINUTE);
    t.equal(lists(), 2);
  });
  t.test('a wish that comes while a scan is under way gets a scan of its own', async (t) => {
    const { want, clock, lists, registry, delivered } = board(t);
    registry.hold();
    want('a');
    await clock.advance(SECOND);
    want('a');
    registry.release();
    await clock.advance(SECOND);
    t.equal(lists(), 2);
    t.strictSame(delivered, ['a', 'a']);
  });
  t.test('a bundle that was forgotten costs nothing more', async (t) => {
    const { want, clock, scans, lists, delivered, registry } = board(t);
    want('a', { due: { kind: 'interval' } });
    scans.unsubscribe(ref('a'));
    scans.unsubscribe(ref('a'));
    await clock.advance(60 * MINUTE);
    t.equal(lists(), 0);
    registry.hold();
    want('a');
    await settle();
    scans.unsubscribe(ref('a'));
    registry.release();
    await clock.advance(60 * MINUTE);
    t.equal(lists(), 1);
    t.strictSame(delivered, [], 'what a scan found meanwhile is nobody’s');
  });
  t.test('a scan that began for another policy says nothing to a bundle that has changed its own', async (t) => {
    const { want, clock, registry, scans, delivered, outcomeOf } = board(t);
    registry.hold();
    want('a', { policy: { tag: 'v1' } });
    await settle();
    want('a', { policy: { tag: 'v9' } });
    registry.release();
    await settle();
    t.strictSame(delivered, []);
    t.equal(scans.latest(ref('a')), undefined);
    await clock.advance(SECOND);
    t.match(outcomeOf('a'), { kind: 'nothing-to-deploy', reason: 'NoMatchingTag' });
  });
  t.test('a result of another repository or policy is no longer in the inbox', async (t) => {
    const { want, scans, outcomeOf } = board(t);
    want('a');
    await settle();
    want('a', { due: { kind: 'interval' } });
    t.match(outcomeOf('a'), { kind: 'selected' }, 'another time changes nothing about a result');
    want('a', { due: { kind: 'never' }, policy: { versionConstraint: '>=2' } });
    t.equal(scans.pending(ref('a')), undefined);
  });
});

t.test('what was found for a bundle is not for another one that has got its name since', async (t) => {
  const { want, clock, registry, scans, delivered } = board(t);
  const [first, second] = [ref('a'), { ...ref('a'), uid: 'a-2' }];
  want('a', { bundle: first });
  await settle();
  t.match(scans.pending(first), { sequence: 1 });
  t.strictSame(
    [scans.pending(second), scans.latest(second)],
    [undefined, undefined],
    'nobody told the board of it yet',
  );
  want('a', { bundle: second, due: { kind: 'interval' } });
  t.strictSame([scans.pending(first), scans.pending(second)], [undefined, undefined]);
  scans.acknowledge(first, 1);
  registry.failure = TIMEOUT;
  registry.hold();
  want('a', { bundle: first });
  await clock.advance(SECOND);
  want('a', { bundle: second, due: { kind: 'interval' } });
  registry.release();
  await clock.advance(SECOND);
  t.strictSame(delivered, ['a'], 'a failure of the scan that the other one waited for is none of its own');
});

t.test('what is held back is no failure', async (t) => {
  const held: HeldBack = { kind: 'held', why: 'breaker', forMs: 30 * SECOND };
  t.strictSame(
    [
      afterHold(1_000, 100_000, { times: 1, uniform: 0 }),
      afterHold(1_000, 100_000, { times: 1, uniform: 0.5 }),
      afterHold(1_000, 10, { times: 1, uniform: 0.5 }),
    ],
    [101_000, 106_000, 1_510],
    'it is tried again when it may be, up to a tenth later, so that not all come at once',
  );
  t.strictSame(
    [2, 3].map((times) => afterHold(1_000, 100_000, { times, uniform: 0.5 })),
    [101_500, 101_050],
    'and sooner, the more often it was put off',
  );

  t.test('a scan is put off while its host is left alone; nobody hears of it, and nobody is asked', async (t) => {
    const { want, clock, registry, delivered, results, outcomeOf } = board(t);
    registry.held = held;
    want('a');
    want('b', { due: { kind: 'interval' } });
    await clock.advance(31.5 * SECOND - 1);
    t.strictSame([registry.calls, delivered, results], [[], [], ['held-back']]);
    registry.held = undefined;
    await clock.advance(1);
    t.match(outcomeOf('a'), { kind: 'selected' });
    t.strictSame(results, ['held-back', 'success']);
  });
  t.test('while a host is down its repositories are tried in turn', async (t) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const waits = await secondFailures(seed);
      t.ok(Math.max(...waits) < 5 * MINUTE, `seed ${seed}: all have failed twice, after ${waits} ms`);
    }
  });
  t.test('a bundle that waits is woken when a hold begins that lasts, and when its reason changes', async (t) => {
    const { want, clock, registry, scans, heldFor } = board(t);
    const at = (ms: number) => ({ due: { kind: 'at', time: clock.now() + ms } }) as const;
    registry.held = { kind: 'held', why: 'retry-after', forMs: 60 * SECOND };
    want('new');
    want('regular', { due: { kind: 'interval' } });
    want('later', at(10 * MINUTE));
    await settle();
    t.strictSame(heldFor(), ['new retry-after'], 'who goes by its interval, or waits for later, need not hear of it');
    want('other', at(0));
    t.strictSame(heldFor(), ['other retry-after'], 'one that comes meanwhile is told, too');
    want('other', at(SECOND));
    t.strictSame(heldFor(), [], 'once');
    await clock.advance(5 * MINUTE);
    t.strictSame(heldFor(), [], 'it is put off again and again');
    registry.held = held;
    await clock.advance(2 * MINUTE);
    t.strictSame(heldFor(), ['new breaker', 'other breaker']);
    registry.held = undefined;
    await clock.advance(MINUTE);
    t.strictSame([heldFor(), scans.held(ref('new'))], [[], undefined], 'the scan is what tells that it is over');
  });
  t.test('nobody hears of waits of a few seconds, but of many of them in a row', async (t) => {
    const { want, clock, registry, scans, heldFor } = board(t);
    registry.held = { kind: 'held', why: 'rate', forMs: 5 * SECOND };
    want('a');
    await clock.advance(5 * SECOND);
    t.strictSame([heldFor(), scans.held(ref('a'))], [[], undefined]);
    await clock.advance(5 * SECOND);
    t.strictSame(heldFor(), ['a rate']);
    registry.held = undefined;
    await clock.advance(10 * SECOND);
    registry.held = { kind: 'held', why: 'rate', forMs: 5 * SECOND };
    want('a');
    await clock.advance(5 * SECOND);
    t.strictSame(heldFor(), [], 'after a scan it begins anew');
  });
  t.test('a hold in the midst of a scan leaves those waiting that it did not serve', async (t) => {
    const { want, clock, registry, delivered, results, outcomeOf, scans, log } = board(t);
    registry.holds = false;
    registry.publish('acme/app', { 'v1.0.0': 'sha256:10', 'v2.0.0': 'sha256:20' });
    registry.failingTags.set('v2.0.0', held);
    want('old', { policy: { versionConstraint: '^1' } });
    want('new', { policy: { versionConstraint: '^2' } });
    want('regular', { policy: { versionConstraint: '^2' }, due: { kind: 'interval' } });
    await settle();
    t.strictSame(delivered, ['old']);
    t.match(outcomeOf('old'), { kind: 'selected', tag: 'v1.0.0' });
    t.equal(scans.pending(ref('new')), undefined);
    registry.failingTags.clear();
    await clock.advance(31.5 * SECOND);
    t.match(outcomeOf('new'), { kind: 'selected', tag: 'v2.0.0' });
    t.strictSame(delivered.toSorted(), ['new', 'old', 'old', 'regular']);
    t.strictSame(results, ['held-back', 'success']);
    t.notOk(log.entries.some(({ level }) => level === 'warn' || level === 'error'));
  });
  t.test('a request of a user waits as well, and what was found before stays known', async (t) => {
    const { want, clock, registry, scans, outcomeOf } = board(t);
    want('a');
    await settle();
    scans.acknowledge(ref('a'), 1);
    registry.held = held;
    want('a', { due: { kind: 'at', time: clock.now() + SECOND } });
    await clock.advance(10 * SECOND);
    t.equal(outcomeOf('a'), undefined);
    t.match(scans.latest(ref('a')), { kind: 'selected', tag: 'v1' });
  });
});

t.test('which tag is chosen', async (t) => {
  const image = (index: number) => [`v1.${index}.0`, 'image'] as const;
  t.test('tags that are no bundles are passed over, and not read again and again', async (t) => {
    const { want, clock, registry, outcomeOf } = board(t);
    registry.publish('acme/app', { v3: 'image-3', v2: 'sha256:2' });
    want('a', { due: { kind: 'interval' } });
    await clock.advance(7.5 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v2', digest: 'sha256:2' });
    registry.calls.length = 0;
    await clock.advance(15 * MINUTE);
    t.strictSame(
      registry.calls,
      ['list ghcr.io/acme/app', 'read ghcr.io/acme/app:v2', 'read ghcr.io/acme/app:v3'],
      'the chosen one is read in every scan, one passed over gets a second look',
    );
    registry.publish('acme/app', { v3: 'sha256:3', v2: 'sha256:moved' });
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v3', digest: 'sha256:3' }, 'it has become a bundle');
  });
  t.test('a tag that moved is noticed', async (t) => {
    const { want, clock, registry, outcomeOf } = board(t);
    want('a');
    await settle();
    registry.publish('acme/app', { v1: 'sha256:moved' });
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v1', digest: 'sha256:moved' });
  });
  t.test('at most 20 are read in a scan, and the next scan goes on', async (t) => {
    const { want, clock, registry, outcomeOf } = board(t);
    registry.publish('acme/app', Object.fromEntries(Array.from({ length: 30 }, (_, index) => image(index))));
    registry.publish('acme/app', { 'v1.0.0': 'sha256:good' });
    const policy = { versionConstraint: '^1.0.0' };
    want('a', { policy });
    await settle();
    t.strictSame(outcomeOf('a'), {
      kind: 'nothing-to-deploy',
      reason: 'NotABundle',
      message: 'none of the tags looked at so far is a bundle (the best is "v1.29.0"); the next scan goes on',
      tags: {
        etag: hashOf(...(registry.repositories.get('acme/app') ?? new Map()).keys()),
        etagSupported: false,
        count: 31,
      },
    });
    t.equal(registry.calls.length, 21);
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v1.0.0' });
    t.equal(registry.calls.length, 21 + 1 + 10 + 5, 'a listing, ten new ones, five second looks');
  });
  t.test('many new tags that are no bundles do not hide the one that was chosen before', async (t) => {
    const { want, clock, registry, outcomeOf } = board(t);
    const policy = { versionConstraint: '^1.0.0' };
    registry.publish('acme/app', { 'v1.0.0': 'sha256:10' });
    want('a', { policy });
    await settle();
    registry.publish('acme/app', Object.fromEntries(Array.from({ length: 30 }, (_, index) => image(index + 2))));
    registry.publish('acme/app', { 'v1.1.0': 'sha256:11' });
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v1.0.0', digest: 'sha256:10' }, 'twenty of them were read');
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v1.1.0', digest: 'sha256:11' }, 'and then the others');
    registry.calls.length = 0;
    await clock.advance(15 * MINUTE);
    t.equal(registry.calls.length, 1 + 1 + 5, 'a listing, the chosen one, five second looks');
  });
  t.test('a choice is made anew when its tag is gone or no bundle any more', async (t) => {
    const { want, clock, registry, outcomeOf } = board(t);
    registry.publish('acme/app', { v2: 'sha256:2', v3: 'sha256:3' });
    want('a', { due: { kind: 'interval' } });
    await clock.advance(7.5 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v3' });
    registry.publish('acme/app', { v3: 'image' });
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v2' });
    registry.repositories.get('acme/app')?.delete('v2');
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v1' });
    registry.publish('acme/app', { v1: 'image' });
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('a'), {
      kind: 'nothing-to-deploy',
      reason: 'NotABundle',
      message:
        'none of the 2 tags that are wanted is a bundle (the best is "v3"); publish one with werf bundle publish',
    });
  });
  t.test('two policies of one repository have outcomes of their own, and read nothing twice', async (t) => {
    const { want, registry, outcomeOf } = board(t);
    registry.publish('acme/app', { 'v1.0.0': 'sha256:10', 'v1.1.0': 'sha256:11' });
    want('any', { policy: { versionConstraint: '>=1.0.0' } });
    want('one', { policy: { versionConstraint: '^1' } });
    want('old', { policy: { versionConstraint: '~1.0.0' } });
    want('none', { policy: { versionConstraint: '>=2' } });
    await settle();
    t.match(outcomeOf('any'), { kind: 'selected', tag: 'v1.1.0' });
    t.match(outcomeOf('one'), { kind: 'selected', tag: 'v1.1.0' });
    t.match(outcomeOf('old'), { kind: 'selected', tag: 'v1.0.0' });
    t.match(outcomeOf('none'), { kind: 'nothing-to-deploy', reason: 'NoMatchingTag' });
    t.equal(registry.calls.length, 3);
  });
  t.test('a manifest that can not be read fails for those that want it', async (t) => {
    const { want, registry, outcomeOf } = board(t);
    const odd: RegistryFailure = { kind: 'failed', code: 'protocol', message: 'the manifest is no JSON' };
    registry.publish('acme/app', { 'v1.0.0': 'sha256:10', 'v2.0.0': 'sha256:20' });
    registry.failingTags.set('v2.0.0', odd);
    want('new', { policy: { versionConstraint: '>=1' } });
    want('old', { policy: { versionConstraint: '^1' } });
    await settle();
    t.strictSame(outcomeOf('new'), { kind: 'failed', failure: odd });
    t.match(outcomeOf('old'), { kind: 'selected', tag: 'v1.0.0' });
  });
  t.test('a registry that is down is asked once in a scan', async (t) => {
    const { want, registry, outcomeOf } = board(t);
    registry.failure = TIMEOUT;
    want('a', { policy: { tag: 'v1' } });
    want('b', { policy: { tag: 'v2' } });
    want('c');
    await settle();
    for (const name of ['a', 'b', 'c']) t.strictSame(outcomeOf(name), { kind: 'failed', failure: TIMEOUT });
    t.equal(registry.calls.length, 1);
  });
});

t.test('at most 20 manifests are read in a scan, whoever they are for', async (t) => {
  /** Manifests read in each scan since it was asked last. */
  const readsOf = ({ registry, results }: ReturnType<typeof board>) => {
    const scans = results.splice(0).length;
    const reads = registry.calls.splice(0).filter((call) => call.startsWith('read')).length;
    return { scans, reads };
  };
  const fixed = (index: number) => ({ policy: { tag: `v${index}` } });
  const all = (count: number, tag: (index: number) => readonly [string, string]) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => tag(index)));

  t.test('those that were left out come first in the next scan, which comes at once', async (t) => {
    const given = board(t);
    const { want, clock, registry, delivered } = given;
    registry.publish(
      'acme/app',
      all(50, (index) => [`v${index}`, `sha256:${index}`]),
    );
    for (let index = 0; index < 50; index += 1) want(`b${index}`, fixed(index));
    await settle();
    t.strictSame([readsOf(given), delivered.length], [{ scans: 1, reads: 20 }, 20]);
    await clock.advance(SECOND / 2);
    t.strictSame([readsOf(given), delivered.length], [{ scans: 1, reads: 20 }, 40]);
    await clock.advance(SECOND / 2);
    t.strictSame([readsOf(given).reads, new Set(delivered).size], [20, 50], 'there is room for ten others');
    for (let index = 0; index < 50; index += 1) want(`b${index}`, { ...fixed(index), due: { kind: 'interval' } });
    await clock.advance(6 * MINUTE);
    delivered.length = 0;
    await clock.advance(2 * MINUTE);
    t.strictSame([readsOf(given), delivered.length], [{ scans: 3, reads: 60 }, 50]);
    await clock.advance(14 * MINUTE);
    t.strictSame([readsOf(given), delivered.length], [{ scans: 0, reads: 0 }, 50], 'once an interval each');
  });
  t.test('a bundle that has given up has its turn, too, however many wait', async (t) => {
    const { want, clock, registry, outcomeOf } = board(t);
    registry.publish(
      'acme/app',
      all(41, (index) => [`v${index}`, `sha256:${index}`]),
    );
    for (let index = 0; index < 40; index += 1) want(`b${index}`, { ...fixed(index), due: { kind: 'interval' } });
    want('given-up', { ...fixed(40), due: { kind: 'never' } });
    await clock.advance(60 * MINUTE);
    t.match(outcomeOf('given-up'), { kind: 'selected', tag: 'v40' });
  });
  t.test('a long search takes nobody’s turn, and nobody takes its own', async (t) => {
    const given = board(t);
    const { want, clock, registry, outcomeOf } = given;
    registry.publish(
      'acme/app',
      all(30, (index) => [`v1.${index}.0`, 'image']),
    );
    registry.publish(
      'acme/app',
      all(20, (index) => [`v2.${index}.0`, 'image']),
    );
    registry.publish('acme/app', { 'v1.0.0': 'sha256:1', 'v2.0.0': 'sha256:2', 'v3.0.0': 'sha256:3' });
    for (const major of [3, 1, 2]) want(`b${major}`, { policy: { versionConstraint: `^${major}` } });
    await settle();
    t.match(outcomeOf('b3'), { tag: 'v3.0.0' });
    t.equal(outcomeOf('b1'), undefined, 'what it has found out so far is no answer: others have read as well');
    await clock.advance(SECOND / 2);
    t.match(outcomeOf('b1'), { kind: 'selected', tag: 'v1.0.0' }, 'it goes on where it had stopped');
    await clock.advance(SECOND / 2);
    t.match(outcomeOf('b2'), { kind: 'selected', tag: 'v2.0.0' });
    t.ok(readsOf(given).reads <= 60);
  });
  t.test('in the long run all tags that were passed over are looked at again', async (t) => {
    const given = board(t);
    const { want, clock, registry, outcomeOf } = given;
    for (let index = 0; index < 25; index += 1) {
      registry.publish('acme/app', { [`v1.${index}.0`]: `sha256:${index}`, [`v1.${index}.1`]: 'image' });
      want(`b${index}`, { policy: { versionConstraint: `~1.${index}` } });
    }
    await clock.advance(15 * MINUTE);
    t.match(outcomeOf('b24'), { tag: 'v1.24.0' });
    for (let index = 0; index < 25; index += 1) registry.publish('acme/app', { [`v1.${index}.1`]: 'sha256:new' });
    await clock.advance(60 * MINUTE);
    for (let index = 0; index < 25; index += 1) t.match(outcomeOf(`b${index}`), { tag: `v1.${index}.1` });
  });
});

/** What may happen to a board: ten bundles, a few policies, one repository. */
type Happening = (world: World) => void | Promise<void>;

/** A board, its bundles and their registry; and what is true of it once all is well again. */
class World {
  readonly registry = new MemoryRegistry();
  readonly clock = createFakeClock();
  readonly #bundles = new Map<string, { readonly uid: string; readonly policy: ScanInterest['policy'] }>();
  readonly #reads: number[] = [];
  readonly #delivered: string[] = [];
  readonly #stop = new AbortController();
  readonly #scans = createScans({
    registry: this.registry,
    clock: this.clock,
    log: recordLog(),
    timeScale: 1,
    random: { uniform: () => 0.5 },
    onDelivery: ({ name }) => this.#delivered.push(name),
    onScan: () => {
      this.#reads.push(this.registry.calls.splice(0).filter((call) => call.startsWith('read')).length);
    },
  });
  readonly #stopped = this.#scans.start(this.#stop.signal);

  constructor() {
    this.registry.publish('acme/app', {});
  }

  get tags(): Map<string, string> {
    return this.registry.repositories.get('acme/app') ?? new Map();
  }

  want(name: string, due: ScanInterest['due']['kind'], as = this.#bundles.get(name)): void {
    if (as === undefined) return;
    this.#bundles.set(name, as);
    this.#scans.subscribe({
      bundle: { namespace: 'shop', name, uid: as.uid },
      policy: as.policy,
      target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      pollIntervalMs: 15 * MINUTE,
      due: due === 'at' ? { kind: due, time: this.clock.now() } : { kind: due },
    });
  }

  forget(name: string): void {
    this.#bundles.delete(name);
    this.#scans.unsubscribe({ namespace: 'shop', name });
  }

  /** @returns what is wrong */
  async heal(): Promise<readonly string[]> {
    const { registry, clock } = this;
    registry.held = undefined;
    registry.failure = undefined;
    await clock.advance(3 * MINUTE);
    for (const name of this.#bundles.keys()) this.want(name, 'at');
    await clock.advance(10 * SECOND);
    for (const name of this.#bundles.keys()) this.want(name, 'interval');
    // A search may take several intervals.
    await clock.advance(120 * MINUTE);
    this.#delivered.length = 0;
    await clock.advance(60 * MINUTE);
    this.#stop.abort();
    await this.#stopped;
    const wrong = [...this.#bundles].flatMap(([name, { uid, policy }]) => {
      const latest = this.#scans.latest({ namespace: 'shop', name, uid });
      const told = latest?.kind === 'selected' ? latest.tag : undefined;
      const heard = this.#delivered.filter((other) => other === name).length;
      const best = this.#best(policy);
      return told === best && Math.abs(heard - 4) <= 1 ? [] : [`${name}: ${told}, not ${best}; heard ${heard} times`];
    });
    const most = Math.max(0, ...this.#reads);
    return [
      ...wrong,
      ...(most > 20 ? [`${most} manifests in a scan`] : []),
      ...(clock.pending() > 0 ? ['it ends'] : []),
    ];
  }

  #best({ tag, versionConstraint }: ScanInterest['policy']): string | undefined {
    const wanted = tag === undefined ? `v${versionConstraint?.replace('x', '')}` : `${tag}.`;
    const bundles = [...this.tags].filter(([name, digest]) => `${name}.`.startsWith(wanted) && digest !== 'image');
    return bundles.map(([name]) => name).toSorted((a, b) => Number(b.split('.')[1]) - Number(a.split('.')[1]))[0];
  }
}

t.test('whatever happens, in the end each bundle hears of the best tag that there is, once an interval', async (t) => {
  const [major, minor, who] = [fc.nat(3), fc.nat(11), fc.nat(9).map((index) => `b${index}`)];
  const tag = fc.tuple(major, minor).map((version) => `v${version.join('.')}.0`);
  const policy = fc.oneof(
    tag.map((fixed) => ({ tag: fixed })),
    major.map((of) => ({ versionConstraint: `${of}.x` })),
  );
  const happenings: readonly fc.Arbitrary<Happening>[] = [
    fc.tuple(who, fc.nat(1), policy, fc.constantFrom('at', 'interval', 'never')).map(
      ([name, life, wanted, due]) =>
        (world) =>
          world.want(name, due, { uid: `${name}-${life}`, policy: wanted }),
    ),
    who.map((name) => (world) => world.forget(name)),
    fc.tuple(fc.nat(MINUTE), fc.boolean()).map(([forMs, holds]) => ({ registry }) => {
      registry.held = { kind: 'held', why: 'breaker', forMs };
      registry.holds = holds;
    }),
    fc.constantFrom(UNAUTHORIZED, TIMEOUT, undefined).map((failure) => ({ registry }) => {
      registry.held = undefined;
      registry.failure = failure;
    }),
    fc.tuple(tag, fc.boolean()).map(([name, is]) => ({ tags, clock }) => {
      tags.set(name, is ? `sha256:${clock.now()}` : 'image');
    }),
    tag.map(
      (name) =>
        ({ tags }) =>
          void tags.delete(name),
    ),
    major.map((of) => ({ tags }) => {
      for (let index = 20; index < 50; index += 1) tags.set(`v${of}.${index}.0`, 'image');
    }),
    fc.option(fc.string({ maxLength: 1 }), { nil: undefined }).map((etag) => ({ registry }) => {
      registry.etag = etag;
    }),
    fc.oneof(fc.nat(2 * SECOND), fc.nat(10 * MINUTE)).map(
      (ms) =>
        ({ clock }) =>
          clock.advance(ms),
    ),
  ];
  const scenario = fc.array(fc.oneof(...happenings), { maxLength: 80, size: 'max' });
  const law = fc.asyncProperty(scenario, async (all) => {
    const world = new World();
    for (const happening of all) await happening(world);
    const wrong = await world.heal();
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  });
  await t.resolves(fc.assert(law, { numRuns: 60 }));
});

t.test('a repository that was left before its first scan leaves one that has its key since alone', async (t) => {
  const { want, clock, scans, lists } = board(t);
  want('a', { due: { kind: 'interval' } });
  scans.unsubscribe(ref('a'));
  await clock.advance(4 * MINUTE);
  want('b');
  await clock.advance(4 * MINUTE);
  want('b', { due: { kind: 'interval' } });
  await clock.advance(60 * MINUTE);
  t.equal(lists(), 5, 'one scan an interval');
});

t.test('another ETag of the same tags is no news', async (t) => {
  const { want, clock, registry, delivered, outcomeOf } = board(t);
  const etagOf = (name: string) => {
    const outcome = outcomeOf(name);
    return outcome?.kind === 'selected' ? outcome.tags.etag : undefined;
  };
  const interval = { due: { kind: 'interval' } } as const;
  registry.etag = '"1"';
  want('a', interval);
  await clock.advance(7.5 * MINUTE);
  registry.etag = '"2"';
  want('b');
  await clock.advance(SECOND);
  t.strictSame([delivered, etagOf('b')], [['a', 'b'], '"1"'], 'it wakes nobody');
  registry.unchanged = true;
  want('b', { due: { kind: 'at', time: clock.now() + SECOND } });
  await clock.advance(SECOND);
  t.strictSame(delivered, ['a', 'b', 'b'], 'nor does an answer of 304 Not Modified');
  registry.unchanged = false;
  await clock.advance(15 * MINUTE);
  t.equal(etagOf('a'), '"1"', 'and nothing is written for it');
  registry.publish('acme/app', { v2: 'sha256:2' });
  await clock.advance(15 * MINUTE);
  t.equal(etagOf('a'), '"2"');
});

t.test('a fixed tag', async (t) => {
  const policy = { tag: 'v1' };
  const none = { etag: hashOf(), etagSupported: false, count: 0 };
  const one = (digest: string) => ({ etag: `"${digest}"`, etagSupported: true, count: 1 });
  const table: readonly { title: string; tags?: Record<string, string>; want: ScanOutcome; calls: number }[] = [
    {
      title: 'is read without a listing',
      tags: { v1: 'sha256:1', v2: 'sha256:2' },
      want: { kind: 'selected', tag: 'v1', digest: 'sha256:1', tags: one('sha256:1') },
      calls: 1,
    },
    {
      title: 'must be a bundle',
      tags: { v1: 'image' },
      want: {
        kind: 'nothing-to-deploy',
        reason: 'NotABundle',
        message: 'tag "v1" is not a bundle: its manifest is not a Helm chart\'s; publish one with werf bundle publish',
        tags: one('image'),
      },
      calls: 1,
    },
    {
      title: 'may be absent',
      tags: {},
      want: {
        kind: 'nothing-to-deploy',
        reason: 'NoMatchingTag',
        message: 'tag "v1" does not exist in ghcr.io/acme/app',
        tags: none,
      },
      calls: 2,
    },
    {
      title: 'of a repository that is not there is a failure',
      want: { kind: 'failed', failure: { kind: 'failed', code: 'not-found', message: '404 not found' } },
      calls: 2,
    },
  ];
  for (const { title, tags, want: outcome, calls } of table) {
    t.test(title, async (t) => {
      const { want, registry, outcomeOf } = board(t);
      registry.repositories.clear();
      if (tags !== undefined) registry.publish('acme/app', tags);
      want('a', { policy });
      await settle();
      t.strictSame(outcomeOf('a'), outcome);
      t.equal(registry.calls.length, calls);
    });
  }
});

t.test('running', async (t) => {
  t.test('ten scans of a host and fifty in all are under way at most', async (t) => {
    const { want, registry } = board(t);
    registry.hold();
    for (let index = 0; index < 100; index += 1) {
      const host = `r${index % 10}.example`;
      want(index % 2 === 0 ? `b${index}` : `other/b${index}`, {
        target: { host, repository: `acme/${index}`, insecure: false },
      });
    }
    for (let index = 0; index < 20; index += 1) {
      want(`c${index}`, { target: { host: 'r0.example', repository: `shop/${index}`, insecure: false } });
    }
    await settle();
    t.equal(registry.calls.length, 50);
    registry.release();
    await settle();
    t.equal(new Set(registry.calls).size, 120, 'and the others follow');
  });
  t.test('a bundle of another tenant does not wait for one whose registries hang', async (t) => {
    const { scans, registry, clock, delivered } = board(t);
    registry.hold();
    const interest = (namespace: string, name: string, host: string) => ({
      bundle: { namespace, name, uid: name },
      policy: {},
      pollIntervalMs: MINUTE,
      target: { host, repository: 'acme/app', insecure: false },
      due: { kind: 'at', time: clock.now() } as const,
    });
    for (let index = 0; index < 1_000; index += 1) scans.subscribe(interest('bad', `b${index}`, `h${index}.example`));
    await settle();
    t.equal(registry.calls.length, 25);
    scans.subscribe(interest('good', 'g', 'ghcr.io'));
    await settle();
    t.equal(registry.calls.at(-1), 'list ghcr.io/acme/app');
    registry.release();
    await settle();
    t.equal(delivered[0], 'b0');
  });
  t.test('a scan ends after a quarter of an hour, whatever the registry does', async (t) => {
    const { want, registry, clock, outcomeOf, results } = board(t);
    registry.hold();
    want('a');
    await clock.advance(15 * MINUTE - 1);
    t.equal(outcomeOf('a'), undefined);
    await clock.advance(1);
    t.strictSame(outcomeOf('a'), { kind: 'failed', failure: TIMEOUT });
    t.strictSame(results, ['timeout']);
    t.equal(clock.pending(), 1, 'and leaves nothing behind but the board’s own alarm');
  });
  t.test('an abort ends a scan under way; it has served nobody, and another start does it again', async (t) => {
    const { want, registry, stop, stopped, scans, delivered, log, clock, results } = board(t);
    registry.hold();
    want('a');
    await settle();
    stop.abort();
    await stopped;
    t.equal(clock.pending(), 0);
    t.strictSame([delivered, results], [[], []]);
    registry.release();
    const again = new AbortController();
    const ended = scans.start(again.signal);
    await clock.advance(SECOND);
    t.strictSame(delivered, ['a']);
    again.abort();
    await ended;
    t.notOk(log.entries.some(({ level }) => level === 'error'));
  });
  t.test('wishes made before the start are kept', async (t) => {
    const registry = new MemoryRegistry();
    registry.publish('acme/app', { v1: 'sha256:1' });
    const clock = createFakeClock();
    const delivered: string[] = [];
    const scans = createScans({
      registry,
      clock,
      random: { uniform: () => 0 },
      log: recordLog(),
      timeScale: 1,
      onDelivery: ({ name }) => delivered.push(name),
    });
    scans.subscribe({
      bundle: ref('a'),
      target: { host: 'ghcr.io', repository: 'acme/app', insecure: false },
      policy: {},
      pollIntervalMs: MINUTE,
      due: { kind: 'at', time: 0 },
    });
    await clock.advance(MINUTE);
    t.strictSame(delivered, []);
    const stop = new AbortController();
    const stopped = scans.start(stop.signal);
    await settle();
    t.strictSame(delivered, ['a']);
    stop.abort();
    await stopped;
  });
  t.test('a registry client with a fault does not stop the board, and the bundles hear of it', async (t) => {
    const { want, registry, outcomeOf, log, clock } = board(t);
    const listTags = registry.listTags.bind(registry);
    registry.listTags = () => Promise.reject(new Error('fault'));
    want('a');
    await settle();
    t.match(outcomeOf('a'), { kind: 'failed', failure: { code: 'protocol' } });
    t.equal(log.entries.filter(({ level }) => level === 'error').length, 1);
    registry.listTags = listTags;
    want('a', { due: { kind: 'at', time: clock.now() + MINUTE } });
    await clock.advance(MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected' });
  });
  t.test('the log says what is polled and what failed, in the guide’s words, and never a credential', async (t) => {
    const { want, registry, log } = board(t);
    registry.failure = UNAUTHORIZED;
    const credential = { kind: 'basic', username: 'robot-name', password: 'canary-secret' } as const;
    want('a', { target: { host: 'ghcr.io', repository: 'acme/app', insecure: false, ca: 'PEM', credential } });
    await settle();
    const fields = { registry: 'ghcr.io/acme/app', bundles: ['shop/a'], waiting: 1, members: 1 };
    t.strictSame(log.entries, [
      { level: 'info', message: 'polling registry', fields },
      {
        level: 'warn',
        message: 'polling registry failed',
        fields: { ...fields, error: 'error polling registry: 401 unauthorized' },
      },
    ]);
    t.notMatch(JSON.stringify(log.entries), /canary|robot|PEM/);
  });
  t.test('the log tells of each poll what the registry had, and whether it answered 304 Not Modified', async (t) => {
    const { want, registry, log, clock } = board(t);
    registry.etag = '"abc"';
    want('a');
    await settle();
    registry.unchanged = true;
    await clock.advance(15 * MINUTE);
    const fields = { registry: 'ghcr.io/acme/app', bundles: ['shop/a'], waiting: 1, members: 1 };
    const found = { ...fields, etag: '"abc"', tags: 1 };
    t.strictSame(log.entries, [
      { level: 'info', message: 'polling registry', fields },
      { level: 'info', message: 'polled registry', fields: found },
      { level: 'info', message: 'polling registry', fields },
      { level: 'info', message: 'polled registry', fields: { ...found, answer: '304 Not Modified' } },
    ]);
  });
});
