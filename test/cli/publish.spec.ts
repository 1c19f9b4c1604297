import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import { findUserCredential } from '../../cli/publish/credentials.js';
import { explainRefusal } from '../../cli/publish/explain-refusal.js';
import type { Refusal } from '../../cli/publish/push.js';
import { parseReference } from '../../cli/publish/reference.js';
import { publishImage } from '../../playground/registry/publish.js';
import { startRegistry } from '../../playground/registry/start.js';
import { program } from '../playground/program-script.js';

const PROGRAM = join(process.cwd(), 'dist/werfbundle.js');
const CHART = join(process.cwd(), 'playground/chart');

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `werfbundle publish` with no login of this machine's. */
const run = (t: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const own = { PATH: process.env['PATH'], HOME: t.testdirName, NO_COLOR: '1', ...env };
    execFile(process.execPath, [PROGRAM, 'publish', ...args], { env: own }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

const AUTH = { kind: 'htpasswd', username: 'anna', password: 'open sesame' } as const;

/** A docker config with a login for a host. */
const loginTo = (host: string, password: string): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${AUTH.username}:${password}`).toString('base64') } } });

t.test('an address is host, path and tag', async (t) => {
  const ok = { host: 'ghcr.io', repository: 'acme/app', tag: 'v1.0.0', url: 'ghcr.io/acme/app' };
  t.strictSame(parseReference('ghcr.io/acme/app:v1.0.0'), { kind: 'ok', ...ok });
  t.strictSame(parseReference('oci://GHCR.io/acme/app:v1.0.0'), { kind: 'ok', ...ok });
  t.match(parseReference('localhost:5000/a:1'), { host: 'localhost:5000', repository: 'a', tag: '1' });
  const rows: readonly (readonly [string, RegExp])[] = [
    ['localhost:5000/a', /a tag is missing; write host\[:port\]\/path:tag/],
    ['acme/app:v1', /the host of the registry is missing.*; did you mean "docker.io\/acme\/app:v1"\?$/],
    ['https://ghcr.io/acme/app:v1', /without scheme is needed; did you mean "ghcr.io\/acme\/app:v1"\?$/],
    ['ghcr.io/acme/app:', /a tag has letters, digits/],
    ['ghcr.io/acme/app:.x', /a tag has letters, digits/],
    ['ghcr.io/acme/app@sha256:abc', /a bundle is published under a tag, not under a digest/],
  ];
  for (const [text, why] of rows) t.match(parseReference(text), { kind: 'invalid', why }, text);
});

t.test('a chart is published, published again, and moved', async (t) => {
  const next = { 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.1\n', templates: { a: '' } };
  const dir = t.testdir({ registry: {}, next });
  const registry = await startRegistry({ dir: join(dir, 'registry'), say: () => {} });
  t.teardown(() => registry.stop());
  const url = `${registry.host}/demo/web`;
  const first = await run(t, [CHART, `${url}:v1.0.0`]);
  const digest = /sha256:[0-9a-f]{64}/.exec(first.stdout)?.[0] ?? '';
  t.strictSame(first, {
    code: 0,
    stderr: '',
    stdout: `published chart web 1.0.0 (4 files) as ${url}:v1.0.0
digest ${digest}

in a WerfBundle:

spec:
  registry:
    url: ${url}
    tag: v1.0.0
    insecure: true
`,
  });
  const asked = await fetch(`http://${registry.host}/v2/demo/web/manifests/v1.0.0`);
  t.equal(asked.headers.get('docker-content-digest'), digest, 'what it prints is what is there');
  const json = { url, tag: 'v1.0.0', digest, insecure: true, chart: { name: 'web', version: '1.0.0', files: 4 } };
  const again = await run(t, [CHART, `${url}:v1.0.0`, '-o', 'json']);
  t.strictSame([again.code, again.stderr, JSON.parse(again.stdout)], [0, '', { ...json, unchanged: true }]);

  const image = await publishImage({ host: registry.host, repository: 'demo/web', tag: 'v1.0.0' });
  const moved = await run(t, [CHART, `${url}:v1.0.0`]);
  t.match(moved.stdout, `\nreplaced ${image.digest}, which was no bundle\n`);
  const replaced = await run(t, [join(dir, 'next'), `${url}:v1.0.0`, '-o', 'json']);
  t.match(JSON.parse(replaced.stdout), { replaced: { digest, bundle: true }, chart: { version: '1.0.1' } });
});

t.test('the login is the one of docker login', async (t) => {
  const dir = t.testdir({ docker: {} });
  const registry = await startRegistry({ dir, auth: AUTH, say: () => {} });
  t.teardown(() => registry.stop());
  const { host } = registry;
  const file = join(dir, 'docker/config.json');
  const where = { DOCKER_CONFIG: join(dir, 'docker') };
  const refused = `werfbundle: nothing was published to ${host}/demo/web: 401 unauthorized (the registry says: UNAUTHORIZED); `;
  const push = () => run(t, [CHART, `${host}/demo/web:v1`], where);

  const none = `${refused}${file} has no login for ${host}: run "docker login ${host}"\n`;
  t.strictSame(await push(), { code: 1, stdout: '', stderr: none }, 'no file');
  await writeFile(file, loginTo('other.example', AUTH.password));
  t.equal((await push()).stderr, none, 'none for this registry');
  await writeFile(file, loginTo(host, 'wrong'));
  const wrong = `the login of ${file} is not accepted: run "docker login ${host}" again\n`;
  t.strictSame(await push(), { code: 1, stdout: '', stderr: `${refused}${wrong}` });
  await writeFile(file, '{');
  t.equal((await push()).stderr, `${refused}${file}: it is no JSON object: run "docker login ${host}"\n`);
  await writeFile(file, loginTo(host, AUTH.password));
  t.match(await push(), { code: 0, stderr: '' });
});

t.test('credential helpers are asked as docker asks them', async (t) => {
  const dir = t.testdir({ bin: {}, docker: {} });
  const bin = join(dir, 'bin');
  await program(
    bin,
    'docker-credential-keeper',
    `read server || true; printf '%s %s' "$1" "$server" >"${dir}/asked"
case "$server" in
  *known.example) echo '{"ServerURL":"x","Username":"anna","Secret":"s3cret"}';;
  token.example) echo '{"Username":"<token>","Secret":"ident"}';;
  https://index.docker.io/v1/) echo '{"Username":"hub","Secret":"s3cret"}';;
  broken.example) echo 'the keyring is locked: s3cret' >&2; exit 1;;
  odd.example) echo '[]';;
  *) echo 'credentials not found in native keychain'; exit 1;;
esac`,
  );
  const find = async (host: string, config: object) => {
    await writeFile(join(dir, 'docker/config.json'), JSON.stringify(config));
    const env = { PATH: `${bin}:${process.env['PATH']}`, DOCKER_CONFIG: join(dir, 'docker') };
    const { file: _, ...found } = await findUserCredential({ host, repository: 'acme/app' }, env);
    return found;
  };
  const basic = (username: string) => ({ credential: { kind: 'basic', username, password: 's3cret' } });
  const store = { credsStore: 'keeper' };
  t.strictSame(await find('known.example', store), basic('anna'));
  t.equal(await readFile(join(dir, 'asked'), 'utf8'), 'get known.example');
  t.strictSame(await find('token.example', store), {
    credential: { kind: 'identity-token', username: '', token: 'ident' },
  });
  t.strictSame(await find('docker.io', store), basic('hub'), 'Docker Hub has a name of its own');
  const own = { credHelpers: { 'own.known.example': 'keeper' } };
  t.strictSame(await find('own.known.example', { ...own, credsStore: 'none' }), basic('anna'));
  t.strictSame(await find('other.example', own), { credential: undefined });
  const beside = { ...store, auths: JSON.parse(loginTo('plain.example', 's3cret')).auths };
  t.strictSame(await find('plain.example', beside), basic('anna'), 'auths count where the helper has nothing');
  t.strictSame(await find('broken.example', store), {
    credential: undefined,
    problem: 'docker-credential-keeper failed',
  });
  t.strictSame(await find('odd.example', store), {
    credential: undefined,
    problem: 'docker-credential-keeper gave no credential',
  });
  t.strictSame(await find('x.example', { credsStore: 'desktop' }), {
    credential: undefined,
    problem: 'docker-credential-desktop, which it names, is not on the PATH',
  });
  t.strictSame(await find('x.example', { credsStore: '../../x' }), {
    credential: undefined,
    problem: 'its credential helper has a name that none can have',
  });
});

/** A server that gives one answer to everything. */
const answering = async (t: Test, answer: (req: IncomingMessage, res: ServerResponse) => void, tls?: object) => {
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

t.test('what a registry answers is told in words, with what to do', async (t) => {
  const denied = JSON.stringify({ errors: [{ code: 'DENIED', message: 'quota\n\u001b[31mexceeded' }] });
  const rows: readonly {
    readonly title: string;
    readonly status: number;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly want: (host: string) => string;
  }[] = [
    {
      title: '404',
      status: 404,
      want: (host) =>
        `404 not found; ${host} knows no a/b; some registries want the repository or its project made first`,
    },
    {
      title: '405',
      status: 405,
      want: (host) => `405 method not allowed; ${host} takes no pushes there: is it a mirror, or read-only?`,
    },
    { title: '413', status: 413, want: () => '413 payload too large; a proxy before the registry allows no such size' },
    {
      title: 'its own words, of which nothing can move the cursor',
      status: 507,
      body: denied,
      want: () => '507 insufficient storage (the registry says: quota [31mexceeded)',
    },
    { title: 'a pause', status: 429, headers: { 'retry-after': '7' }, want: () => '429 too many requests' },
    { title: 'no place for the upload', status: 202, want: () => 'the registry names no place for the upload' },
    {
      title: 'elsewhere',
      status: 308,
      headers: { location: 'https://x.example/' },
      want: (host) =>
        `308 permanent redirect; if ${host} speaks TLS, leave --insecure out, or, on this machine, give its CA with --ca-file FILE`,
    },
  ];
  for (const { title, status, headers, body, want } of rows) {
    const host = await answering(t, (req, res) =>
      req.resume().on('end', () => res.writeHead(status, headers).end(body)),
    );
    const { code, stdout, stderr } = await run(t, [CHART, `${host}/a/b:v1`]);
    const line = `werfbundle: nothing was published to ${host}/a/b: ${want(host)}\n`;
    t.strictSame({ code, stdout, stderr }, { code: 1, stdout: '', stderr: line }, title);
  }
  const to = '127.0.0.1:1/a/b';
  t.equal(
    (await run(t, [CHART, `${to}:v1`])).stderr,
    `werfbundle: nothing was published to ${to}: connection refused\n`,
  );
});

t.test('who else gets the login is said, and who must not gets none', async (t) => {
  const dir = t.testdir({ docker: {} });
  const env = { DOCKER_CONFIG: join(dir, 'docker') };
  const seen: (string | undefined)[] = [];
  const tokens = await answering(t, (req, res) => {
    seen.push(req.headers.authorization);
    res.end('{"token":"t"}');
  });
  const registryWith = async (realm: string) => {
    const host = await answering(t, (req, res) => {
      const status = req.headers.authorization === 'Bearer t' ? 403 : 401;
      req.resume().on('end', () => res.writeHead(status, { 'www-authenticate': `Bearer realm="${realm}"` }).end());
    });
    await writeFile(join(dir, 'docker/config.json'), loginTo(host, AUTH.password));
    return host;
  };
  const host = await registryWith(`http://${tokens}/token`);
  t.strictSame(await run(t, [CHART, `${host}/a/b:v1`], env), {
    code: 1,
    stdout: '',
    stderr: `the login for ${host} goes to http://${tokens} as well, which the registry names as its token server
werfbundle: nothing was published to ${host}/a/b: 403 forbidden; who is logged in to ${host} may not push to a/b
`,
  });
  const shown = `Basic ${Buffer.from(`${AUTH.username}:${AUTH.password}`).toString('base64')}`;
  t.strictSame(seen, [shown], 'once, and it is as docker sends it');
  await writeFile(join(dir, 'docker/config.json'), '{}');
  t.notMatch((await run(t, [CHART, `${host}/a/b:v1`], env)).stderr, /goes to/, 'without a login there is none to show');

  const told = async (realm: string) => (await run(t, [CHART, `${await registryWith(realm)}/a/b:v1`], env)).stderr;
  t.match(
    await told('http://auth.example/token'),
    /: the registry is on this machine, and its token server auth\.example is not and speaks plain HTTP, which is refused\n$/,
  );
  t.match(
    await told('https://169.254.169.254/token'),
    /: no connection to 169\.254\.169\.254: its address is link-local, which is refused\n$/,
  );
});

t.test('a registry that says nothing is given up, and what was waited for is said', async (t) => {
  const given = (host: string, what: string) =>
    `gave up after 1s, waiting for ${host} to answer ${what}; --timeout gives it more\n`;
  const mute = await answering(t, (req) => void req.resume());
  const first = given(mute, `POST http://${mute}/v2/a/b/blobs/uploads/`);
  t.strictSame(await run(t, [CHART, `${mute}/a/b:v1`, '--timeout', '1s']), {
    code: 1,
    stdout: '',
    stderr: `werfbundle: nothing was published to ${mute}/a/b: ${first}`,
  });
  const answers: Readonly<Record<string, number>> = { POST: 202, HEAD: 404, GET: 404 };
  const last = await answering(t, (req, res) => {
    const status =
      req.url?.includes('/manifests/') && req.method === 'PUT' ? undefined : (answers[req.method ?? ''] ?? 201);
    req.resume().on('end', () => status && res.writeHead(status, { location: '/v2/a/b/blobs/uploads/1' }).end());
  });
  t.equal(
    (await run(t, [CHART, `${last}/a/b:v1`, '--timeout', '1s'])).stderr,
    `werfbundle: whether this was published to ${last}/a/b is not known: ${given(last, `PUT http://${last}/v2/a/b/manifests/v1`)}`,
  );
  const helper = t.testdir({ bin: {}, docker: { 'config.json': '{"credsStore":"slow"}' } });
  await program(join(helper, 'bin'), 'docker-credential-slow', 'exec sleep 20');
  const env = { PATH: `${join(helper, 'bin')}:${process.env['PATH']}`, DOCKER_CONFIG: join(helper, 'docker') };
  t.match(await run(t, [CHART, `${mute}/a/b:v1`, '--timeout', '1s'], env), {
    code: 1,
    stderr: `gave up after 1s, looking for a login for ${mute}; --timeout gives it more\n`,
  });
  t.match(await run(t, [CHART, `${mute}/a/b:v1`, '--timeout', '5']), {
    code: 2,
    stderr: 'werfbundle: --timeout: "5" is no duration; one looks like "90s", "5m" or "1h30m"\n',
  });
});

t.test('one answer has less time than all of it, and why it was refused is said', (t) => {
  const target = { host: 'r.example', repository: 'a/b', insecure: false };
  const login = { file: '/c.json', credential: undefined };
  const words = (request: string, failure: Refusal['failure']) =>
    explainRefusal(
      { kind: 'refused', request, failure, status: undefined, said: undefined },
      {
        target,
        login,
        url: 'r.example/a/b',
        waiting: { what: `waiting for r.example to answer ${request}`, seconds: 30 },
      },
    );
  const late = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' } as const;
  t.equal(
    words('POST https://r.example/v2/a/b/blobs/uploads/', late),
    'nothing was published to r.example/a/b: gave up after 30s, waiting for r.example to answer POST https://r.example/v2/a/b/blobs/uploads/; is r.example/a/b right, and can it be reached from here?',
  );
  const cut = { kind: 'failed', code: 'connection', message: 'connection reset by peer' } as const;
  t.equal(
    words('PUT https://r.example/v2/a/b/manifests/v1', cut),
    'whether this was published to r.example/a/b is not known: connection reset by peer',
  );
  t.end();
});

t.test('TLS where there is none, none where there is, and a CA of one’s own', async (t) => {
  const authority = await issueAuthority(Date.now());
  const leaf = await issueLeaf(authority, ['127.0.0.1', 'localhost'], Date.now());
  const seen: string[] = [];
  const secret = (req: IncomingMessage, res: ServerResponse) => {
    seen.push(`${req.method} ${req.url}`);
    req.resume().on('end', () => res.writeHead(403).end());
  };
  const tls = await answering(t, secret, { cert: leaf.certificate, key: leaf.key });
  const plain = await answering(t, secret);
  const dir = t.testdir({ 'ca.pem': authority.certificate, 'no.pem': 'x' });
  const told = async (...args: string[]) => (await run(t, [CHART, ...args])).stderr.replace(/^werfbundle: /, '');
  t.match(await told(`${tls}/a:v1`), /leave --insecure out, or, on this machine, give its CA with --ca-file FILE\n$/);
  t.strictSame(seen, [], 'nobody could read it');
  const localhost = tls.replace('127.0.0.1', 'localhost');
  t.match(
    await told(`${localhost}/a:v1`, '--ca-file', join(dir, 'ca.pem')),
    /: 403 forbidden; .* has no login for localhost:/,
  );
  t.strictSame(seen, ['POST /v2/a/blobs/uploads/']);
  t.match(
    await told(`${plain}/a:v1`, '--ca-file', join(dir, 'ca.pem')),
    /: the server does not speak TLS; for a registry with plain HTTP give --insecure\n$/,
  );
  const other = await issueAuthority(Date.now());
  await writeFile(join(dir, 'ca.pem'), other.certificate);
  t.match(
    await told(`${tls}/a:v1`, '--ca-file', join(dir, 'ca.pem')),
    /: certificate signed by unknown authority; give its CA with --ca-file FILE\n$/,
  );
  const misuses = ['--insecure', '--ca-file', join(dir, 'no.pem')];
  t.strictSame(await run(t, [CHART, 'a', ...misuses]), {
    code: 2,
    stdout: '',
    stderr: `werfbundle: "a": a tag is missing; write host[:port]/path:tag, for example "ghcr.io/acme/app:v1.0.0"
werfbundle: --ca-file: ${join(dir, 'no.pem')} has no certificate in PEM
werfbundle: --ca-file: not with --insecure, which uses no TLS
`,
  });
});

t.test('exit codes: 1 for a chart that is wrong, 2 for wrong use', async (t) => {
  const empty = t.testdir();
  const wrong = await run(t, [empty, 'ghcr.io/acme/app:v1']);
  const missing = 'werfbundle: Chart.yaml: it is missing; write one with apiVersion: v2, a name and a version\n';
  t.strictSame(wrong, { code: 1, stdout: '', stderr: missing }, 'nobody is asked');
  t.match(await run(t, [join(empty, 'none'), 'ghcr.io/acme/app:v1']), { code: 2, stderr: /there is no such folder/ });
  t.match(await run(t, [empty]), { code: 2, stderr: /missing required argument 'reference'/ });
  t.match(await run(t, [empty, 'ghcr.io/a:v1', '-o', 'xml']), {
    code: 2,
    stderr: /--output: "xml" is none of json, yaml/,
  });
});
