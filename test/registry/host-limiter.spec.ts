import { setMaxListeners } from 'node:events';
import t from 'tap';
import { type Breaker, type BreakerEvent, CLOSED, nextBreaker, pauseOf } from '../../registry/breaker.js';
import { HostLimiter, type Permit } from '../../registry/host-limiter.js';
import type { HeldBack } from '../../registry/port.js';
import { takeToken } from '../../registry/token-bucket.js';
import { ABANDONED, type Verdict, verdictOf } from '../../registry/verdict.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';

t.test('the bucket of a host', (t) => {
  const rate = { perSecond: 10, burst: 3 };
  const table: readonly { title: string; tokens: number; now: number; want: object }[] = [
    { title: 'gives one of what it has', tokens: 3, now: 0, want: { kind: 'taken', bucket: { tokens: 2, at: 0 } } },
    { title: 'says when the next one comes', tokens: 0, now: 0, want: { kind: 'wait', ms: 100 } },
    { title: 'says how much of that is left', tokens: 0, now: 75, want: { kind: 'wait', ms: 25 } },
    { title: 'is filled with time', tokens: 0, now: 150, want: { kind: 'taken', bucket: { tokens: 0.5, at: 150 } } },
    {
      title: 'holds no more than a burst',
      tokens: 2,
      now: 9_000,
      want: { kind: 'taken', bucket: { tokens: 2, at: 9_000 } },
    },
    {
      title: 'is not emptied by a clock that goes back',
      tokens: 1,
      now: -50,
      want: { kind: 'taken', bucket: { tokens: 0, at: -50 } },
    },
  ];
  for (const { title, tokens, now, want } of table) t.strictSame(takeToken({ tokens, at: 0 }, rate, now), want, title);
  t.end();
});

t.test('the breaker of a host', (t) => {
  const play = (events: readonly (readonly [number, BreakerEvent])[]): Breaker =>
    events.reduce((breaker, [at, event]) => nextBreaker(breaker, event, at), CLOSED);
  const failures = (count: number, at = 0) => Array.from({ length: count }, () => [at, 'failed'] as const);
  const trials = (count: number) =>
    Array.from({ length: count }, () => [[0, 'began'] as const, [0, 'failed'] as const]).flat();
  const open = (until: number, openings = 1): Breaker => ({ kind: 'open', until, openings });
  const table: readonly { title: string; events: readonly (readonly [number, BreakerEvent])[]; want: Breaker }[] = [
    { title: 'stays closed for four failures', events: failures(4), want: { kind: 'closed', failures: 4 } },
    { title: 'forgets them at the first success', events: [...failures(4), [0, 'succeeded']], want: CLOSED },
    {
      title: 'does not count what was abandoned',
      events: [...failures(4), [0, 'abandoned']],
      want: { kind: 'closed', failures: 4 },
    },
    { title: 'opens for 30 s at the fifth in a row', events: failures(5, 1000), want: open(31_000) },
    { title: 'is not kept open by what was under way', events: [...failures(5), [9, 'failed']], want: open(30_000) },
    { title: 'closes at a success of what was under way', events: [...failures(5), [9, 'succeeded']], want: CLOSED },
    {
      title: 'lets one request try',
      events: [...failures(5), [30_000, 'began']],
      want: { kind: 'half-open', openings: 1 },
    },
    {
      title: 'closes when that one succeeds',
      events: [...failures(5), [30_000, 'began'], [30_001, 'succeeded']],
      want: CLOSED,
    },
    {
      title: 'opens for twice as long when it fails',
      events: [...failures(5), [30_000, 'began'], [40_000, 'failed']],
      want: open(100_000, 2),
    },
    {
      title: 'lets another one try when it is abandoned',
      events: [...failures(5), [30_000, 'began'], [40_000, 'abandoned']],
      want: open(40_000),
    },
    { title: 'opens for five minutes at most', events: [...failures(5), ...trials(50)], want: open(300_000, 51) },
  ];
  for (const { title, events, want } of table) t.strictSame(play(events), want, title);
  t.strictSame(
    [pauseOf({ kind: 'closed', failures: 4 }, 0), pauseOf(open(30), 10), pauseOf(open(30), 31)],
    [0, 20, 0],
    'it says for how long nobody is to ask',
  );
  t.equal(pauseOf({ kind: 'half-open', openings: 1 }, 0), 5_000, 'while one tries, the others wait');
  t.end();
});

t.test('an answer says whether its host is well, and for how long it wants to be left alone: an hour at most', (t) => {
  const answer = (status: number, retryAfter?: string) =>
    ({
      kind: 'answer',
      status,
      origin: 'https://a.example',
      header: (name: string) => (name === 'retry-after' ? retryAfter : undefined),
      headers: () => [],
      body: Buffer.alloc(0),
    }) as const;
  const failure = (code: 'connection' | 'timeout' | 'certificate' | 'protocol' | 'refused-address') =>
    ({ kind: 'failed', code, message: '' }) as const;
  const table: readonly [Parameters<typeof verdictOf>[0], Verdict['event'], number][] = [
    [answer(200), 'succeeded', 0],
    [answer(401), 'succeeded', 0],
    [answer(404, '60'), 'succeeded', 0],
    [answer(429), 'succeeded', 30_000],
    [answer(429, '7'), 'succeeded', 7_000],
    [answer(429, '0'), 'succeeded', 0],
    [answer(429, 'Thu, 01 Jan 1970 00:02:00 GMT'), 'succeeded', 60_000],
    [answer(429, '86400'), 'succeeded', 3_600_000],
    [answer(500), 'failed', 0],
    [answer(502, '60'), 'failed', 0],
    [answer(503), 'failed', 0],
    [answer(503, '60'), 'failed', 60_000],
    [failure('connection'), 'failed', 0],
    [failure('timeout'), 'failed', 0],
    [failure('certificate'), 'failed', 0],
    [failure('protocol'), 'abandoned', 0],
    [failure('refused-address'), 'abandoned', 0],
  ];
  for (const [given, event, pauseMs] of table) {
    const title = given.kind === 'answer' ? `${given.status} ${given.header('retry-after') ?? ''}` : given.code;
    t.strictSame(verdictOf(given, 'GET', 60_000), { event, pauseMs }, title);
  }
  t.strictSame(verdictOf(answer(500), 'HEAD', 0), { event: 'abandoned', pauseMs: 0 }, 'a HEAD that fails says nothing');
  t.strictSame(
    verdictOf(answer(503, '60'), 'HEAD', 0),
    { event: 'abandoned', pauseMs: 60_000 },
    'but how long to wait',
  );
  t.end();
});

t.test('the host limiter', async (t) => {
  const FINE: Verdict = { event: 'succeeded', pauseMs: 0 };
  const BROKEN: Verdict = { event: 'failed', pauseMs: 0 };
  const at = (url: string, ca?: string) => ({ url: new URL(url), ca });
  const place = at('https://a.example/v2/');
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const limiterFor = (rate = { perSecond: 10, burst: 100 }, timeScale = 1) => {
    const clock = createFakeClock();
    const told: string[] = [];
    const onHold = ({ host, why, forMs }: HeldBack & { host: string }) => told.push(`${host} ${why} ${forMs}`);
    const limiter = new HostLimiter({ clock, rate, timeScale, inFlight: 3, onHold });
    /** The permits of as many requests as are let in at once. */
    const entered = async (count: number, destination = place): Promise<Permit[]> => {
      const permits: Permit[] = [];
      for (let index = 0; index < count; index += 1) {
        void limiter.acquire(destination, signal).then((permit) => permit.kind === 'permit' && permits.push(permit));
      }
      await settle();
      return permits;
    };
    const ask = async (verdict: Verdict, destination = place): Promise<HeldBack | 'asked'> => {
      const permit = await limiter.acquire(destination, signal);
      if (permit.kind === 'held') return permit;
      permit.done(verdict);
      return 'asked';
    };
    return { clock, limiter, told, entered, ask };
  };
  const failing = async (ask: (verdict: Verdict) => Promise<unknown>) => {
    for (let turn = 0; turn < 5; turn += 1) t.equal(await ask(BROKEN), 'asked');
  };

  t.test('lets three requests of a host be under way, and the others follow in order', async (t) => {
    const { entered } = limiterFor();
    const permits = await entered(7);
    t.equal(permits.length, 3);
    t.equal((await entered(1, at('https://b.example/'))).length, 1, 'another host is another matter');
    permits[0]?.done(FINE);
    permits[1]?.done(BROKEN);
    await settle();
    t.equal(permits.length, 5);
  });

  t.test('spends a burst, and then goes by the rate', async (t) => {
    const { entered, clock } = limiterFor({ perSecond: 10, burst: 2 });
    const permits = await entered(3);
    t.equal(permits.length, 2);
    await clock.advance(99);
    t.equal(permits.length, 2);
    await clock.advance(1);
    t.equal(permits.length, 3);
    t.equal(clock.pending(), 0);
  });

  t.test('says beforehand when a request would wait for long, for others are waiting', async (t) => {
    const { entered, limiter } = limiterFor({ perSecond: 1, burst: 1 });
    await entered(6);
    t.equal(limiter.holdOf(place), undefined, 'five seconds are a wait, and no hold');
    await entered(1);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'rate', forMs: 6_000 });
    t.equal(limiter.holdOf(at('https://b.example/')), undefined);
  });

  t.test('lets whoever is aborted out of the line', async (t) => {
    const { entered, limiter } = limiterFor();
    const permits = await entered(3);
    const stop = new AbortController();
    const waiting = limiter.acquire(place, stop.signal);
    stop.abort(new Error('stopped'));
    await t.rejects(waiting, { message: 'stopped' });
    await t.rejects(limiter.acquire(place, stop.signal), { message: 'stopped' });
    permits[0]?.done(ABANDONED);
    t.equal((await entered(1)).length, 1, 'its turn is the next one’s');
  });

  t.test('leaves a host alone that is broken, and lets one request find out whether it still is', async (t) => {
    const { limiter, clock, ask, entered, told } = limiterFor();
    await failing(ask);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 30_000 });
    t.strictSame(await ask(FINE), { kind: 'held', why: 'breaker', forMs: 30_000 });
    t.equal(await ask(FINE, at('http://a.example/')), 'asked', 'the same host without TLS may be well');
    t.equal(await ask(FINE, at('https://a.example/', 'PEM')), 'asked', 'or with another CA');
    await clock.advance(30_000);
    t.equal(limiter.holdOf(place), undefined);
    const [trial] = await entered(1);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 5_000 }, 'there is one trial at a time');
    trial?.done(BROKEN);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 60_000 });
    t.strictSame(told, ['a.example breaker 30000', 'a.example breaker 60000'], 'each opening is told once');
    await clock.advance(60_000);
    t.equal(await ask(FINE), 'asked');
    t.equal(limiter.holdOf(place), undefined);
  });

  t.test('holds those back that were waiting when the host broke', async (t) => {
    const { limiter, entered } = limiterFor();
    const permits = await entered(7);
    const waiting = limiter.acquire(place, signal);
    for (let turn = 0; turn < 5; turn += 1) {
      permits[turn]?.done(BROKEN);
      await settle();
    }
    t.strictSame(await waiting, { kind: 'held', why: 'breaker', forMs: 30_000 });
    permits[5]?.done(FINE);
    t.equal(limiter.holdOf(place), undefined, 'an answer that was under way ends it');
  });

  t.test('leaves a host alone for as long as it asks, whatever the credential or CA', async (t) => {
    const { limiter, clock, ask, told } = limiterFor();
    t.equal(await ask({ event: 'succeeded', pauseMs: 7_000 }), 'asked');
    t.strictSame(limiter.holdOf(at('http://a.example/', 'PEM')), { kind: 'held', why: 'retry-after', forMs: 7_000 });
    await clock.advance(6_999);
    t.strictSame(await ask(FINE), { kind: 'held', why: 'retry-after', forMs: 1 });
    await clock.advance(1);
    t.equal(await ask(FINE), 'asked');
    t.strictSame(told, ['a.example retry-after 7000']);
  });

  t.test('goes by scaled time, except for what a host asks for', async (t) => {
    const { limiter, ask, entered, clock } = limiterFor({ perSecond: 1, burst: 1 }, 60);
    await failing(ask);
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'breaker', forMs: 500 });
    await clock.advance(500);
    await ask({ event: 'succeeded', pauseMs: 7_000 });
    t.strictSame(limiter.holdOf(place), { kind: 'held', why: 'retry-after', forMs: 7_000 });
    const other = at('https://b.example/');
    for (let index = 0; index < 60; index += 1) await ask(FINE, other);
    const permits = await entered(1, other);
    t.equal(permits.length, 0, 'sixty at once');
    await clock.advance(17);
    t.equal(permits.length, 1, 'and then sixty a second');
  });

  t.test('forgets hosts without end, and nothing that matters', async (t) => {
    const { ask, limiter, clock } = limiterFor();
    await failing(ask);
    for (let index = 0; index < 3_000; index += 1) {
      await ask(FINE, at(`https://h${index}.example/`));
      if (index % 100 === 0) await clock.advance(200);
    }
    t.match(limiter.holdOf(place), { why: 'breaker' });
  });
});
