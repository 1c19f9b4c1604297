import t from 'tap';
import { settle } from '../kit/fake-clock.js';
import { board, hashOf, MINUTE, ref, SECOND, TIMEOUT, UNAUTHORIZED } from '../kit/scan-board.js';

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

t.test('a wish for a scan is met once, and a later one replaces it', async (t) => {
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
