import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import t from 'tap';
import { feedBundles } from '../../cli/dashboard/bundle-feed.js';
import { onePerson, TokenCallers } from '../../cli/dashboard/callers.js';
import { LineStream, Unread } from '../../cli/dashboard/line-stream.js';
import type { FeedLine, ValuesAnswer } from '../../dashboard/protocol.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, NOW, syncedStatus } from '../kit/builders.js';
import { startDashboardFixture } from '../kit/dashboard-server.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';

const KEY = 'the-key-that-was-printed';

/** The fake apiserver with something else in some places. */
const withOther = <O extends object>(kube: KubeClient, other: O): KubeClient & O =>
  new Proxy(kube, {
    get: (of, name) => {
      if (Object.hasOwn(other, name)) return Reflect.get(other, name);
      const found: unknown = Reflect.get(of, name, of);
      return typeof found === 'function' ? found.bind(of) : found;
    },
  }) as KubeClient & O;

t.test('a token that is no good costs the apiserver one call, however many namespaces are named', async (t) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  let calls = 0;
  const refuse = () => {
    calls += 1;
    return new KubeError('unauthorized', 'list werfbundles.werf.io: unauthorized', { status: 401 });
  };
  kube.failNext({ verb: 'list' }, refuse, 20);
  let closed = 0;
  const close = async () => {
    closed += 1;
  };
  const callers = new TokenCallers(() => withOther(kube, { close }), clock);
  const page = await startDashboardFixture(t, { callers, clock });
  const query = Array.from({ length: 20 }, (_, index) => `namespace=n${index}`).join('&');
  t.equal((await page.call(`/api/bundles?${query}`, { key: 'made-up' })).status, 401);
  t.strictSame([calls, closed], [1, 1], 'and its connections are closed at once');
});

t.test('one caller has no more than forty calls at a time, and others are served meanwhile', async (t) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  kube.answer('selfsubjectreviews', () => ({ status: { userInfo: { username: 'jane' } } }));
  const callers = new TokenCallers(() => withOther(kube, { close: async () => {} }), clock);
  const page = await startDashboardFixture(t, { callers, clock });
  const feeds = await Promise.all(Array.from({ length: 41 }, () => page.open<FeedLine>('/api/bundles', 'token-a')));
  t.strictSame(
    feeds
      .map(({ status }) => status)
      .toSorted()
      .slice(-2),
    [200, 503],
  );
  t.equal((await page.call('/api/session', { key: 'token-a' })).status, 503);
  t.equal((await page.call('/api/session', { key: 'token-b' })).status, 200);
  t.equal((await page.call('/api/about')).status, 200);
  for (const feed of feeds) feed.leave();
});

t.test('what a list that broke off has told, and is not there any more, is gone', async (t) => {
  const [stays, ghost] = ['stays', 'ghost'].map((name) =>
    bundle(syncedStatus(), { metadata: { name, uid: `uid-${name}` } }),
  );
  const asked: (boolean | undefined)[] = [];
  const client = {
    list: async (_type: unknown, { keep, streamed }: { keep: (of: typeof stays) => string; streamed?: boolean }) => {
      asked.push(streamed);
      if (asked.length > 1) return { items: [keep(stays)], resourceVersion: '2' };
      for (const one of [stays, ghost]) keep(one);
      throw new KubeError('unavailable', 'list werfbundles.werf.io: cut');
    },
    watch: (_type: unknown, _options: unknown, signal: AbortSignal) => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      }),
    }),
    head: async () => '2',
  } as unknown as KubeClient;
  const clock = createFakeClock(NOW);
  const said: FeedLine[] = [];
  const ending = new AbortController();
  const deps = { client, clock, random: { uniform: () => 0 }, send: (line: FeedLine) => void said.push(line) };
  const following = feedBundles(deps, [], ending.signal);
  for (let second = 0; second < 5; second += 1) await clock.advance(1_000);
  const told = said.map((line) =>
    line.kind === 'bundles' ? line.rows.map(({ name }) => name).join() : line.kind === 'removed' ? line.uid : line.kind,
  );
  t.ok(told.indexOf('uid-ghost') > -1 && told.indexOf('uid-ghost') < told.indexOf('listed'), told.join(' '));
  t.strictSame(asked, [true, undefined], 'what broke off is listed in pages the next time');
  ending.abort();
  await following.catch(() => undefined);
});

t.test('sources of values that are larger than a page reads are not parsed, and others are shown', async (t) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const page = await startDashboardFixture(t, { callers: onePerson(KEY, kube), clock });
  const valuesFrom = ['small', 'large', 'most', 'rest'].map((name) => ({ configMapRef: { name } }));
  kube.seed(WERFBUNDLES, bundle(syncedStatus(), { spec: { converge: { valuesFrom } } }));
  const texts = {
    small: 'replicas: 1',
    large: '"'.repeat(900_000),
    most: `text: ${'x'.repeat(100 * 1024)}`,
    rest: `more: ${'x'.repeat(40 * 1024)}`,
  };
  for (const [name, text] of Object.entries(texts))
    kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name }, data: { 'values.yaml': text } });
  const { status, text } = await page.call('/api/bundles/ops/my-app/values', { key: KEY });
  t.equal(status, 200);
  const { sources, rows, problems, warnings } = JSON.parse(text) as ValuesAnswer;
  t.strictSame(
    sources.map(({ state, why }) => [state, why]),
    [
      ['used', ''],
      ['unreadable', 'is too large to be shown here (879 KB; limit 128 KB)'],
      ['used', ''],
      ['unreadable', 'is too large to be shown here (41 KB; limit 128 KB, of which others take 101 KB)'],
    ],
  );
  t.strictSame([rows.map(({ path }) => path), problems], [['replicas', 'text'], []]);
  t.match(warnings, [
    /^ConfigMap ops\/large is too large .*: its values are not among these/,
    /^ConfigMap ops\/rest is/,
  ]);
  const checks = await page.call('/api/bundles/ops/my-app/checks', { key: KEY });
  t.equal(checks.status, 200);
  t.match(
    checks.text,
    /ConfigMap ops\/large is too large to be shown here \(879 KB; limit 128 KB\): werfbundle explain reads it/,
  );
});

const streamTo = (response: object, unread = new Unread()) =>
  new LineStream<FeedLine>(response as ServerResponse, {
    clock: createFakeClock(),
    unread,
    alive: () => ({ kind: 'alive' }),
  });

t.test(
  'of a bundle with large values of its own none are explained, and a source that is named twice counts once',
  async (t) => {
    const clock = createFakeClock(NOW);
    const kube = createFakeKube({ clock });
    const page = await startDashboardFixture(t, { callers: onePerson(KEY, kube), clock });
    const values = async (converge: object) => {
      kube.seed(WERFBUNDLES, bundle(syncedStatus(), { spec: { converge } }));
      return JSON.parse((await page.call('/api/bundles/ops/my-app/values', { key: KEY })).text) as ValuesAnswer;
    };
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`k${index}`, index]));
    t.strictSame(await values({ values: many }), {
      sources: [],
      rows: [],
      problems: [],
      warnings: [
        'spec.converge.values is too large to be shown here (711 KB; limit 128 KB): werfbundle explain my-app -n ops --context staging --values',
      ],
    });
    const { rows } = await values({ values: { long: `${'x'.repeat(498)}\u{1f680}` } });
    t.equal(rows[0]?.value, `"${'x'.repeat(498)}…`, 'a long value is cut between letters');
    const data = { 'values.yaml': `text: ${'x'.repeat(70_000)}` };
    kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'mid' }, data });
    const mid = { configMapRef: { name: 'mid' } };
    t.strictSame(
      (await values({ valuesFrom: [mid, { ...mid, optional: true }] })).sources.map(({ state }) => state),
      ['used', 'used'],
    );
  },
);

t.test('what could be sent faster than a page reads waits for the page, or for its end', async (t) => {
  for (const end of ['drain', 'close', 'abort'] as const) {
    const response = Object.assign(new EventEmitter(), {
      writableNeedDrain: true,
      destroyed: false,
      writableLength: 0,
    });
    const stream = streamTo(response);
    const ending = new AbortController();
    let isRead = false;
    const reading = stream.read(ending.signal).then(() => {
      isRead = true;
    });
    await settle();
    t.notOk(isRead, 'it waits');
    if (end === 'abort') ending.abort();
    else response.emit(end);
    await reading;
    t.ok(isRead, end);
  }
});

t.test('pages that do not read are cut off, and not those that read', async (t) => {
  const MB = 1024 * 1024;
  const all = new Unread();
  const streamOf = (unread: number, of = all) => {
    const state = { writableLength: unread, destroyed: false, headersSent: true, writableEnded: false };
    const response = Object.assign(new EventEmitter(), state, {
      write: () => true,
      destroy: () => {
        response.destroyed = true;
        response.emit('close');
      },
    });
    streamTo(response, of).send({ kind: 'alive' });
    return response;
  };
  t.ok(streamOf(17 * MB).destroyed, 'one has too much of its own');
  const greedy = Array.from({ length: 3 }, () => streamOf(15.9 * MB));
  t.strictSame(
    greedy.map(({ destroyed }) => destroyed),
    [false, false, false],
  );
  const reader = streamOf(64 * 1024);
  t.ok(streamOf(2 * MB).destroyed, 'there is no more room for who does not read');
  t.notOk(reader.destroyed, 'who reads goes on');
  const elsewhere = streamOf(2 * MB, new Unread());
  t.notOk(elsewhere.destroyed, 'pages of another server have room of their own');
  elsewhere.destroy();
  for (const response of [...greedy, reader]) response.destroy();
  const later = streamOf(2 * MB);
  t.notOk(later.destroyed, 'there is room again');
  later.destroy();
});
