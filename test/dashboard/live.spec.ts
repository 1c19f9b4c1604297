import t from 'tap';
import { type Client, createClient, type LinesEnd } from '../../dashboard/page/live/client.js';
import type { Clock } from '../../dashboard/page/live/clock.js';
import { connectionAfter, retryDelayMs } from '../../dashboard/page/live/connection.js';
import { gathered } from '../../dashboard/page/live/gathered.js';
import { LineSplitter } from '../../dashboard/page/live/line-splitter.js';
import { LiveBundles } from '../../dashboard/page/live/live-bundles.js';
import { EMPTY_LOG, LOG_LINES, logAfter } from '../../dashboard/page/live/log-buffer.js';
import { LogFollower } from '../../dashboard/page/live/log-follower.js';
import { Resource } from '../../dashboard/page/live/resource.js';
import { isRefusedForAll, narrowedTo } from '../../dashboard/page/shell/scope.js';
import type { FeedLine, LogLine, Refusal } from '../../dashboard/protocol.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { madeUpRow } from '../kit/made-up-bundles.js';

/** The page's clock, by hand. */
const handClock = () => {
  const clock = createFakeClock();
  const paged: Clock = {
    now: clock.now,
    after: (ms, act) => {
      const timer = clock.startTimer(ms, act);
      return () => timer.cancel();
    },
    sleep: (ms, signal) => clock.sleep(ms, signal).catch(() => undefined),
  };
  return { clock: paged, advance: clock.advance };
};

/** A call that the spec answers. */
interface Call {
  readonly path: string;
  readonly signal: AbortSignal;
  say(line: object): void;
  end(end: LinesEnd): void;
}

/** A client whose calls by lines the spec answers; what is aborted is lost. */
const handClient = () => {
  const calls: Call[] = [];
  const client: Client = {
    get: () => Promise.resolve({ kind: 'lost' }),
    lines: (path, signal, take) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ kind: 'lost' }));
        calls.push({ path, signal, say: (line) => take(line as never), end: resolve });
      }),
  };
  const last = (): Call => {
    const call = calls.at(-1);
    if (call === undefined) throw new Error('there was no call');
    return call;
  };
  return { client, calls, last };
};

const followed = (namespaces: readonly string[] = []) => {
  const { clock, advance } = handClock();
  const { client, calls, last } = handClient();
  let changes = 0;
  const live = new LiveBundles({ client, clock, onChange: () => (changes += 1) });
  live.follow(namespaces);
  return { live, calls, last, advance, clock, changes: () => changes };
};

const A = madeUpRow({ namespace: 'shops', name: 'a' });

t.test('the list is what the feed says', async (t) => {
  const { live, last } = followed(['shops', 'o p']);
  t.equal(last().path, '/api/bundles?namespace=shops&namespace=o+p');
  t.same(live.connection, { kind: 'connecting' });
  last().say({ kind: 'listing' });
  last().say({ kind: 'bundles', rows: [A] });
  t.same(live.connection, { kind: 'listing' });
  last().say({ kind: 'listed' });
  t.same(live.connection, { kind: 'live' });
  t.same(live.rows.find('shops', 'a'), A);
  t.equal(live.listings, 1);
  live.stop();
});

t.test('a server that is gone is tried again after 1, 2, 4, 8, 10 and 10 s; rows stay', async (t) => {
  const { live, calls, last, advance, clock } = followed();
  last().say({ kind: 'bundles', rows: [A] });
  const since = clock.now();
  last().end({ kind: 'lost' });
  await settle();
  t.same(live.connection, { kind: 'lost', since, retryAt: since + 1_000 });
  t.equal(live.rows.size, 1);
  for (const [at, delay] of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
    await advance(delay - 1);
    t.equal(calls.length, at + 1, `not before ${delay} ms`);
    await advance(1);
    t.equal(calls.length, at + 2, `after ${delay} ms`);
    last().end({ kind: 'lost' });
    await settle();
  }
  t.match(live.connection, { kind: 'lost', since }, 'as of when it was lost first');
  live.retry();
  await settle();
  t.equal(calls.length, 8, 'at once, if it is asked for');
  last().say({ kind: 'listing' });
  last().say({ kind: 'listed' });
  t.same(live.connection, { kind: 'live' });
  last().end({ kind: 'ended' });
  await advance(1_000);
  t.equal(calls.length, 9, 'the waiting begins anew once it was heard');
  live.stop();
});

t.test('a server that falls silent is gone', async (t) => {
  const { live, calls, last, advance } = followed();
  last().say({ kind: 'listing' });
  await advance(39_000);
  last().say({ kind: 'alive' });
  await advance(39_000);
  t.same(live.connection, { kind: 'listing' });
  await advance(1_000);
  t.equal(live.connection.kind, 'lost');
  await advance(1_000);
  t.equal(calls.length, 2);
  live.stop();
});

t.test('what is refused is not tried again', async (t) => {
  const refusal = { message: 'no', right: { verb: 'list', group: 'werf.io', resource: 'werfbundles' } } as const;
  const { live, calls, last, advance } = followed();
  last().end({ kind: 'refused', status: 403, refusal });
  await advance(60_000);
  t.same(live.connection, { kind: 'refused', status: 403, refusal });
  t.equal(calls.length, 1);

  const ended = followed();
  ended.last().say({ kind: 'ended', status: 403, refusal });
  ended.last().end({ kind: 'ended' });
  await ended.advance(60_000);
  t.same(ended.live.connection, { kind: 'refused', status: 403, refusal });
  t.equal(ended.calls.length, 1);

  const failing = followed();
  failing.last().end({ kind: 'refused', status: 502, refusal: { message: 'no backend' } });
  await settle();
  t.equal(failing.live.connection.kind, 'lost', 'a proxy without a server is a server that is gone');
  failing.live.stop();
});

t.test('other namespaces are followed in the place of those before', async (t) => {
  const { live, calls, last } = followed(['shops']);
  last().say({ kind: 'bundles', rows: [A] });
  const [before] = calls;
  live.follow(['ops']);
  t.equal(before?.signal.aborted, true);
  t.equal(last().path, '/api/bundles?namespace=ops');
  t.equal(live.rows.size, 0);
  before?.say({ kind: 'bundles', rows: [A] });
  t.equal(live.rows.size, 0, 'what comes late is not taken');
  live.stop();
});

t.test('while the cluster is not reached it is said, until it is', async (t) => {
  const disturbed = { kind: 'disturbed', message: 'no route', since: 5 } as const;
  const lines: readonly [FeedLine, object][] = [
    [{ kind: 'disturbed', message: 'no route' }, disturbed],
    [{ kind: 'alive' }, disturbed],
    [{ kind: 'bundles', rows: [] }, { kind: 'live' }],
    [{ kind: 'removed', uid: 'x' }, { kind: 'live' }],
    [{ kind: 'listing' }, { kind: 'listing' }],
  ];
  for (const [line, after] of lines) t.same(connectionAfter(disturbed, line, 9), after, line.kind);
  t.same(connectionAfter({ kind: 'live' }, { kind: 'disturbed', message: 'no route' }, 5), disturbed);
  t.same([1, 4, 5, 99].map(retryDelayMs), [1_000, 8_000, 10_000, 10_000]);
});

t.test('a line of a kind that the page does not know changes nothing but that', async (t) => {
  const { live, last } = followed();
  last().say({ kind: 'listing' });
  last().say({ kind: 'listed' });
  t.equal(live.isOutdated, false);
  last().say({ kind: 'told-later' });
  t.same([live.isOutdated, live.connection], [true, { kind: 'live' }]);
  last().say({ kind: 'alive' });
  t.equal(live.isOutdated, true, 'until the page is reloaded');
  live.stop();
  const log = logOf([{ kind: 'text', text: 'one' }]);
  t.equal(logAfter(log, { kind: 'told-later' } as never), log);
});

t.test('a list that may not be of all namespaces is of a likely one', async (t) => {
  const refusal: Refusal = { message: 'no' };
  const refused = { kind: 'refused', status: 403, refusal } as const;
  t.equal(isRefusedForAll(refused, { namespaces: [] }), true);
  t.equal(isRefusedForAll(refused, { namespaces: ['ops'] }), false);
  t.equal(isRefusedForAll({ kind: 'refused', status: 500, refusal }, { namespaces: [] }), false);
  t.same(narrowedTo(['', 'shops'], refusal), { namespaces: ['shops'], narrowed: refusal });
  t.same(narrowedTo(['', ''], refusal), { namespaces: [], narrowed: refusal });
});

t.test('a resource is read again when it has changed, one call at a time, and what was read stays', async (t) => {
  const { clock, advance } = handClock();
  const answers = [
    { kind: 'answered', value: 'first' },
    { kind: 'refused', status: 404, refusal: { message: 'gone' } },
    { kind: 'answered', value: 'third' },
  ] as const;
  const waiting: (() => void)[] = [];
  let calls = 0;
  const client = {
    get: () => {
      const answer = answers[calls++];
      return new Promise((resolve) => waiting.push(() => resolve(answer)));
    },
  } as unknown as Client;
  const resource = new Resource<string>({ client, clock, path: '/api/x', onChange: () => {} });
  const answer = async () => {
    waiting.shift()?.();
    await settle();
  };
  for (const version of ['1', '1', '2', '3']) resource.want(version);
  t.equal(calls, 1);
  t.same(resource.loaded, { isLoading: true });
  await answer();
  t.same(resource.loaded, { value: 'first', isLoading: false });
  await advance(400);
  t.equal(calls, 2, 'all changes that came meanwhile are read once');
  t.same(resource.loaded, { value: 'first', isLoading: true });
  await answer();
  const problem = { kind: 'refused', status: 404, refusal: { message: 'gone' } };
  t.same(resource.loaded, { value: 'first', problem, isLoading: false });
  await advance(400);
  t.equal(calls, 2);
  resource.want('4');
  await answer();
  t.same(resource.loaded, { value: 'third', isLoading: false });
  resource.stop();
});

t.test('many calls within a time are one', async (t) => {
  const { clock, advance } = handClock();
  let calls = 0;
  const call = gathered(() => (calls += 1), 16, clock);
  for (let times = 0; times < 5; times += 1) call();
  t.equal(calls, 0);
  await advance(16);
  t.equal(calls, 1);
  call();
  await advance(16);
  t.equal(calls, 2);
});

t.test('lines are put together of the pieces in which they come', async (t) => {
  const splitter = new LineSplitter();
  t.same(splitter.push('{"a"'), []);
  t.same(splitter.push(':1}\n\n{"b":2}\n{'), ['{"a":1}', '{"b":2}']);
  t.same(splitter.push('}\n'), ['{}']);
});

const calling = (response: () => Response | Promise<Response>) => {
  const seen: { path: string; init: object }[] = [];
  const refusals: Refusal[] = [];
  const client = createClient({
    fetch: async (path, init) => {
      seen.push({ path, init });
      return response();
    },
    key: 'k',
    onUnauthorized: (refusal) => refusals.push(refusal),
  });
  return { client, seen, refusals };
};
const { signal } = new AbortController();

t.test('a call carries the key in its header, and nothing of it elsewhere', async (t) => {
  const { client, seen } = calling(() => Response.json({ a: 1 }));
  t.same(await client.get('/api/session', signal), { kind: 'answered', value: { a: 1 } });
  t.equal(seen[0]?.path, '/api/session');
  t.match(seen[0]?.init, { headers: { authorization: 'Bearer k' }, credentials: 'omit', cache: 'no-store' });
});

t.test('refusals, failures and nonsense are told apart', async (t) => {
  const refused = calling(() => Response.json({ message: 'no' }, { status: 403 }));
  t.same(await refused.client.get('/x', signal), { kind: 'refused', status: 403, refusal: { message: 'no' } });
  const proxied = calling(() => new Response('<html>bad gateway</html>', { status: 502 }));
  t.same(await proxied.client.get('/x', signal), {
    kind: 'refused',
    status: 502,
    refusal: { message: 'The server answered with status 502.' },
  });
  const unauthorized = calling(() => Response.json({ message: 'old key' }, { status: 401 }));
  t.match(await unauthorized.client.lines('/x', signal, () => {}), { kind: 'refused', status: 401 });
  t.same(unauthorized.refusals, [{ message: 'old key' }]);
  const gone = calling(() => Promise.reject(new TypeError('Failed to fetch')));
  t.same(await gone.client.get('/x', signal), { kind: 'lost' });
  const nonsense = calling(() => new Response('<html>'));
  t.same(await nonsense.client.get('/x', signal), { kind: 'lost' });
});

t.test('lines are given as they come, with letters that a piece cuts through', async (t) => {
  const bytes = new TextEncoder().encode('{"kind":"text","text":"é"}\n{"kind":"alive"}\n');
  const cut = bytes.indexOf(0xc3) + 1;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(bytes.slice(0, cut));
      controller.enqueue(bytes.slice(cut));
      controller.close();
    },
  });
  const lines: LogLine[] = [];
  const end = await calling(() => new Response(body)).client.lines<LogLine>('/x', signal, (line) => lines.push(line));
  t.same(end, { kind: 'ended' });
  t.same(lines, [{ kind: 'text', text: 'é' }, { kind: 'alive' }]);
});

const logOf = (lines: readonly LogLine[]) => lines.reduce(logAfter, EMPTY_LOG);

t.test('a log is what its lines say', async (t) => {
  t.equal(logOf([{ kind: 'waiting', why: 'ContainerCreating' }]).waiting, 'ContainerCreating');
  t.same(
    logOf([
      { kind: 'job', namespace: 'shops', name: 'cart-7', number: 7 },
      { kind: 'waiting', why: 'ContainerCreating' },
      { kind: 'text', text: 'one\ntw' },
      { kind: 'alive' },
      { kind: 'text', text: 'o\n\nth' },
      { kind: 'text', text: 'ree\n' },
      { kind: 'ended', why: 'It has ended.' },
    ]),
    {
      job: { namespace: 'shops', name: 'cart-7', number: 7 },
      blocks: [{ id: 0, lines: ['one', 'two', '', 'three', ''] }],
      dropped: 0,
      isKept: false,
      ended: 'It has ended.',
    },
  );
  t.match(logOf([{ kind: 'kept', text: 'the end' }]), { isKept: true, blocks: [{ lines: ['the end'] }] });
});

t.test('of a long log the last lines are kept, and what is dropped is counted', async (t) => {
  const lines = Array.from({ length: 12_345 }, (_, at) => ({ kind: 'text' as const, text: `line ${at}\n` }));
  const log = logOf(lines);
  const kept = log.blocks.flatMap((block) => block.lines);
  t.equal(log.dropped + kept.length, 12_346, 'the last one has not begun');
  t.ok(kept.length >= LOG_LINES && kept.length < LOG_LINES + 200, `${kept.length} lines`);
  t.equal(kept[0], `line ${log.dropped}`);
  t.same(kept.slice(-2), ['line 12344', '']);
  const whole = logOf([{ kind: 'text', text: lines.map(({ text }) => text).join('') }]);
  t.same([whole.dropped, whole.blocks], [log.dropped, log.blocks], 'however they come');
});

t.test('lines that are there stay the same objects, so that they are not drawn again', async (t) => {
  const before = logOf(Array.from({ length: 450 }, (_, at) => ({ kind: 'text' as const, text: `${at}\n` })));
  const after = logAfter(before, { kind: 'text', text: 'more' });
  t.same(
    after.blocks.map((block, at) => block === before.blocks[at]),
    [true, true, false],
  );
});

t.test('a log that breaks off is told from one that ends', async (t) => {
  const read = async (lines: readonly LogLine[], end: LinesEnd) => {
    const { client, last } = handClient();
    const follower = new LogFollower({ onChange: () => {} });
    const done = follower.read(client, '/api/bundles/shops/cart/log');
    for (const line of lines) last().say(line);
    last().end(end);
    await done;
    return follower.reading;
  };
  t.same(await read([{ kind: 'ended', why: 'done' }], { kind: 'ended' }), { kind: 'ended' });
  t.same(await read([{ kind: 'kept', text: 'x' }], { kind: 'ended' }), { kind: 'ended' }, 'no more is kept');
  t.same(await read([{ kind: 'text', text: 'x' }], { kind: 'ended' }), { kind: 'lost' });
  const refused = { kind: 'refused', status: 403, refusal: { message: 'no' } } as const;
  t.same(await read([], refused), refused);
});
