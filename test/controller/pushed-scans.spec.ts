import t from 'tap';
import { board, MINUTE, SECOND, TIMEOUT } from '../kit/scan-board.js';

const REPOSITORY = { name: 'ghcr.io/acme/app', below: false };
const interval = { due: { kind: 'interval' } } as const;

t.test('a push is found at once, long before the next poll', async (t) => {
  const { registry, clock, scans, want, outcomeOf } = board(t);
  want('a', interval);
  await clock.advance(15 * MINUTE);
  registry.publish('acme/app', { v2: 'sha256:2' });
  t.ok(scans.pushed(REPOSITORY));
  await clock.advance(SECOND);
  t.match(outcomeOf('a'), { kind: 'selected', tag: 'v2' });
});

t.test('a flood of pushes makes one scan a second, and the polls of the registry are as before', async (t) => {
  const { clock, scans, want, lists } = board(t);
  want('a', interval);
  await clock.advance(15 * MINUTE);
  const before = lists();
  for (let ms = 0; ms < 10 * SECOND - 10; ms += 10) {
    scans.pushed(REPOSITORY);
    await clock.advance(10);
  }
  t.ok(lists() - before <= 10, `${lists() - before} scans in ten seconds`);
  t.ok(lists() - before >= 9, 'and none of the last pushes is lost');
});

t.test(
  'pushes while a registry is down count for no bundle, and what was pushed is found by the next poll',
  async (t) => {
    const { registry, clock, scans, want, outcomeOf, delivered } = board(t);
    want('a', interval);
    await clock.advance(15 * MINUTE);
    const told = delivered.length;
    registry.failure = TIMEOUT;
    for (let second = 0; second < 3; second++) {
      scans.pushed(REPOSITORY);
      await clock.advance(2 * SECOND);
    }
    t.equal(delivered.length, told, 'nobody has heard of a failure');
    registry.failure = undefined;
    registry.publish('acme/app', { v2: 'sha256:2' });
    await clock.advance(20 * MINUTE);
    t.match(outcomeOf('a'), { kind: 'selected', tag: 'v2' });
  },
);

t.test(
  'a push is for each credential with which bundles read its repository, and for no other repository',
  async (t) => {
    const { clock, scans, want, lists } = board(t);
    const target = { host: 'GHCR.io', repository: 'acme/app', insecure: false };
    want('a', interval);
    want('b', { ...interval, target: { ...target, credential: { kind: 'basic', username: 'b', password: 'b' } } });
    want('c', { ...interval, target: { ...target, repository: 'acme/app-2' } });
    await clock.advance(15 * MINUTE);
    const before = lists();
    scans.pushed(REPOSITORY);
    await clock.advance(SECOND);
    t.equal(lists() - before, 2);
  },
);

t.test('a push can mean all repositories below a name', async (t) => {
  const { registry, clock, scans, want, lists } = board(t);
  registry.publish('acme/app/web', { v1: 'sha256:1' });
  registry.publish('acme/application', { v1: 'sha256:1' });
  for (const [name, repository] of [
    ['a', 'acme/app'],
    ['b', 'acme/app/web'],
    ['c', 'acme/application'],
  ] as const)
    want(name, { ...interval, target: { host: 'ghcr.io', repository, insecure: false } });
  await clock.advance(15 * MINUTE);
  const before = lists();
  t.ok(scans.pushed({ ...REPOSITORY, below: true }));
  await clock.advance(SECOND);
  t.equal(lists() - before, 2);
});

t.test('a push to a repository that no bundle subscribes to is for nobody', async (t) => {
  const { clock, scans, want, lists } = board(t);
  t.notOk(scans.pushed(REPOSITORY));
  want('a', interval);
  scans.unsubscribe({ namespace: 'shop', name: 'a' });
  t.notOk(scans.pushed(REPOSITORY));
  await clock.advance(MINUTE);
  t.equal(lists(), 0);
});

t.test('who subscribes soon after a push has its repository scanned at once', async (t) => {
  const { clock, want, lists } = board(t, { lastPush: (name) => (name === REPOSITORY.name ? REPOSITORY : undefined) });
  want('a', interval);
  want('b', { ...interval, target: { host: 'ghcr.io', repository: 'acme/other', insecure: false } });
  await clock.advance(SECOND);
  t.equal(lists(), 1);
});

t.test('what was pushed while a registry failed for a moment is found soon, long before the next poll', async (t) => {
  const { registry, clock, scans, want, outcomeOf, lists } = board(t);
  want('a', interval);
  await clock.advance(15 * MINUTE);
  registry.failure = TIMEOUT;
  scans.pushed(REPOSITORY);
  await clock.advance(SECOND);
  registry.failure = undefined;
  registry.publish('acme/app', { v2: 'sha256:2' });
  await clock.advance(6 * SECOND);
  t.match(outcomeOf('a'), { kind: 'selected', tag: 'v2' });
  const after = lists();
  await clock.advance(2 * MINUTE);
  t.equal(lists(), after, 'and that was all');
});

t.test('a push whose last bundle goes has nothing wait, however it is timed', async (t) => {
  for (const [pushes, ms] of [
    [1, 0],
    [2, 900],
    [2, 100],
  ] as const) {
    const { clock, scans, want, lists } = board(t);
    want('a', interval);
    await clock.advance(15 * MINUTE);
    for (let push = 0; push < pushes; push++) {
      scans.pushed(REPOSITORY);
      await clock.advance(ms);
    }
    scans.unsubscribe({ namespace: 'shop', name: 'a' });
    await clock.advance(2 * SECOND);
    const scanned = lists();
    const woken = clock.woken();
    await clock.advance(10 * MINUTE);
    t.equal(lists() - scanned, 0, `${pushes} pushes`);
    t.ok(clock.woken() - woken <= 1, 'the time that was waited for before may still come');
  }
});

t.test('who unsubscribes and subscribes again and again makes no more than one scan a second', async (t) => {
  const { clock, scans, want, lists } = board(t, { lastPush: () => REPOSITORY });
  for (let index = 0; index < 100; index++) {
    want('a', { due: { kind: 'never' } });
    await clock.advance(20);
    scans.unsubscribe({ namespace: 'shop', name: 'a' });
  }
  t.ok(lists() <= 3, `${lists()} scans in two seconds`);
});
