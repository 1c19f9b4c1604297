import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import type { Answer } from '../../admission/encode.js';
import type { Call } from '../../admission/handler.js';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import type { Readiness } from '../../process/health-server.js';
import type { Clock } from '../../process/ports.js';
import { parseAdvertiseUrl } from '../../webhook/advertise-url.js';
import { parseConfig } from '../../webhook/config.js';
import { MAX_BODY_BYTES, startServer } from '../../webhook/server.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';

const authority = await issueAuthority(Date.now());
const leaf = await issueLeaf(authority, ['127.0.0.1'], Date.now());
const OK: Answer = { status: 200, contentType: 'application/json', body: '{"answered":true}' };

interface Got {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly connection: string | undefined;
  readonly body: string;
}

const setup = async (
  t: Test,
  options: {
    readonly handler?: (call: Call) => Promise<Answer>;
    readonly maxInFlight?: number;
    readonly clock?: Clock;
  } = {},
) => {
  const calls: Call[] = [];
  let readiness: Readiness = { ok: true };
  const log = recordLog();
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    serving: leaf,
    handler: (call) => {
      calls.push(call);
      return options.handler?.(call) ?? Promise.resolve(OK);
    },
    maxInFlight: options.maxInFlight ?? 10,
    ready: () => readiness,
    clock: options.clock ?? createFakeClock(),
    log,
  });
  const agent = new Agent({ keepAlive: true, ca: authority.certificate });
  t.teardown(async () => {
    agent.destroy();
    await server.stop(0, 0).catch(() => {});
  });
  const ask = (method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Got> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port: server.port, agent, method, path, headers },
        (response: IncomingMessage) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              contentType: response.headers['content-type'],
              connection: response.headers.connection,
              body: text,
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  const post = (path: string, body: string) => ask('POST', path, body, { 'content-type': 'application/json' });
  return {
    server,
    calls,
    ask,
    post,
    log,
    setReadiness: (next: Readiness) => {
      readiness = next;
    },
  };
};

t.test('an apiserver that traces says what a call is a part of', async (t) => {
  const { ask, calls } = await setup(t);
  const [traceId, spanId] = ['a'.repeat(32), 'b'.repeat(16)];
  const traceparents = [`00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-00`, 'something else'];
  for (const traceparent of traceparents) await ask('POST', '/validate', '{}', { traceparent });
  t.strictSame(
    calls.map(({ parent }) => parent),
    [{ traceId, spanId, isSampled: true }, { traceId, spanId, isSampled: false }, undefined],
  );
});

t.test('which requests reach the handler, and which do not', async (t) => {
  const { ask, post, calls, setReadiness } = await setup(t);
  const plain = { contentType: 'text/plain; charset=utf-8', connection: 'keep-alive' };
  t.same(await post('/mutate?timeout=10s', '{"a":1}'), {
    status: 200,
    contentType: 'application/json',
    connection: 'keep-alive',
    body: OK.body,
  });
  const [{ signal: _, body, ...call } = {} as Call] = calls;
  t.same(
    { ...call, body: Buffer.from(body).toString() },
    { webhook: 'mutate', contentType: 'application/json', body: '{"a":1}', withinMs: 9000 },
  );
  await post('/validate', '');
  t.same([calls[1]?.webhook, calls[1]?.body.length], ['validate', 0], "an empty body is the handler's to judge");

  t.same(await ask('GET', '/healthz'), { ...plain, status: 200, body: 'ok\n' });
  t.same(await ask('GET', '/readyz'), { ...plain, status: 200, body: 'ok\n' });
  setReadiness({ ok: false, reason: 'stopping' });
  t.same(await ask('GET', '/readyz'), { ...plain, status: 503, body: 'stopping\n' });
  t.same(await ask('GET', '/mutate'), {
    ...plain,
    status: 404,
    body: 'POST /mutate and POST /validate are served here\n',
  });

  const limit = await post('/validate', 'x'.repeat(MAX_BODY_BYTES));
  t.equal(limit.status, 200, 'seven MiB are taken');
  const large = await post('/validate', 'x'.repeat(MAX_BODY_BYTES + 1));
  t.match(large, {
    status: 413,
    body: 'the request is larger than 7340032 bytes: no object that etcd would take makes one like it\n',
  });
  const endless = await ask('POST', '/validate', 'x'.repeat(MAX_BODY_BYTES + 1), { 'transfer-encoding': 'chunked' });
  t.same([endless.status, endless.body], [large.status, large.body], 'whether it says so or not');
  const zipped = await ask('POST', '/validate', 'x', {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
  });
  t.same([zipped.status, zipped.body], [415, 'malformed request\n'], 'nothing is unpacked');
  t.equal(calls.length, 3, 'the handler saw none of these');
});

t.test('more than --max-in-flight at once are answered 503, and earlier ones go on', async (t) => {
  const waiting: (() => void)[] = [];
  const handler = () => new Promise<Answer>((resolve) => waiting.push(() => resolve(OK)));
  const { post, calls } = await setup(t, { handler, maxInFlight: 2 });
  const first = [post('/mutate', '{}'), post('/validate', '{}')];
  while (calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const third = await post('/validate', '{}');
  t.same([third.status, third.body], [503, 'more than 2 requests at once (--max-in-flight); try again\n']);
  for (const answer of waiting) answer();
  t.same(
    (await Promise.all(first)).map(({ status }) => status),
    [200, 200],
  );
  const next = post('/validate', '{}');
  while (waiting.length < 3) await new Promise((resolve) => setImmediate(resolve));
  waiting[2]?.();
  t.equal((await next).status, 200, 'and there is room again');
});

t.test('large bodies wait for room, unread, and all of them are answered', async (t) => {
  const sizes: number[] = [];
  let most = 0;
  const handler = async ({ body }: Call) => {
    sizes.push(body.length);
    most = Math.max(
      most,
      sizes.reduce((sum, size) => sum + size, 0),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    sizes.splice(sizes.indexOf(body.length), 1);
    return OK;
  };
  const { post } = await setup(t, { handler });
  const large = 'x'.repeat(MAX_BODY_BYTES - 1);
  const answers = await Promise.all([
    ...Array.from({ length: 6 }, () => post('/validate', large)),
    post('/mutate', '{}'),
  ]);
  t.same(
    answers.map(({ status }) => status),
    Array.from({ length: 7 }, () => 200),
  );
  t.ok(most <= 2 * MAX_BODY_BYTES + 2, `at most two of the largest at once: ${most} bytes`);
});

t.test('a client that hangs up takes its request along', async (t) => {
  const aborted = new Promise<void>((resolve) => {
    void setup(t, {
      handler: ({ signal }) =>
        new Promise((answer) =>
          signal.addEventListener('abort', () => {
            resolve();
            answer(OK);
          }),
        ),
    }).then(({ server, calls }) => {
      const sent = request({
        host: '127.0.0.1',
        port: server.port,
        path: '/validate',
        method: 'POST',
        ca: authority.certificate,
      });
      sent.on('error', () => {});
      sent.end('{}');
      const hangUp = () => (calls.length === 0 ? setImmediate(hangUp) : sent.destroy());
      hangUp();
    });
  });
  await aborted;
  t.pass('its signal was aborted');
});

t.test('stopping: answers go on for the delay and close their connections, then the port is closed', async (t) => {
  const clock = createFakeClock();
  const waiting: (() => void)[] = [];
  const handler = () => new Promise<Answer>((resolve) => waiting.push(() => resolve(OK)));
  const { server, post, ask } = await setup(t, { handler, clock });
  t.equal((await ask('GET', '/healthz')).connection, 'keep-alive');
  const stopped = server.stop(10_000, 5000);
  t.equal((await ask('GET', '/healthz')).connection, 'close');
  const last = post('/validate', '{}');
  while (waiting.length < 1) await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(10_000);
  await t.rejects(ask('GET', '/healthz'), { code: 'ECONNREFUSED' }, 'nothing new is taken');
  waiting[0]?.();
  t.equal((await last).status, 200, 'what was under way is answered');
  await clock.advance(100);
  await stopped;
});

t.test('stopping does not wait for ever', async (t) => {
  const clock = createFakeClock();
  const { server, post, calls } = await setup(t, { handler: () => new Promise(() => {}), clock });
  const hanging = post('/validate', '{}').catch(({ code }: NodeJS.ErrnoException) => code);
  while (calls.length < 1) await new Promise((resolve) => setImmediate(resolve));
  const stopped = server.stop(0, 5000);
  await clock.advance(5000);
  await stopped;
  t.equal(await hanging, 'ECONNRESET');
});

t.test('a port in use is one clear line', async (t) => {
  const { server } = await setup(t);
  const again = startServer({
    listen: { host: '127.0.0.1', port: server.port },
    serving: leaf,
    handler: () => Promise.resolve(OK),
    maxInFlight: 1,
    ready: () => ({ ok: true }),
    clock: createFakeClock(),
    log: recordLog(),
  });
  await t.rejects(again, {
    name: 'StartError',
    lines: [`cannot listen on 127.0.0.1:${server.port}: the port is in use; give another --listen`],
  });
});

t.test('noise on the port is no error', async (t) => {
  const { server, ask, log } = await setup(t);
  await new Promise<void>((resolve) => {
    const socket: Socket = connect(server.port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\n\r\n'));
    socket
      .on('close', () => resolve())
      .on('error', () => {})
      .resume();
  });
  t.equal((await ask('GET', '/healthz')).status, 200);
  t.same(
    log.entries.map(({ level, message }) => [level, message]),
    [['debug', 'TLS handshake failed']],
  );
});

t.test('what Node can make no request of is counted, and a whole address is asked for as its path', async (t) => {
  const { server, ask, log } = await setup(t);
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      let received = '';
      const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: authority.certificate }, () =>
        socket.write(text),
      );
      socket.setEncoding('latin1').on('data', (part: string) => {
        received += part;
      });
      socket.on('error', () => {}).once('close', () => resolve(received));
    });
  t.match(await raw('hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
  t.match(await raw(`GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
  t.match(await raw('GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\n\r\n'), /^HTTP\/1\.1 417 /);
  t.strictSame(
    log.entries.map(({ message, fields }) => [message, fields?.['reason']]),
    ['no-http', 'large-headers', 'expectation'].map((reason) => ['callers refused', reason]),
  );
  t.equal((await ask('GET', `https://127.0.0.1:${server.port}/healthz`)).status, 200);
  t.equal((await ask('POST', `https://127.0.0.1:${server.port}/validate?timeout=5s`)).body, OK.body);
});

t.test('flags', async (t) => {
  const cases: readonly { title: string; argv: readonly string[]; want: unknown }[] = [
    { title: 'none', argv: [], want: { listen: { host: '0.0.0.0', port: 9443 }, url: undefined } },
    {
      title: 'a URL of its own',
      argv: ['--advertise-url=https://webhook.example:8443/werf/', '--listen=127.0.0.1:0'],
      want: { listen: { host: '127.0.0.1', port: 0 }, url: ['webhook.example', 'https://webhook.example:8443/werf'] },
    },
  ];
  for (const { title, argv, want } of cases) {
    const parsed = parseConfig({ argv, env: {} });
    if (parsed.kind !== 'ok') throw new Error(`${title}: ${parsed.kind}`);
    const { listen, advertiseUrl } = parsed.config;
    t.same({ listen, url: advertiseUrl && [advertiseUrl.host, advertiseUrl.base(1234)] }, want, title);
  }
  t.same(parseConfig({ argv: ['--listen=x', '--max-in-flight=0'], env: {} }).kind, 'invalid');
  t.same(parseConfig({ argv: ['--advertise-url=http://x'], env: {} }), {
    kind: 'invalid',
    problems: ['--advertise-url: "http://x" must begin with https://: webhooks are called over TLS only'],
  });

  const bases = ['https://127.0.0.1:0', 'https://[::1]:0/x', 'https://h', 'https://h:443/'].map((text) => {
    const parsed = parseAdvertiseUrl(text);
    return parsed.kind === 'ok' ? [parsed.url.host, parsed.url.base(1234)] : parsed.reason;
  });
  t.same(bases, [
    ['127.0.0.1', 'https://127.0.0.1:1234'],
    ['::1', 'https://[::1]:1234/x'],
    ['h', 'https://h'],
    ['h', 'https://h'],
  ]);
  const refused = ['nonsense', 'https://u:secret@h', 'https://h?a=1', 'https://h#a'].map((text) => {
    const parsed = parseAdvertiseUrl(text);
    return parsed.kind === 'ok' ? 'ok' : parsed.reason;
  });
  t.same(refused, [
    '"nonsense" is no URL; write for example https://192.0.2.1:9443',
    'no user or password may stand in the URL',
    '"https://h?a=1" must not have a query or a fragment',
    '"https://h#a" must not have a query or a fragment',
  ]);
});
