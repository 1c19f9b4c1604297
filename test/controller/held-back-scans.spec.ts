import t from 'tap';
import type { ObjectIdentity, ObjectRef } from '../../api/objects.js';
import { createScans } from '../../controller/scans/scans.js';
import { afterHold } from '../../controller/scans/schedule.js';
import { NO_TRACER } from '../../process/tracer.js';
import { HostLimiter } from '../../registry/host-limiter.js';
import type { HeldBack, RegistryFailure } from '../../registry/port.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';
import { board, MINUTE, ref, SECOND } from '../kit/scan-board.js';

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
    tracer: NO_TRACER,
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
