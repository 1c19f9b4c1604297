import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import t from 'tap';
import { connect } from '../../kube/connect.js';
import { commonFlags, type FlagTable, parseFlags } from '../../process/flags.js';
import { startHealthServer } from '../../process/health-server.js';
import { createLog } from '../../process/json-log.js';
import { type ProcessHost, runProcess, StartError } from '../../process/run.js';
import { systemClock, systemRandom } from '../../process/system-clock.js';
import { type TakeOutcome, ThreadQueue } from '../../process/thread-queue.js';
import { faultyLines } from '../kit/log-lines.js';

t.test('flags', async (t) => {
  const table = {
    name: { kind: 'string', help: 'A name.' },
    'leader-elect': { kind: 'boolean', default: true, help: 'Elects.' },
    loud: { kind: 'boolean', help: 'Is loud.' },
    workers: { kind: 'integer', min: 1, max: 64, default: 8, help: 'Workers.' },
    scale: { kind: 'number', min: 1, max: 10, default: 1, help: 'Scale.' },
    mode: { kind: 'enum', values: ['always', 'off'], default: 'always', help: 'Mode.' },
    'health-address': { kind: 'host-port', default: '0.0.0.0:8081', help: 'Health.' },
    retry: { kind: 'duration', min: '1s', max: '1h', default: '90s', help: 'Retry.' },
    allowed: { kind: 'list', help: 'Allowed.' },
  } as const satisfies FlagTable;
  const defaults = {
    name: undefined,
    leaderElect: true,
    loud: false,
    workers: 8,
    scale: 1,
    mode: 'always',
    healthAddress: { host: '0.0.0.0', port: 8081 },
    retry: 90_000,
    allowed: [],
  };
  const parse = (argv: readonly string[], env: Record<string, string> = {}) =>
    parseFlags(table, { argv, env, program: 'controller', summary: 'Deploys bundles.' });
  const valid: readonly { title: string; argv?: readonly string[]; env?: Record<string, string>; want: object }[] = [
    { title: 'defaults', want: {} },
    {
      title: 'a value after a space or an equals sign',
      argv: ['--name', 'a', '--workers=3'],
      want: { name: 'a', workers: 3 },
    },
    { title: 'a value may hold an equals sign', argv: ['--name=a=b'], want: { name: 'a=b' } },
    {
      title: 'booleans, bare, negated and spelled out',
      argv: ['--loud', '--no-leader-elect'],
      want: { loud: true, leaderElect: false },
    },
    { title: 'booleans spelled out', argv: ['--leader-elect=off'], want: { leaderElect: false } },
    {
      title: 'environment',
      env: { WERFBUNDLE_LEADER_ELECT: 'false', WERFBUNDLE_NAME: 'e' },
      want: { leaderElect: false, name: 'e' },
    },
    { title: 'flags win over the environment', argv: ['--name=f'], env: { WERFBUNDLE_NAME: 'e' }, want: { name: 'f' } },
    { title: 'an empty variable is none', env: { WERFBUNDLE_WORKERS: '' }, want: {} },
    { title: 'the last one counts', argv: ['--mode=always', '--mode=off'], want: { mode: 'off' } },
    { title: 'lists', argv: ['--allowed=a, b', '--allowed', 'c'], want: { allowed: ['a', 'b', 'c'] } },
    { title: 'durations are milliseconds', argv: ['--retry=1m30s'], want: { retry: 90_000 } },
    { title: 'addresses', argv: ['--health-address=[::1]:0'], want: { healthAddress: { host: '::1', port: 0 } } },
    {
      title: 'an address without host is all of them',
      argv: ['--health-address=:80'],
      want: { healthAddress: { host: '0.0.0.0', port: 80 } },
    },
  ];
  for (const { title, argv = [], env = {}, want } of valid) {
    t.strictSame(parse(argv, env), { kind: 'ok', values: { ...defaults, ...want } }, title);
  }
  const invalid: readonly {
    title: string;
    argv: readonly string[];
    env?: Record<string, string>;
    want: readonly string[];
  }[] = [
    {
      title: 'all problems at once, each with where it stands',
      argv: ['--workers=many', '--mode', 'on', '--health-address=8081'],
      env: { WERFBUNDLE_SCALE: '0.5' },
      want: [
        '--workers: "many" is not a whole number from 1 to 64',
        'WERFBUNDLE_SCALE: "0.5" is not a number from 1 to 10',
        '--mode: "on" is none of always, off',
        '--health-address: "8081" is not HOST:PORT, for example "0.0.0.0:8081"',
      ],
    },
    {
      title: 'the nearest known flag',
      argv: ['--worker', '3'],
      want: ['--worker: there is no such flag; did you mean --workers?'],
    },
    { title: 'no flag is near', argv: ['--zzzzzzzz'], want: ['--zzzzzzzz: there is no such flag; --help lists them'] },
    { title: 'a value is missing', argv: ['--name', '--loud'], want: ['--name: a value is missing'] },
    { title: 'a value is missing at the end', argv: ['--name'], want: ['--name: a value is missing'] },
    {
      title: 'plain words',
      argv: ['start'],
      want: ['"start" is not understood: there are only flags, each with two dashes'],
    },
    {
      title: 'a duration without unit',
      argv: ['--retry=15'],
      want: ['--retry: "15": a unit is missing; a duration from 1s to 1h is needed'],
    },
    { title: 'a duration out of its range', argv: ['--retry=2h'], want: ['--retry: 2h is not from 1s to 1h'] },
  ];
  for (const { title, argv, env = {}, want } of invalid) {
    t.strictSame(parse(argv, env), { kind: 'invalid', problems: want }, title);
  }
  t.strictSame(parse(['--version', '--nonsense']), { kind: 'version' });
  const help = parse(['--help']);
  t.match(help, { kind: 'help', text: /usage: controller \[flags\]\n\nDeploys bundles\.\n/ });
  t.match(help, { text: /--workers N\n {6}Workers\. \(default 8\) \[WERFBUNDLE_WORKERS\]\n/ });
  const typed = parseFlags(
    { jobs: { kind: 'integer', min: 1, max: 9, help: 'Jobs.' } },
    { argv: ['-h'], program: 'a', summary: 'B.' },
  );
  t.strictSame(
    typed,
    { kind: 'help', text: 'usage: a [flags]\n\nB.\n\n  --jobs N\n      Jobs.\n  --help\n  --version\n' },
    'no environment',
  );
  t.strictSame(parseFlags(commonFlags, { argv: [], env: {}, program: 'webhook', summary: '' }), {
    kind: 'ok',
    values: {
      kubeconfig: undefined,
      context: undefined,
      namespace: 'k8s-werf-operator-go-system',
      certificateSecret: 'werfbundle-webhook-certificates',
      healthAddress: { host: '0.0.0.0', port: 8081 },
      logLevel: 'info',
      timeScale: 1,
    },
  });
});

t.test('the log', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'info',
    name: 'controller',
    destination: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  log.debug('not this one');
  const cause = new Error('Bearer abcdef123456 was refused');
  log.child({ reconcileId: 'r1' }).error('job not created', {
    job: 'my-app-1',
    headers: { Authorization: 'Bearer abcdef' },
    registryPassword: 'hunter2',
    proxy: 'http://me:hunter2@proxy.example:3128',
    error: Object.assign(new Error('refused', { cause }), { code: 'forbidden' }),
  });
  t.equal(lines.length, 1);
  t.match(lines[0], {
    level: 'error',
    name: 'controller',
    message: 'job not created',
    reconcileId: 'r1',
    job: 'my-app-1',
    headers: { Authorization: '[redacted]' },
    registryPassword: '[redacted]',
    proxy: 'http://me:[redacted]@proxy.example:3128',
    error: { type: 'Error', message: 'refused', code: 'forbidden', stack: /process\.spec/, cause: { type: 'Error' } },
  });
  t.match(lines[0]?.['time'], /^\d{4}-.*Z$/);
  t.notMatch(JSON.stringify(lines), /hunter2|abcdef/);
});

t.test('a line of the log has each key once, whatever its fields are called', async (t) => {
  const lines: string[] = [];
  const log = createLog({
    level: 'debug',
    name: 'controller',
    destination: { write: (line) => void lines.push(line) },
  });
  log.info('a', { name: 'my-app', namespace: 'ops', message: 'b', level: 'c', time: 'd' });
  log.child({ reconcileId: 'r1', name: 'outer' }).child({ reconcileId: 'r2' }).debug('e', { reconcileId: 'r3' });
  log.child({ object: { name: 'inner', message: 'stays' } }).warn('f');
  t.same(faultyLines(lines.join('')), []);
  const { time: _, ...first } = JSON.parse(lines[0] ?? '');
  const fields = { name_: 'my-app', namespace: 'ops', message_: 'b', level_: 'c', time_: 'd' };
  t.strictSame(first, { level: 'info', name: 'controller', ...fields, message: 'a' });
  t.match(JSON.parse(lines[1] ?? ''), { name: 'controller', name_: 'outer', reconcileId: 'r3' });
  t.match(JSON.parse(lines[2] ?? ''), { object: { name: 'inner', message: 'stays' } });
  t.same(faultyLines('{"a":1,"a":2}\n{"b":{"c":1,"c":1}}\nplain\n').length, 3, 'this is how it would be found');
});

t.test('the health server', async (t) => {
  let ready: { ok: true } | { ok: false; reason: string } = { ok: false, reason: 'the cache is not complete' };
  const server = await startHealthServer({
    address: { host: '127.0.0.1', port: 0 },
    ready: () => ready,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'leader 1\n' }),
  });
  t.teardown(() => server.close());
  const get = async (path: string, method = 'GET'): Promise<readonly [number, string]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return [response.status, await response.text()];
  };
  t.strictSame(await get('/healthz'), [200, 'ok\n']);
  t.strictSame(await get('/readyz'), [503, 'the cache is not complete\n']);
  ready = { ok: true };
  t.strictSame(await get('/readyz?verbose'), [200, 'ok\n']);
  t.strictSame(await get('/metrics'), [200, 'leader 1\n']);
  t.strictSame(await get('/'), [404, 'there are /healthz, /readyz and /metrics\n']);
  t.strictSame(await get('/metrics', 'POST'), [405, 'GET only\n']);
  const again = startHealthServer({
    address: { host: '127.0.0.1', port: server.port },
    ready: () => ready,
    metrics: async () => ({ contentType: '', body: '' }),
  });
  await t.rejects(again, {
    name: 'StartError',
    message: `cannot listen on 127.0.0.1:${server.port}: the port is in use; give another --health-address`,
  });
});

t.test('callers that send nothing keep no probe from the health server, and are given up', async (t) => {
  const server = await startHealthServer({
    address: { host: '127.0.0.1', port: 0 },
    ready: () => ({ ok: true }),
    metrics: async () => ({ contentType: 'text/plain', body: '' }),
  });
  t.teardown(() => server.close());
  const sockets = Array.from({ length: 300 }, () => connectTcp(server.port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const endings = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket
          .on('error', () => {})
          .once('close', () => resolve())
          .resume();
      }),
  );
  for (const socket of sockets) socket.write('GET /healthz HTTP/1.1\r\n');
  await Promise.all(endings.slice(0, 200));
  t.equal((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status, 200);
  await Promise.all(endings);
  t.pass('the last ones after a few seconds');
});

t.test('a process', async (t) => {
  const start = (main: Parameters<typeof runProcess>[0]) => {
    const exits: number[] = [];
    let stderr = '';
    let listener = (): void => undefined;
    const host: ProcessHost = {
      on: (_, given) => {
        listener = given;
      },
      exit: (code) => void exits.push(code),
      stderr: {
        write: (text) => {
          stderr += text;
        },
      },
    };
    const done = runProcess(main, host);
    return { done, kill: () => listener(), result: () => ({ exits, stderr }) };
  };
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  const quiet = start(async () => undefined);
  await quiet.done;
  t.strictSame(quiet.result(), { exits: [0], stderr: '' }, 'ends with 0 when there is nothing more to do');

  const given = start((_, fail) => {
    fail(new Error('stuck'));
    return new Promise<never>(() => {});
  });
  await given.done;
  t.strictSame(given.result().exits, [1], 'ends with 1 when it gives up, whatever it still waits for');
  t.match(given.result().stderr, /^Error: stuck\n/);

  const misused = start(async () => {
    throw new StartError(['--workers: "many" is not a whole number', '--mode: "on" is none of off']);
  });
  await misused.done;
  const lines = '--workers: "many" is not a whole number\n--mode: "on" is none of off\n';
  t.strictSame(misused.result(), { exits: [2], stderr: lines }, 'says what is wrong, a line each, and ends with 2');

  const broken = start(async () => {
    throw new TypeError('a bug');
  });
  await broken.done;
  t.strictSame(broken.result().exits, [1], 'ends with 1 after a bug');
  t.match(broken.result().stderr, /^TypeError: a bug\n +at /, 'and shows its stack');

  const stopped = start(untilAborted);
  stopped.kill();
  await stopped.done;
  t.strictSame(stopped.result(), { exits: [0], stderr: '' }, 'ends with 0 when it was told to stop');

  const stuck = start(() => new Promise(() => undefined));
  stuck.kill();
  stuck.kill();
  t.strictSame(stuck.result().exits, [143], 'a second signal ends it at once');
});

t.test("the machine's clock sleeps, wakes up when it is told, and its chance is below one", async (t) => {
  const before = systemClock.monotonic();
  await systemClock.sleep(20);
  t.ok(systemClock.monotonic() - before >= 19);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(2 ** 40, controller.signal);
  controller.abort(new Error('enough'));
  await t.rejects(sleeping, { message: 'enough' });
  await t.rejects(systemClock.sleep(1, controller.signal), { message: 'enough' });
  const chance = systemRandom.uniform();
  t.ok(chance >= 0 && chance < 1);
});

/** Credentials whose token was good in 1970. */
const endedOidc = {
  name: 'oidc',
  config: {
    'id-token': ['{"alg":"RS256"}', '{"exp":1}', 'signature']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.'),
    'refresh-token': 'hunter2',
    'client-id': 'kubernetes',
    'idp-issuer-url': 'http://127.0.0.1:9/',
  },
};

t.test('a kubeconfig', async (t) => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  const config = (fields: object): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'a',
      clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}/k8s` } }],
      users: [{ name: 'u', user: { token: 'hunter2' } }],
      contexts: [
        { name: 'a', context: { cluster: 'c', user: 'u', namespace: 'ops' } },
        { name: 'b', context: { cluster: 'c', user: 'u' } },
      ],
      ...fields,
    });
  const dir = t.testdir({
    good: config({}),
    empty: '',
    broken: 'clusters: [\ntoken: hunter2: x',
    text: 'hunter2',
    serverless: config({ clusters: [{ name: 'c', cluster: {} }] }),
    address: config({ clusters: [{ name: 'c', cluster: { server: '127.0.0.1:6443' } }] }),
    clusterless: config({ clusters: [] }),
    userless: config({ users: [] }),
    contextless: config({ 'current-context': undefined }),
    ca: config({ clusters: [{ name: 'c', cluster: { server: 'https://a', 'certificate-authority': 'no-ca.crt' } }] }),
    exec: config({ users: [{ name: 'u', user: { exec: { command: 'no-such-program' } } }] }),
    token: 'from-a-file\n',
    'token-file': config({ users: [{ name: 'u', user: { tokenFile: 'token' } }] }),
    noise: config({ users: [{ name: 'u', user: { exec: { command: 'echo', args: ['hunter2'] } } }] }),
    'line-end': config({ users: [{ name: 'u', user: { token: 'hunter2\nhunter3' } }] }),
    oidc: config({ users: [{ name: 'u', user: { 'auth-provider': endedOidc } }] }),
    basic: config({ users: [{ name: 'u', user: { username: 'me', password: 'pw' } }] }),
    plain: config({ clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:8001' } }] }),
    second: config({ 'current-context': 'b', users: [{ name: 'u', user: { token: 'other' } }] }),
  });
  const good = await connect({ kubeconfig: `${dir}/good` });
  t.equal(good.server.href, `https://127.0.0.1:${port}/k8s`);
  t.equal(good.namespace, 'ops');
  t.strictSame(await good.headers(), { authorization: 'Bearer hunter2' });
  t.strictSame(good.tls, { rejectUnauthorized: true });
  t.equal((await connect({ kubeconfig: `${dir}/good`, context: 'b' })).namespace, undefined);
  const basic = await connect({ kubeconfig: `${dir}/basic` });
  t.strictSame(await basic.headers(), { authorization: `Basic ${btoa('me:pw')}` });
  t.equal((await connect({ kubeconfig: `${dir}/plain` })).server.href, 'http://127.0.0.1:8001/');

  const tokenFile = await connect({ kubeconfig: `${dir}/token-file` });
  t.strictSame(await tokenFile.headers(), { authorization: 'Bearer from-a-file' });

  const { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST } = process.env;
  t.teardown(() => Object.assign(process.env, { KUBECONFIG, HOME, KUBERNETES_SERVICE_HOST }));
  delete process.env['KUBERNETES_SERVICE_HOST'];
  process.env['KUBECONFIG'] = `${dir}/absent:${dir}/good:${dir}/second`;
  const merged = await connect({});
  t.strictSame(
    [merged.namespace, await merged.headers()],
    ['ops', { authorization: 'Bearer hunter2' }],
    'the first wins',
  );
  process.env['KUBECONFIG'] = `${dir}/absent`;
  await t.rejects(connect({}), {
    message: `no cluster to connect to: KUBECONFIG names ${dir}/absent, which does not exist; give --kubeconfig FILE`,
  });
  delete process.env['KUBECONFIG'];
  process.env['HOME'] = dir;
  await t.rejects(connect({}), {
    message: `no cluster to connect to: KUBECONFIG is not set and ${dir}/.kube/config does not exist; give --kubeconfig FILE`,
  });

  const other = 'give another one with --kubeconfig FILE';
  const rows: readonly { file: string; context?: string; want: string }[] = [
    { file: 'absent', want: `kubeconfig ${dir}/absent: cannot be read: no such file; ${other}` },
    { file: '', want: `kubeconfig ${dir}/: cannot be read: it is a directory; ${other}` },
    { file: 'empty', want: `kubeconfig ${dir}/empty: is empty; ${other}` },
    {
      file: 'broken',
      want: `kubeconfig ${dir}/broken: is no kubeconfig: missed comma between flow collection entries (line 2); ${other}`,
    },
    { file: 'text', want: `${dir}/text: no current-context; choose one with --context NAME (it holds none)` },
    {
      file: 'serverless',
      want: `kubeconfig ${dir}/serverless: is no kubeconfig: clusters[0].cluster.server is missing; ${other}`,
    },
    { file: 'address', want: `${dir}/address: server "127.0.0.1:6443" is no address; "https://HOST:PORT" is needed` },
    { file: 'clusterless', want: `${dir}/clusterless: context "a" names a cluster that is not there; mend the file` },
    { file: 'userless', want: `${dir}/userless: context "a" names a user that is not there; mend the file` },
    {
      file: 'contextless',
      want: `${dir}/contextless: no current-context; choose one with --context NAME (it holds "a", "b")`,
    },
    {
      file: 'good',
      context: 'x',
      want: `${dir}/good: no context "x"; choose another one with --context NAME (it holds "a", "b")`,
    },
    { file: 'ca', want: `${dir}/ca: the credentials of user "u" cannot be got: ${dir}/no-ca.crt: no such file` },
    {
      file: 'exec',
      want: `${dir}/exec: the credentials of user "u" cannot be got: command "no-such-program" cannot be run: no such file`,
    },
    {
      file: 'noise',
      want: `${dir}/noise: the credentials of user "u" cannot be got: command "echo" did not print a credential as JSON`,
    },
    {
      file: 'line-end',
      want: `${dir}/line-end: the credentials of user "u" cannot be got: the token or password has characters that no request can carry, a line end for example`,
    },
    {
      file: 'oidc',
      want: `${dir}/oidc: the credentials of user "u" cannot be got: its token has ended, or can't be read, and auth-provider oidc does not renew it here: log in again, or use a plugin that renews it, as kubelogin (kubectl oidc-login)`,
    },
  ];
  for (const { file, context, want } of rows) {
    const error: unknown = await connect({ kubeconfig: `${dir}/${file}`, context }).catch((error: unknown) => error);
    t.match(error, { name: 'ConnectError', message: want, cause: undefined }, want);
  }
});

t.test('threads are shared', async (t) => {
  const got: string[] = [];
  const take = (
    queue: ThreadQueue<string>,
    name: string,
    bytes: number,
    signal = new AbortController().signal,
  ): Promise<TakeOutcome<string>> => {
    const place = queue.take(bytes, signal);
    void place.then((result) => got.push(`${name}: ${result.kind === 'taken' ? result.thread : result.kind}`));
    return place;
  };
  const queue = new ThreadQueue(['one', 'two'], 100);
  await Promise.all([take(queue, 'a', 500), take(queue, 'b', 1)]);
  const gone = new AbortController();
  const waiting = [take(queue, 'c', 50), take(queue, 'd', 30), take(queue, 'e', 10), take(queue, 'f', 10)];
  const given = take(queue, 'given up', 0, gone.signal);
  gone.abort();
  await given;
  await take(queue, 'g', 1);
  await take(queue, 'late', 0, gone.signal);
  for (const thread of ['one', 'two', 'one', 'two', 'one', 'two']) queue.release(thread);
  await Promise.all(waiting);
  await take(queue, 'h', 1000);
  t.strictSame(got, [
    'a: one',
    'b: two',
    'given up: aborted',
    'g: full',
    'late: aborted',
    'e: one',
    'f: two',
    'd: one',
    'c: two',
    'h: two',
  ]);
});
