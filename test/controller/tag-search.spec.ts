import t from 'tap';
import type { ScanOutcome } from '../../controller/scans/scan.js';
import type { RegistryFailure } from '../../registry/port.js';
import { settle } from '../kit/fake-clock.js';
import { board, hashOf, MINUTE, SECOND, TIMEOUT } from '../kit/scan-board.js';

t.test('the best tag that is a bundle is chosen', async (t) => {
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
  t.test('at most 20 manifests are read in a scan, and the next scan goes on', async (t) => {
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
        message: 'tag "v1" does not exist in ghcr.io/acme/app, which has no tags that could be deployed',
        tags: none,
      },
      calls: 2,
    },
    {
      title: 'that is absent is told with the highest there are',
      tags: { 'v1.9.0': 'a', latest: 'b', 'v1.10.0': 'c', 'v2.0.0-rc.1': 'd', 'v1.8.0': 'e' },
      want: {
        kind: 'nothing-to-deploy',
        reason: 'NoMatchingTag',
        message: 'tag "v1" does not exist in ghcr.io/acme/app; the highest tags are v2.0.0-rc.1, v1.10.0, v1.9.0',
        tags: {
          etag: hashOf('latest', 'v1.10.0', 'v1.8.0', 'v1.9.0', 'v2.0.0-rc.1'),
          etagSupported: false,
          count: 5,
        },
      },
      calls: 2,
    },
    {
      title: 'that is absent is told with the last in text order where there are no versions',
      tags: { main: 'a', dev: 'b' },
      want: {
        kind: 'nothing-to-deploy',
        reason: 'NoMatchingTag',
        message: 'tag "v1" does not exist in ghcr.io/acme/app; the highest tags are main, dev',
        tags: { etag: hashOf('dev', 'main'), etagSupported: false, count: 2 },
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
