import { once } from 'node:events';
import { Agent, request } from 'node:https';
import t, { type Test } from 'tap';
import type { Answer } from '../../admission/encode.js';
import type { Call } from '../../admission/handler.js';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import type { Refusal } from '../../webhook/refusals.js';
import { MAX_BODY_BYTES, startServer } from '../../webhook/server.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';
import { headersOf, openSilent, openSlowCaller, openSlowCallers, type SlowCaller } from '../kit/slow-caller.js';

const authority = await issueAuthority(Date.now());
const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
const OK: Answer = { status: 200, contentType: 'application/json', body: '{"answered":true}' };

interface Options {
  readonly handler?: (call: Call) => Promise<Answer>;
  readonly maxInFlight?: number;
  readonly maxConnections?: number;
  readonly maxConnectionsPerPeer?: number;
}

/** A server with all that it refuses, on a clock that stands still: bytes take as long as they take, and cost no time. */
const setup = async (t: Test, { handler = () => Promise.resolve(OK), maxInFlight = 200, ...limits }: Options = {}) => {
  const clock = createFakeClock();
  let stoodStillMs = 0;
  const log = recordLog();
  const refused: Partial<Record<Refusal, number>> = {};
  const calls: Call[] = [];
  let connections = (): number => 0;
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    serving: leaf,
    handler: (call) => {
      calls.push(call);
      return handler(call);
    },
    maxInFlight,
    ...limits,
    ready: () => ({ ok: true }),
    metrics: {
      refused: (reason) => {
        refused[reason] = (refused[reason] ?? 0) + 1;
      },
      countConnections: (count) => {
        connections = count;
      },
    },
    clock: { ...clock, monotonic: () => clock.monotonic() + stoodStillMs },
    log,
  });
  const agent = new Agent({ keepAlive: true, ca: authority.certificate });
  const callers: SlowCaller[] = [];
  t.teardown(async () => {
    agent.destroy();
    for (const { socket } of callers) socket.destroy();
    await server.stop(0, 0);
  });
  /** An honest caller: the status of the answer, or why there was none. */
  const ask = (
    body: string,
    how: { readonly method?: string; readonly path?: string; readonly localAddress?: string } = {},
  ) =>
    new Promise<number | string>((resolve) => {
      const { method = 'POST', path = '/validate', localAddress } = how;
      const headers = { 'content-type': 'application/json' };
      const fresh =
        localAddress === undefined ? { agent } : { localAddress, agent: false as const, ca: authority.certificate };
      const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers, ...fresh }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', ({ message }) => resolve(message));
      sent.end(body);
    });
  /** Lets time go by in steps as short as the looks, until that has happened. @returns how much went by, milliseconds */
  const until = async <T>(
    happened: Promise<T>,
    limitMs = 60_000,
  ): Promise<{ readonly ms: number; readonly value: T }> => {
    let outcome: { readonly value: T } | undefined;
    void happened.then((value) => {
      outcome = { value };
    });
    const start = clock.monotonic();
    // Bytes are on their way in real time, so a step is taken only after a while of it.
    while (outcome === undefined && clock.monotonic() - start < limitMs) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      if (outcome === undefined) await clock.advance(250);
    }
    if (outcome === undefined) throw new Error(`it did not happen within ${limitMs} ms`);
    return { ms: clock.monotonic() - start, value: outcome.value };
  };
  const seen = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return {
    server,
    clock,
    log,
    refused,
    calls,
    ask,
    until,
    seen,
    connections: () => connections(),
    standStill: (ms: number) => {
      stoodStillMs += ms;
    },
    one: async (...[options]: readonly [Parameters<typeof openSlowCaller>[1]?]) => {
      const caller = await openSlowCaller(server.port, options);
      callers.push(caller);
      return caller;
    },
    several: async (options: Parameters<typeof openSlowCallers>[1]) => {
      const opened = await openSlowCallers(server.port, options);
      callers.push(...opened);
      return opened;
    },
  };
};

const allEnded = (callers: readonly SlowCaller[]) => Promise.all(callers.map(({ ended }) => ended));

t.test('210 callers that send a byte of their body every 2 s hold nobody up, and are given up after 2 s', async (t) => {
  const { several, ask, until, refused, log, clock, calls, connections } = await setup(t);
  const attackers = await several({ count: 210, first: `${headersOf('/validate', 1000)}{` });
  t.equal(await ask('{}'), 200, 'a call counts from the end of its body on');
  await clock.advance(2000);
  for (const attacker of attackers) attacker.send(' ');
  t.equal(await ask('{}'), 200);
  t.equal(await ask('', { method: 'GET', path: '/readyz' }), 200, 'probes are answered, too');
  const { ms } = await until(allEnded(attackers));
  t.ok(ms <= 1000, `${ms} ms later they are gone`);
  t.match(
    attackers[0]?.received(),
    /^HTTP\/1\.1 408 [\s\S]*the body came too slowly, or not at all\n$/,
    'and told why',
  );
  t.strictSame(refused, { 'slow-body': 210 }, 'each is counted');
  const lines = log.entries.filter(({ message }) => message === 'callers refused');
  t.match(
    lines,
    [{ level: 'warn', fields: { reason: 'slow-body', times: 1, peers: { '127.0.0.1': 1 } } }],
    'and told once',
  );
  await clock.advance(60_000);
  t.match(
    log.entries.filter(({ message }) => message === 'callers refused').map(({ fields }) => fields['times']),
    [1, 209],
    'with all others in one line a minute',
  );
  t.equal(calls.length, 2, 'no handler saw them');
  t.ok(connections() <= 1, 'and nothing is left of them');
});

t.test('two callers that announce 7.3 MB and send nothing hold no large body up', async (t) => {
  const { several, ask, until, refused } = await setup(t);
  const attackers = await several({ count: 2, first: headersOf('/validate', 7_300_000) });
  const large = 'x'.repeat(MAX_BODY_BYTES);
  t.strictSame(await Promise.all([ask(large), ask(large), ask('x'.repeat(200_000))]), [200, 200, 200], 'at once');
  await until(allEnded(attackers));
  t.strictSame(refused, { 'slow-body': 2 });
});

t.test('whatever is sent of bodies that do not go on, others get room within five seconds', async (t) => {
  const large = 'x'.repeat(MAX_BODY_BYTES);
  const cases: readonly { readonly title: string; readonly count: number; readonly sent: number }[] = [
    { title: 'a few that miss the last bytes', count: 4, sent: MAX_BODY_BYTES - 10 },
    { title: 'many that stop half way', count: 60, sent: 500_000 },
    { title: 'very many that stop early', count: 210, sent: 120_000 },
    { title: 'bodies that are small', count: 210, sent: 15_000 },
  ];
  for (const { title, count, sent } of cases) {
    const { several, ask, until, refused, seen, server } = await setup(t);
    const first = `${headersOf('/validate', MAX_BODY_BYTES)}${'x'.repeat(sent)}`;
    const attackers = await several({ count, first });
    const before = Date.now();
    await seen(() => attackers.every(({ socket }) => socket.writableLength === 0) || Date.now() - before > 2000);
    const answered = await until(Promise.all([ask(large), ask('{}'), ask(large), ask('x'.repeat(100_000))]));
    t.strictSame(answered.value, [200, 200, 200, 200], title);
    // On a busy machine the clock of the spec runs ahead of the bytes, some 30 MB of them.
    t.ok(answered.ms <= 5000, `${title}: after ${answered.ms} ms`);
    await until(allEnded(attackers));
    t.strictSame(Object.keys(refused), ['slow-body'], `${title}: nobody else was refused anything`);
    await server.stop(0, 0);
  }
});

t.test('a body without a length, in chunks of a byte, is given up as well', async (t) => {
  const { one, ask, until, clock, refused } = await setup(t, { maxInFlight: 1 });
  const attacker = await one();
  attacker.send(headersOf('/validate', 'chunked'));
  for (let sent = 0; sent < 8; sent += 1) {
    attacker.send('1\r\nx\r\n');
    await clock.advance(250);
  }
  t.equal(await ask('{}'), 200);
  await until(attacker.ended);
  t.strictSame(refused, { 'slow-body': 1 });
});

t.test('a body has ten seconds, however fast it comes', async (t) => {
  const { one, until, clock, refused, calls } = await setup(t);
  const [endless, honest] = [await one(), await one()];
  endless.send(headersOf('/validate', 'chunked'));
  honest.send(headersOf('/validate', 8 * 20_000));
  const step = async (): Promise<void> => {
    endless.send(`4e20\r\n${'x'.repeat(20_000)}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await clock.advance(1000);
  };
  for (let second = 0; second < 8; second += 1) {
    honest.send('x'.repeat(20_000));
    await step();
  }
  t.match(honest.received(), /^HTTP\/1\.1 200 /, 'a slow line is served');
  t.equal(calls.length, 1);
  while (endless.isOpen() && clock.monotonic() < 15_000) await step();
  await until(endless.ended);
  t.strictSame(refused, { 'slow-body': 1 });
  t.ok(clock.monotonic() < 12_000, `${clock.monotonic()} ms`);
});

t.test('headers have five seconds, on a new connection and on one that was used', async (t) => {
  const { one, until, clock, refused, ask } = await setup(t);
  const [fresh, used] = [await one(), await one()];
  used.send(`${headersOf('/validate', 2)}{}`);
  await until(new Promise((resolve) => used.socket.once('data', resolve)));
  await clock.advance(1000);
  const start = clock.monotonic();
  for (const caller of [fresh, used]) caller.send('POST /validate HTTP/1.1\r\nX-Padding: ');
  while ((fresh.isOpen() || used.isOpen()) && clock.monotonic() - start < 10_000) {
    for (const caller of [fresh, used]) if (caller.isOpen()) caller.send('x');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(500);
  }
  await allEnded([fresh, used]);
  t.ok(clock.monotonic() - start <= 6500, `${clock.monotonic() - start} ms`);
  t.strictSame(refused, { 'slow-headers': 2 });
  t.equal(await ask('{}'), 200);
});

t.test('a TLS handshake has five seconds', async (t) => {
  const { server, until, refused, ask } = await setup(t);
  // The beginning of a ClientHello.
  const silent = await Promise.all([openSilent(server.port), openSilent(server.port, '\x16\x03\x01\x02\x00\x01')]);
  t.equal(await ask('{}'), 200);
  const { ms } = await until(Promise.all(silent.map(({ ended }) => ended)));
  t.ok(ms > 4500 && ms <= 6000, `${ms} ms`);
  t.strictSame(refused, { 'slow-handshake': 2 });
});

t.test('time in which the process stood still is not held against callers', async (t) => {
  const { server, one, clock, refused, standStill, ask } = await setup(t);
  await openSilent(server.port).then(({ socket }) => t.teardown(() => socket.destroy()));
  const sender = await one();
  sender.send(`${headersOf('/validate', 10)}{`);
  t.equal(await ask('{}'), 200);
  standStill(60_000);
  await clock.advance(250);
  t.strictSame(refused, {}, 'a paused machine, or one that is far too busy');
  sender.send('123456789');
  await new Promise((resolve) => sender.socket.once('data', resolve));
  t.match(sender.received(), /^HTTP\/1\.1 200 /);
});

t.test('an answer that is not read holds nothing up, and its connection ends after ten seconds', async (t) => {
  const huge: Answer = { ...OK, body: 'x'.repeat(30_000_000) };
  const handler = async ({ body }: Call) => (Buffer.from(body).toString() === 'huge' ? huge : OK);
  const { one, until, refused, ask, calls, seen } = await setup(t, { handler, maxInFlight: 1 });
  const reader = await one();
  reader.socket.pause();
  reader.send(`${headersOf('/validate', 4)}huge`);
  await seen(() => calls.length === 1);
  t.equal(await ask('{}'), 200, 'it is no call under way any more');
  const closed = seen(() => refused['slow-answer'] === 1);
  const { ms } = await until(closed);
  t.ok(ms > 9000 && ms <= 12_000, `${ms} ms`);
  t.strictSame(refused, { 'slow-answer': 1 });
});

t.test(
  'a thousand connections of one peer do not keep another connection out, from there or from elsewhere',
  async (t) => {
    const { several, ask, refused, clock, connections, server } = await setup(t, { maxInFlight: 20 });
    const attackers = await several({ count: 1000 });
    t.ok(connections() <= 40, `${connections()}: twice --max-in-flight for a peer`);
    t.ok((refused['peer-connections'] ?? 0) >= 800, `${refused['peer-connections']} closed before their handshake`);
    t.ok((refused['gave-way'] ?? 0) <= 100, `${refused['gave-way']} gave way, each of which costs a handshake`);
    t.equal(await ask('{}', { localAddress: '127.0.0.2' }), 200, 'another peer');
    await clock.advance(1000);
    t.equal(await ask('{}'), 200, 'the same peer: who asks nothing gives way');
    t.equal(await ask('', { method: 'GET', path: '/healthz' }), 200);
    t.strictSame(Object.keys(refused).toSorted(), ['gave-way', 'peer-connections']);
    for (const { socket } of attackers) socket.destroy();
    await server.stop(0, 0);
  },
);

t.test('connections in all are limited, whoever opens them', async (t) => {
  const { several, ask, refused, clock, connections } = await setup(t, {
    maxConnections: 30,
    maxConnectionsPerPeer: 10,
  });
  for (const last of [2, 3, 4]) await several({ count: 12, localAddress: `127.0.0.${last}` });
  t.equal(connections(), 30);
  await several({ count: 2, localAddress: '127.0.0.5' });
  t.equal(connections(), 30, 'the oldest that asks nothing gives way');
  t.equal(await ask('{}'), 200);
  await clock.advance(1000);
  t.equal(connections(), 30);
  t.match(refused, { 'gave-way': 9 });
});

t.test('callers that asked once and keep their connection are left alone, until their places are needed', async (t) => {
  const { several, ask, refused, clock, until } = await setup(t, { maxConnectionsPerPeer: 20 });
  const idlers = await several({ count: 20, first: `${headersOf('/validate', 2)}{}` });
  await until(Promise.all(idlers.map(({ socket }) => once(socket, 'data'))));
  await clock.advance(90_000);
  t.ok(
    idlers.every(({ isOpen }) => isOpen()),
    'an apiserver keeps idle connections for 90 s',
  );
  t.equal(await ask('{}'), 200);
  t.strictSame(refused, { 'gave-way': 1 });
});

t.test('connections with a call under way give way to nobody', async (t) => {
  const waiting: (() => void)[] = [];
  const handler = () => new Promise<Answer>((resolve) => waiting.push(() => resolve(OK)));
  const { several, ask, refused, clock, seen, until } = await setup(t, { handler, maxConnectionsPerPeer: 5 });
  const callers = await several({ count: 5, first: `${headersOf('/validate', 2)}{}` });
  await seen(() => waiting.length === 5);
  await clock.advance(5000);
  t.match(await ask('{}'), /ECONNRESET|socket hang up|disconnected/);
  for (const answer of waiting) answer();
  await until(Promise.all(callers.map(({ socket }) => once(socket, 'data'))));
  t.ok(callers.every(({ received }) => received().startsWith('HTTP/1.1 200 ')));
  t.strictSame(refused, { 'peer-connections': 1 });
});

t.test('a second request before the answer to the first ends the connection: one caller is one call', async (t) => {
  const handler = () => new Promise<Answer>(() => {});
  const { one, until, refused, calls } = await setup(t, { handler });
  const caller = await one();
  caller.send(`${headersOf('/validate', 2)}{}`.repeat(50));
  await until(caller.ended);
  t.ok(calls.length <= 1, `${calls.length} calls`);
  t.strictSame(refused, { pipelined: 1 });
});

t.test('a caller that ends its half of the connection in the middle of a body is gone', async (t) => {
  const { one, until, ask, calls, refused, connections } = await setup(t, { maxInFlight: 1 });
  const caller = await one({ allowHalfOpen: true });
  caller.send(`${headersOf('/validate', 100)}{`);
  caller.socket.end();
  const { ms } = await until(caller.ended);
  t.ok(ms < 1000, `${ms} ms`);
  t.equal(await ask('{}'), 200);
  t.strictSame([calls.length, connections()], [1, 1]);
  t.strictSame(refused, {});
});

t.test('a body that nobody reads has no more time than one that is read', async (t) => {
  const cases = ['POST /nowhere', 'GET /healthz', 'PUT /validate', 'POST /validate'] as const;
  for (const line of cases) {
    const { one, until, refused } = await setup(t);
    const caller = await one();
    caller.send(`${line} HTTP/1.1\r\nHost: webhook\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\nx`);
    const { ms } = await until(caller.ended);
    t.ok(ms <= 3000, `${line}: ${ms} ms`);
    t.strictSame(refused, { 'slow-body': 1 }, line);
  }
});
