import { rename, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { type ConnectionOptions, connect } from 'node:tls';
import t, { type Test } from 'tap';
import type { Answer } from '../../admission/encode.js';
import { issueAuthority, issueLeaf, type KeyPair } from '../../certs/issue.js';
import { systemClock } from '../../process/system-clock.js';
import { ClientCa } from '../../webhook/client-ca.js';
import { parseConfig } from '../../webhook/config.js';
import type { Refusal } from '../../webhook/refusals.js';
import { startServer } from '../../webhook/server.js';
import { issueClientCertificate } from '../kit/client-certificate.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { recordLog } from '../kit/record-log.js';

const NAME = 'kube-apiserver-webhook-client';
const serving = await issueAuthority(Date.now());
const [one, two] = [await issueAuthority(Date.now()), await issueAuthority(Date.now())];
const leaf = await issueLeaf(serving, ['127.0.0.1'], Date.now());
const OK: Answer = { status: 200, contentType: 'application/json', body: '{}' };

type Shown = Pick<ConnectionOptions, 'cert' | 'key'>;
const shown = ({ certificate, key }: KeyPair): Shown => ({ cert: certificate, key });
const apiserver = shown(await issueClientCertificate(one, { subject: `CN=${NAME}` }));

const setup = async (t: Test, names: readonly string[] = []) => {
  const refused: Refusal[] = [];
  const log = recordLog();
  const server = await startServer({
    listen: { host: '127.0.0.1', port: 0 },
    serving: leaf,
    handler: () => Promise.resolve(OK),
    maxInFlight: 10,
    clients: { pem: one.certificate, names },
    ready: () => ({ ok: true }),
    metrics: { refused: (reason) => void refused.push(reason), countConnections: () => {} },
    clock: createFakeClock(),
    log,
  });
  t.teardown(() => server.stop(0, 0));
  const ask = (options: Shown & { readonly agent?: Agent; readonly method?: string; readonly path?: string } = {}) =>
    new Promise<{ readonly status: number | string; readonly connection?: string | undefined; readonly body?: string }>(
      (resolve) => {
        const { agent = false, method = 'POST', path = '/validate', ...certificate } = options;
        const to = {
          host: '127.0.0.1',
          port: server.port,
          ca: serving.certificate,
          agent,
          method,
          path,
          ...certificate,
        };
        const sent = request(to, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            body += part;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, connection: response.headers.connection, body }),
          );
        });
        sent.on('error', ({ message }) => resolve({ status: message }));
        sent.end(method === 'POST' ? '{}' : '');
      },
    );
  return { server, refused, ask, log };
};

t.test('with client CAs, who may ask for admission', async (t) => {
  const { ask, refused } = await setup(t, [NAME, 'another']);
  const of = async (authority: KeyPair, options: Parameters<typeof issueClientCertificate>[1]) =>
    shown(await issueClientCertificate(authority, options));
  const cases: readonly { readonly title: string; readonly caller: Shown; readonly want: number }[] = [
    { title: 'nobody without a certificate', caller: {}, want: 403 },
    { title: 'the apiserver', caller: apiserver, want: 200 },
    { title: 'another name that is listed', caller: await of(one, { subject: 'O=x, CN=another' }), want: 200 },
    { title: 'no other name', caller: await of(one, { subject: 'CN=system:node:worker-1' }), want: 403 },
    { title: 'nobody whose organisation has that name', caller: await of(one, { subject: `O=${NAME}` }), want: 403 },
    { title: 'nobody with several names', caller: await of(one, { subject: `CN=${NAME}, CN=x` }), want: 403 },
    { title: 'no server', caller: await of(one, { subject: `CN=${NAME}`, usage: 'server' }), want: 403 },
    {
      title: 'nobody whose certificate has expired',
      caller: await of(one, { subject: `CN=${NAME}`, until: Date.now() - 1000 }),
      want: 403,
    },
  ];
  for (const { title, caller, want } of cases) t.equal((await ask(caller)).status, want, title);
  t.strictSame(
    refused,
    Array.from({ length: 6 }, () => 'client-certificate'),
    'each refusal is counted',
  );
  const forged = await ask(await of(two, { subject: `CN=${NAME}` }));
  t.not(
    forged.status,
    200,
    'nobody by another CA of the same name: OpenSSL may end the connection before it is answered',
  );
  t.match(await ask(), { connection: 'close', body: /^a client certificate is needed that --client-ca vouches for/ });
  for (const path of ['/healthz', '/readyz'])
    t.equal((await ask({ method: 'GET', path })).status, 200, `anybody may ask ${path}`);
});

t.test('without names any certificate of the CAs will do', async (t) => {
  const { ask } = await setup(t);
  t.equal((await ask(shown(await issueClientCertificate(one, { subject: 'CN=x' })))).status, 200);
  t.equal((await ask(shown(await issueClientCertificate(one, { subject: 'O=no name' })))).status, 200);
  t.equal((await ask()).status, 403);
});

/** Opens a TLS session, asks once on it, and keeps what resumes it. */
const askOn = (
  port: number,
  options: ConnectionOptions,
): Promise<{ readonly answer: string; readonly reused: boolean; readonly session: Buffer }> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: serving.certificate, ...options });
    let session = Buffer.alloc(0);
    let answer = '';
    socket.on('session', (ticket) => {
      session = ticket;
    });
    socket.on('error', reject).once('secureConnect', () => {
      const reused = socket.isSessionReused();
      socket.write('POST /validate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}');
      socket.setEncoding('latin1').on('data', (part: string) => {
        answer += part;
      });
      socket.once('close', () => resolve({ answer: answer.slice(9, 12), reused, session }));
    });
  });

t.test('a resumed TLS session is worth what it was, and nothing once the CAs have changed', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { server } = await setup(t, [NAME]);
    const stranger = await askOn(server.port, { maxVersion });
    const again = await askOn(server.port, { maxVersion, session: stranger.session });
    t.strictSame(
      [stranger.answer, again.answer, again.reused],
      ['403', '403', true],
      `${maxVersion}: who had no certificate`,
    );
    const known = await askOn(server.port, { maxVersion, ...apiserver });
    const resumed = await askOn(server.port, { maxVersion, ...apiserver, session: known.session });
    t.strictSame([known.answer, resumed.answer, resumed.reused], ['200', '200', true], `${maxVersion}: who had one`);
    server.useClientCa(two.certificate);
    const later = await askOn(server.port, { maxVersion, ...apiserver, session: known.session });
    // The two CAs have one name: OpenSSL may end the connection before it is answered.
    t.strictSame([later.answer === '200', later.reused], [false, false], `${maxVersion}: after the CAs have changed`);
  }
});

t.test('other CAs count for new connections; one that is open ends with its next answer', async (t) => {
  const { server, ask } = await setup(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  t.match(await ask({ agent, ...apiserver }), { status: 200, connection: 'keep-alive' });
  server.useClientCa(two.certificate);
  t.match(await ask({ agent, ...apiserver }), { status: 200, connection: 'close' });
  t.not((await ask({ agent, ...apiserver })).status, 200);
  const next = shown(await issueClientCertificate(two, { subject: `CN=${NAME}` }));
  t.equal((await ask(next)).status, 200);
  server.use(await issueLeaf(serving, ['127.0.0.1'], Date.now()));
  t.strictSame(
    [(await ask(next)).status, (await ask(apiserver)).status],
    [200, 403],
    'another serving certificate changes nothing of it',
  );
});

t.test('the file is read anew when it changes; one that is broken changes nothing', async (t) => {
  const folder = t.testdir({ 'ca.crt': one.certificate });
  const file = join(folder, 'ca.crt');
  const log = recordLog();
  const client = await ClientCa.open({ file, lookMs: 20, clock: systemClock, log });
  t.equal(client.pem.trim(), one.certificate.trim());
  const ending = new AbortController();
  const changes: string[] = [];
  let wake = (): void => {};
  const running = client.run((pem) => {
    changes.push(pem.trim());
    wake();
  }, ending.signal);
  const replace = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  const changed = () => new Promise<void>((resolve) => (wake = resolve));
  const both = `${one.certificate}${two.certificate}`;
  await Promise.all([changed(), replace(both)]);
  t.equal(changes.at(-1), both.trim().replace('\n\n', '\n'));
  await replace('half a file');
  while (!log.entries.some(({ level }) => level === 'warn')) await new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([changed(), replace(two.certificate)]);
  ending.abort();
  await running;
  t.equal(client.pem.trim(), two.certificate.trim());
  t.equal(changes.length, 2);
  t.strictSame(
    log.entries.map(({ level, message, fields }) => [level, message, fields['complaint'] ?? fields['count']]),
    [
      ['info', 'client CAs were read anew', 2],
      [
        'warn',
        'the file of --client-ca is not usable; the CAs that were read last go on to count',
        'holds no PEM certificate',
      ],
      ['info', 'client CAs were read anew', 1],
    ],
    'each is told once',
  );
});

t.test('a file that is no use ends the start in one clear line', async (t) => {
  const leafOnly = (await issueClientCertificate(one, { subject: 'CN=x' })).certificate;
  const folder = t.testdir({ empty: '', leaf: leafOnly });
  const cases = [
    ['missing', "can't be read (ENOENT)"],
    ['empty', 'holds no PEM certificate'],
    ['leaf', 'holds a certificate that is broken, or not that of a CA'],
  ] as const;
  for (const [name, reason] of cases) {
    const file = join(folder, name);
    const opened = ClientCa.open({ file, lookMs: 1000, clock: systemClock, log: recordLog() });
    await t.rejects(opened, { name: 'StartError', lines: [`--client-ca: ${file} ${reason}`] });
  }
  t.strictSame(parseConfig({ argv: ['--client-names=x'], env: {} }), {
    kind: 'invalid',
    problems: ['--client-names: there are no client certificates to look at without --client-ca'],
  });
});
