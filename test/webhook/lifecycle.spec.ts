import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { connect, type SecureVersion } from 'node:tls';
import t, { type Test } from 'tap';
import type { Serving } from '../../certs/certificate-manager.js';
import { issueAuthority, issueLeaf, issueLeafUntil, type KeyPair } from '../../certs/issue.js';
import { addressOf, calledName } from '../../webhook/certificates.js';
import { parseConfig } from '../../webhook/config.js';
import { SelfCheck } from '../../webhook/self-check.js';
import { startServer } from '../../webhook/server.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';

const NAME = 'werfbundle-webhook.ops.svc';
const one = await issueAuthority(Date.now());
const two = await issueAuthority(Date.now());
const BODY = '{"answered":true}';

const newServer = async (t: Test, serving: KeyPair, host = '127.0.0.1') => {
  const server = await startServer({
    listen: { host, port: 0 },
    serving,
    handler: () => Promise.resolve({ status: 200, contentType: 'application/json', body: BODY }),
    maxInFlight: 100,
    ready: () => ({ ok: true }),
    clock: createFakeClock(),
    log: recordLog(),
  });
  t.teardown(() => server.stop(0, 0));
  return server;
};

const handshake = (port: number, options: { readonly maxVersion?: SecureVersion } = {}): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: 'TLSv1', ...options });
    socket.once('secureConnect', () => {
      resolve(`${socket.getProtocol()} ${socket.getPeerCertificate().fingerprint256}`);
      socket.destroy();
    });
    socket.once('error', ({ message }) => resolve(message));
  });

t.test('certificates are swapped under keep-alive connections without a failed request', async (t) => {
  const server = await newServer(t, await issueLeaf(one, [NAME], Date.now()));
  const trusted = [one.certificate, two.certificate];
  const sockets = new Set<unknown>();
  const agents = Array.from({ length: 10 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  t.teardown(() => {
    for (const agent of agents) agent.destroy();
  });
  const ask = (agent: Agent | false): Promise<string> =>
    new Promise((resolve) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: server.port,
          servername: NAME,
          ca: trusted,
          agent,
          method: 'POST',
          path: '/validate',
        },
        (response: IncomingMessage) => {
          if (agent !== false) sockets.add(response.socket);
          let text = '';
          response.on('data', (part: Buffer) => {
            text += part.toString();
          });
          response.on('end', () => resolve(`${response.statusCode} ${text}`));
        },
      );
      sent.on('error', ({ message }) => resolve(message));
      sent.end('{}');
    });
  let running = true;
  const answers = new Map<string, number>();
  const keepAsking = async (agent: Agent | false): Promise<void> => {
    while (running) {
      const answer = await ask(agent);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  };
  const asking = [...agents, false as const].map(keepAsking);
  let last: KeyPair = one;
  for (let swaps = 0; swaps < 20; swaps += 1) {
    last = await issueLeaf(swaps % 2 === 0 ? two : one, [NAME], Date.now());
    server.use(last);
    await ask(false);
  }
  running = false;
  await Promise.all(asking);
  t.same([...answers.keys()], [`200 ${BODY}`], 'every answer was an answer');
  t.ok((answers.get(`200 ${BODY}`) ?? 0) > 50, `${answers.get(`200 ${BODY}`)} requests`);
  t.equal(sockets.size, 10, 'on connections that none of the twenty swaps ended');

  const { fingerprint256 } = new X509Certificate(last.certificate);
  t.equal(await handshake(server.port), `TLSv1.3 ${fingerprint256}`, 'new connections get the new certificate');
  t.equal(await handshake(server.port, { maxVersion: 'TLSv1.2' }), `TLSv1.2 ${fingerprint256}`);
  t.match(await handshake(server.port, { maxVersion: 'TLSv1.1' }), /alert protocol version|no protocols available/);
  t.throws(() => server.use({ certificate: 'junk', key: 'junk' }), 'what OpenSSL refuses is not taken');
  t.equal(await handshake(server.port), `TLSv1.3 ${fingerprint256}`, 'and what was there stays');
});

const servingOf = ({ certificate, key }: KeyPair): Serving => {
  const { fingerprint256: fingerprint, validTo } = new X509Certificate(certificate);
  return { certificate, key, fingerprint, expires: Date.parse(validTo) };
};

t.test('readiness is a handshake with ourselves', async (t) => {
  const good = servingOf(await issueLeaf(one, [NAME], Date.now()));
  const now = Date.now();
  const expired = servingOf(
    await issueLeafUntil({ authority: one, names: [NAME], now: now - 60_000, until: now - 30_000 }),
  );
  const server = await newServer(t, good, '::1');
  const wildcard = await newServer(t, good, '0.0.0.0');
  const self = (
    serving: Serving | undefined,
    trusted: readonly string[],
    where = { host: '::', port: server.port },
  ) => {
    const log = recordLog();
    const certificates: { serving: Serving | undefined; trusted: readonly string[] } = { serving, trusted };
    const clock = createFakeClock();
    const needs = { listen: where, name: NAME, certificates, clock, log, about: { health: 1 } };
    return { check: new SelfCheck(needs), needs, certificates, log, clock };
  };
  const AS = `a TLS handshake with ourselves as ${NAME} failed: `;
  const bundle = [two.certificate, one.certificate];
  const cases: readonly { title: string; self: ReturnType<typeof self>; serve?: Serving; want: unknown }[] = [
    { title: 'all is well', self: self(good, bundle), want: { ok: true } },
    { title: 'on any address', self: self(good, bundle, { host: '0.0.0.0', port: wildcard.port }), want: { ok: true } },
    {
      title: 'there is no certificate',
      self: self(undefined, bundle),
      want: { ok: false, reason: 'there is no certificate to serve with' },
    },
    {
      title: 'the caBundles are empty',
      self: self(good, []),
      want: { ok: false, reason: 'no caBundle of the webhook configurations holds a certificate of ours' },
    },
    {
      title: 'the caBundles hold another authority',
      self: self(good, [two.certificate]),
      want: { ok: false, reason: `${AS}unable to verify the first certificate` },
    },
    {
      title: 'another certificate is served',
      self: self(servingOf(await issueLeaf(one, [NAME], Date.now())), bundle),
      want: { ok: false, reason: 'another certificate is served than the one that is meant' },
    },
    {
      title: 'the certificate has expired',
      self: self(expired, bundle),
      serve: expired,
      want: { ok: false, reason: `${AS}certificate has expired` },
    },
    {
      title: 'the certificate is for another name',
      self: self(good, bundle),
      serve: servingOf(await issueLeaf(one, ['other.example'], Date.now())),
      want: {
        ok: false,
        reason: `${AS}Hostname/IP does not match certificate's altnames: Host: ${NAME}. is not in the cert's altnames: DNS:other.example`,
      },
    },
  ];
  for (const { title, self: given, serve = good, want } of cases) {
    server.use(serve);
    t.same(given.check.readiness, { ok: false, reason: 'starting' });
    await given.check.check();
    t.same(given.check.readiness, want, title);
  }
  const nobody = self(good, bundle, { host: '127.0.0.1', port: 1 });
  await nobody.check.check();
  t.match(nobody.check.readiness, { ok: false, reason: /ECONNREFUSED/ });

  server.use(good);
  const { check, certificates, log, clock } = self(good, bundle);
  const ending = new AbortController();
  const ended = check.run(ending.signal);
  const until = async (ok: boolean): Promise<void> => {
    for (let turns = 0; turns < 1000 && check.readiness.ok !== ok; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const sleeping = async (): Promise<void> => {
    while (clock.pending() === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  await until(true);
  certificates.trusted = [];
  await sleeping();
  await clock.advance(10_000);
  await sleeping();
  t.same(check.readiness, { ok: true }, 'one failure is none');
  await clock.advance(1000);
  await sleeping();
  t.equal(check.readiness.ok, false, 'two in a row are one');
  certificates.trusted = bundle;
  await clock.advance(1000);
  await sleeping();
  t.same(check.readiness, { ok: true }, 'a second later it is over');
  ending.abort();
  await ended;
  t.same(
    log.entries.map(({ level, message, fields }) => [level, message, fields]),
    [
      ['info', 'webhook ready', { health: 1 }],
      [
        'warn',
        'webhook not ready: an apiserver could not call it',
        { health: 1, reason: 'no caBundle of the webhook configurations holds a certificate of ours' },
      ],
      ['info', 'webhook ready', { health: 1 }],
    ],
    'each change is told once',
  );
});

t.test('what the apiserver calls us', (t) => {
  const cases: readonly { argv: readonly string[]; want: unknown }[] = [
    {
      argv: ['--namespace=ops'],
      want: [NAME, { kind: 'service', namespace: 'ops', name: 'werfbundle-webhook' }],
    },
    {
      argv: ['--advertise-url=https://192.0.2.1:443/werf'],
      want: ['192.0.2.1', { kind: 'url', base: 'https://192.0.2.1/werf', anyPort: false }],
    },
    {
      argv: ['--advertise-url=https://192.0.2.1:0'],
      want: ['192.0.2.1', { kind: 'url', base: 'https://192.0.2.1:1234', anyPort: true }],
    },
  ];
  for (const { argv, want } of cases) {
    const parsed = parseConfig({ argv, env: {} });
    if (parsed.kind !== 'ok') throw new Error(parsed.kind);
    t.same([calledName(parsed.config), addressOf(parsed.config, 1234)], want, argv.join(' '));
  }
  t.end();
});
