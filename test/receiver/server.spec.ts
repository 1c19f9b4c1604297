import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import type { Call, CallAnswer } from '../../receiver/calls.js';
import type { Refusal } from '../../receiver/refusals.js';
import { startServer } from '../../receiver/server.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';

const OK: CallAnswer = { status: 202, message: 'taken' };

/** A server on a clock that stands still; its calls are answered by `answer`. */
const setup = async (
  t: Test,
  {
    answer = async ({ read }) => ((await read()).kind === 'body' ? OK : { status: 413, message: 'no' }),
    most = 8,
  }: {
    readonly answer?: (call: Call) => Promise<CallAnswer>;
    readonly most?: number;
  } = {},
) => {
  const clock = createFakeClock();
  const log = recordLog();
  const refused: Refusal[] = [];
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    calls: { answer },
    maxConnections: most,
    maxConnectionsPerPeer: most,
    refusals: { add: (reason) => refused.push(reason) },
    clock,
    log,
  });
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await server.stop(0, 0);
  });
  /** A caller by hand: all that came for it, once its connection has ended. */
  const open = (text: string) => {
    const socket = connect({ host: '127.0.0.1', port: server.port });
    sockets.push(socket);
    let received = '';
    socket.setEncoding('latin1').on('data', (part: string) => {
      received += part;
    });
    socket.on('error', () => {});
    const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
    socket.write(text);
    return { socket, ended };
  };
  const ask = async (body = '{}', init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/receivers/x`, { method: 'POST', body, ...init });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  /** Lets time go by until that has happened; bytes are on their way in real time. */
  const until = async <T>(happened: Promise<T>): Promise<T> => {
    const state = { done: false };
    void happened.then(() => {
      state.done = true;
    });
    while (!state.done) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (!state.done) await clock.advance(250);
    }
    return happened;
  };
  return { server, clock, refused, log, open, ask, until };
};

const HEAD = 'POST /receivers/x HTTP/1.1\r\nHost: x\r\n';

t.test('an answer is JSON with a message', async (t) => {
  const { ask } = await setup(t);
  const { status, text, headers } = await ask();
  t.strictSame([status, text, headers.get('content-type')], [202, '{"message":"taken"}\n', 'application/json']);
});

t.test('slow and large callers are given up, and others are served', async (t) => {
  const { open, ask, until, refused } = await setup(t);
  const slow = [
    open(HEAD),
    open('P'),
    ...Array.from({ length: 4 }, () => open(`${HEAD}Content-Length: 1000\r\n\r\n{`)),
  ];
  t.match(await ask(), { status: 202 }, 'while they trickle');
  await until(Promise.all(slow.map(({ ended }) => ended)));
  t.strictSame(new Set(refused), new Set(['slow-headers', 'slow-body']));
  t.match(await ask(' '.repeat(1024 * 1024 + 1)), { status: 413 });
  t.match(await ask(' '.repeat(1024 * 1024)), { status: 202 });
});

t.test('what Node can make no request of is answered by its status, and counted', async (t) => {
  const { open, ask, refused } = await setup(t);
  const rows: readonly (readonly [title: string, text: string, answer: RegExp | '', reason: Refusal])[] = [
    ['no HTTP', 'hello\r\n\r\n', /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/, 'no-http'],
    ['no host', 'POST /receivers/x HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 .*Connection: close/s, 'no-http'],
    ['large headers', `${HEAD}A: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /, 'large-headers'],
    ['an expectation', `${HEAD}Expect: a miracle\r\n\r\n`, /^HTTP\/1\.1 417 .*Connection: close/s, 'expectation'],
    ['a broken body', `${HEAD}Transfer-Encoding: chunked\r\n\r\nx\r\n`, /^HTTP\/1\.1 400 /, 'no-http'],
  ];
  for (const [title, text, answer, reason] of rows) {
    t.match(await open(text).ended, answer, title);
    t.strictSame(refused.splice(0), [reason], title);
  }
  const twice = open(`${HEAD}Content-Length: 2\r\n\r\n{}`);
  await new Promise((resolve) => twice.socket.once('data', resolve));
  twice.socket.write('hello\r\n\r\n');
  t.match(await twice.ended, /^HTTP\/1\.1 202 .*taken.*HTTP\/1\.1 400 /s, 'after an answer');
  t.strictSame(refused.splice(0), ['no-http']);
  const left = open(`${HEAD}Content-Length: 2\r\n\r\n{`);
  left.socket.end();
  await left.ended;
  t.match(await ask(), { status: 202 }, 'others are served');
  t.strictSame(refused, [], 'who has left is not counted');
  t.match(await open('POST /receivers/x HTTP/1.0\r\nContent-Length: 0\r\n\r\n').ended, /^HTTP\/1\.1 202 /, 'HTTP/1.0');
});

t.test('a whole address is asked for as its path', async (t) => {
  const asked: string[] = [];
  const answer = async ({ url }: Call) => {
    asked.push(url);
    return { ...OK, isLast: true };
  };
  const { open } = await setup(t, { answer });
  for (const target of ['/a?b=1', 'http://x/a?b=1', 'HTTPS://x:8080/a/', 'http://x', 'http://x?b', '/http://x/a'])
    await open(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`).ended;
  t.strictSame(asked, ['/a?b=1', '/a?b=1', '/a/', '/', '/?b', '/http://x/a']);
});

t.test('at the limit a connection that has asked nothing gives way to one that asks', async (t) => {
  const { open, ask, refused, server } = await setup(t, { most: 4 });
  const silent = Array.from({ length: 4 }, () => open(''));
  while (server.connections() < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  t.match(await ask(), { status: 202 });
  t.strictSame([...new Set(refused)], ['gave-way']);
  await Promise.race(silent.map(({ ended }) => ended));
});

t.test('who is refused by headers alone is answered all the same after the whole body, and then let go', async (t) => {
  const { ask } = await setup(t, { answer: async () => ({ status: 401, message: 'unproven' }) });
  const { status, headers } = await ask('x'.repeat(900_000));
  t.strictSame([status, headers.get('connection')], [401, 'close']);
});

t.test('a fault of the receiver is a 500 that says nothing of it, and stands in the log', async (t) => {
  const { ask, log } = await setup(t, { answer: () => Promise.reject(new Error('a bug')) });
  t.match(await ask(), { status: 500, text: /its log says why/ });
  t.match(log.entries, [{ level: 'error', message: 'request failed' }]);
});

t.test('it ends with its calls answered', async (t) => {
  let answer = (_: CallAnswer): void => {};
  const { ask, server, until } = await setup(t, {
    answer: async ({ read }) => {
      await read();
      return new Promise<CallAnswer>((resolve) => {
        answer = resolve;
      });
    },
  });
  const asked = ask();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const stopped = server.stop(1_000, 5_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  answer(OK);
  t.match(await until(asked), { status: 202 });
  await until(stopped);
  await t.rejects(ask());
});
