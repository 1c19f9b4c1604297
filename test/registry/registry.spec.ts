import { setMaxListeners } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { issueAuthority, issueLeaf } from '../../certs/issue.js';
import type { Clock } from '../../process/ports.js';
import { systemClock } from '../../process/system-clock.js';
import type { Registry, RegistryTarget } from '../../registry/port.js';
import { readProxies } from '../../registry/proxies.js';
import { createRegistry, type RegistryDeps } from '../../registry/registry.js';
import { registryContract } from '../contract/registry.contract.js';
import { eventually } from '../kit/eventually.js';
import { type FakeFault, type FakeRegistry, startFakeRegistry } from '../kit/fake-registry.js';
import { startForwardProxy } from '../kit/forward-proxy.js';

const signal = new AbortController().signal;
const MS_RESERVE = 5_000;

/** The real clock, which a test may put forward. */
const shiftedClock = (): Clock & { shift: number } => {
  const clock = {
    shift: 0,
    now: () => Date.now() + clock.shift,
    monotonic: () => performance.now() + clock.shift,
    startTimer: systemClock.startTimer,
    sleep: (ms: number, stop?: AbortSignal) => delay(ms, undefined, stop === undefined ? {} : { signal: stop }),
  };
  return clock;
};

const clientFor = (t: Test, changes: Partial<RegistryDeps> = {}): Registry => {
  const client = createRegistry({
    timeouts: { connectMs: MS_RESERVE, headersMs: MS_RESERVE, bodyMs: MS_RESERVE },
    limits: { pages: 20, tags: 1000, bodyBytes: 100_000 },
    rate: { perSecond: 1_000, burst: 1_000 },
    allowNetworks: ['127.0.0.0/8'],
    clock: shiftedClock(),
    userAgent: 'werfbundle-test',
    ...changes,
  });
  t.teardown(() => client.close());
  return client;
};

const fakeFor = async (t: Test, tls?: { key: string; cert: string }): Promise<FakeRegistry> => {
  const fake = await startFakeRegistry(tls);
  t.teardown(() => fake.close());
  return fake;
};

const targetOf = (fake: FakeRegistry, changes: Partial<RegistryTarget> = {}): RegistryTarget => ({
  host: fake.host,
  repository: 'acme/app',
  insecure: true,
  ...changes,
});

const answer401 = (fake: FakeRegistry): FakeFault => {
  const scope = 'repository:acme/app:pull';
  const challenge = `Bearer realm="http://${fake.host}/token",service="fake, registry",scope="${scope}"`;
  return { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } };
};

t.test('the contract', async (t) => {
  const credential = { kind: 'basic', username: 'u', password: 'p:w' } as const;
  const { kind: _, ...login } = credential;
  const accesses = [
    { kind: 'anonymous' },
    { kind: 'basic', ...login },
    { kind: 'bearer', ...login },
    { kind: 'bearer' },
  ] as const;
  for (const access of accesses) {
    const title = access.kind === 'bearer' && !('username' in access) ? 'bearer, tokens for everybody' : access.kind;
    t.test(`holds for a registry with access ${title}`, async (t) => {
      const fake = await fakeFor(t);
      fake.behave({ access, pageSize: 10 });
      let salt = 0;
      await registryContract(t, {
        client: clientFor(t),
        host: fake.host,
        ...('username' in access ? { credential } : {}),
        publish: async (repository, tag, content) => {
          salt += 1;
          return fake.publish(repository, tag, content, `${salt}`);
        },
      });
    });
  }
});

t.test('a registry that misbehaves', async (t) => {
  const failed = (code: string, message: string, more: object = {}) => ({ kind: 'failed', code, message, ...more });
  const answer = (
    status: number,
    headers: Record<string, string> = {},
    body: string | Buffer = 'canary',
  ): FakeFault => ({
    kind: 'answer',
    status,
    headers,
    body,
  });
  const list = '{"tags":["v1"]}';
  const link = (target: string) => answer(200, { link: `<${target}>; rel="next"` }, list);
  const notAList = failed('protocol', 'the list of tags is not what a registry answers; is this a registry?');
  const table: readonly { title: string; fault: FakeFault; want: object; times?: number }[] = [
    { title: '403', fault: answer(403), want: failed('unauthorized', '403 forbidden') },
    { title: '401 without a challenge', fault: answer(401), want: failed('unauthorized', '401 unauthorized') },
    {
      title: '401 with a challenge nobody knows',
      fault: answer(401, { 'www-authenticate': 'NTLM' }),
      want: failed('unauthorized', '401 unauthorized'),
    },
    {
      title: '401 with Basic and no credential',
      fault: answer(401, { 'www-authenticate': 'Basic realm="x"' }),
      want: failed('unauthorized', '401 unauthorized'),
    },
    {
      title: '429',
      fault: answer(429, { 'retry-after': '7' }),
      want: failed('rate-limited', '429 too many requests', { retryAfterMs: 7000 }),
    },
    {
      title: '503',
      fault: answer(503, { 'retry-after': '60' }),
      want: failed('server-error', '503 service unavailable', { retryAfterMs: 60000 }),
    },
    { title: '502', fault: answer(502), want: failed('server-error', '502 bad gateway') },
    { title: 'a page for people', fault: answer(200, {}, '<html>canary</html>'), want: notAList },
    { title: 'other JSON', fault: answer(200, {}, '{"name":"canary"}'), want: notAList },
    { title: 'JSON that is a list', fault: answer(200, {}, '["canary"]'), want: notAList },
    { title: 'no tags', fault: answer(200, {}, '{"tags":null}'), want: { kind: 'tags', tags: [] } },
    {
      title: 'tags that can be none are left out',
      fault: answer(200, {}, '{"tags":["v1","../v2",5,"a b","v1",""]}'),
      want: { kind: 'tags', tags: ['v1'] },
    },
    {
      title: 'gzip',
      fault: answer(200, { 'content-encoding': 'gzip' }, gzipSync(list)),
      want: { kind: 'tags', tags: ['v1'] },
    },
    {
      title: 'gzip that is none',
      fault: answer(200, { 'content-encoding': 'gzip' }),
      want: failed('protocol', 'the answer is no valid gzip'),
    },
    {
      title: 'gzip that is cut',
      fault: answer(200, { 'content-encoding': 'gzip' }, gzipSync(list).subarray(0, 15)),
      want: failed('connection', 'connection closed before the answer was complete'),
    },
    {
      title: 'a gzip bomb',
      fault: answer(200, { 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(50_000_000, 32))),
      want: failed('protocol', 'the answer is larger than 100000 bytes'),
    },
    {
      title: 'another encoding',
      fault: answer(200, { 'content-encoding': 'br' }),
      want: failed('protocol', 'the answer has an encoding nobody asked for'),
    },
    {
      title: 'a body without end',
      fault: { kind: 'endless-body' },
      want: failed('protocol', 'the answer is larger than 100000 bytes'),
    },
    {
      title: 'a body that is cut',
      fault: { kind: 'cut', at: 'body' },
      want: failed('connection', 'connection closed before the answer was complete'),
    },
    {
      title: 'a connection that is closed once',
      fault: { kind: 'cut', at: 'headers' },
      want: { kind: 'tags', tags: ['v0'] },
    },
    {
      title: 'a connection that is always closed',
      fault: { kind: 'cut', at: 'headers' },
      times: 9,
      want: failed('connection', 'connection closed before the answer was complete'),
    },
    { title: 'no HTTP', fault: { kind: 'no-http' }, want: failed('protocol', 'the answer is no HTTP') },
    {
      title: 'a Link to another host',
      fault: link('http://evil.example/v2/acme/app/tags/list?last=v1'),
      want: failed('protocol', 'the registry names a next page of tags on another host, which is not followed'),
    },
    {
      title: 'a Link that goes round',
      fault: link('/v2/acme/app/tags/list'),
      want: failed('protocol', 'the pages of the list of tags go round in a circle'),
    },
    {
      title: 'a redirect that goes round',
      fault: answer(302, { location: '/v2/acme/app/tags/list' }),
      times: 9,
      want: failed('protocol', 'more than 5 redirects'),
    },
    {
      title: 'a redirect to nowhere',
      fault: answer(302, { location: 'http://[' }),
      want: failed('protocol', 'a redirect to no URL'),
    },
    {
      title: 'a redirect to an address that is refused',
      fault: answer(302, { location: 'http://169.254.169.254/latest/meta-data' }),
      want: failed(
        'refused-address',
        'no connection to 169.254.169.254: its address is link-local, which is refused unless --allow-networks has it',
      ),
    },
    {
      title: 'a realm that is no URL',
      fault: answer(401, { 'www-authenticate': 'Bearer realm="canary"' }),
      want: failed('protocol', 'the realm of the token server is no URL'),
    },
    {
      title: 'a realm at an address that is refused',
      fault: answer(401, { 'www-authenticate': 'Bearer realm="http://[::1]:1/token"' }),
      want: failed(
        'refused-address',
        'no connection to ::1: its address is loopback, which is refused unless --allow-networks has it',
      ),
    },
  ];
  for (const { title, fault, want, times = 1 } of table) {
    t.test(title, async (t) => {
      const fake = await fakeFor(t);
      fake.publish('acme/app', 'v0', 'bundle');
      fake.fail(/^GET/, fault, times);
      t.strictSame(await clientFor(t).listTags(targetOf(fake), signal), want);
    });
  }

  t.test('pages without end, and more tags than can be', async (t) => {
    const fake = await fakeFor(t);
    fake.fail(/tags\/list/, ({ path }) => link(`${path.split('?')[0]}?last=${fake.requests.length}`), 100);
    const want = failed('protocol', 'the list of tags has more than 20 pages');
    t.strictSame(await clientFor(t).listTags(targetOf(fake), signal), want);
    t.equal(fake.requests.length, 20);
    const many = JSON.stringify({ tags: Array.from({ length: 1001 }, (_, index) => `v${index}`) });
    const other = await fakeFor(t);
    other.fail(/./, answer(200, {}, many));
    t.strictSame(
      await clientFor(t).listTags(targetOf(other), signal),
      failed('protocol', 'the repository has more than 1000 tags'),
    );
  });

  t.test('manifests that are none', async (t) => {
    const fake = await fakeFor(t);
    const client = clientFor(t);
    fake.publish('acme/app', 'text', { raw: 'canary' });
    t.strictSame(
      await client.readManifest(targetOf(fake), 'text', signal),
      failed('protocol', 'the manifest is no JSON'),
    );
    const digest = fake.publish('acme/app', 'index', 'index');
    t.strictSame(await client.readManifest(targetOf(fake), 'index', signal), {
      kind: 'manifest',
      digest,
      bundle: false,
    });
    fake.publish('acme/app', 'wrong', 'bundle');
    fake.fail(/^GET .*wrong/, answer(200, { 'docker-content-digest': digest }, '{}'));
    t.strictSame(
      await client.readManifest(targetOf(fake), 'wrong', signal),
      failed('protocol', 'the manifest does not have the digest that the registry states'),
    );
  });

  t.test('no HEAD and no digest: the manifest is read, and its digest computed', async (t) => {
    const fake = await fakeFor(t);
    const digest = fake.publish('acme/app', 'v1', 'bundle');
    const want = { kind: 'manifest', digest, bundle: true };
    for (const changes of [{ head: false }, { digests: false }, { head: false, digests: false }]) {
      fake.behave({ head: true, digests: true, ...changes });
      t.strictSame(await clientFor(t).readManifest(targetOf(fake), 'v1', signal), want);
    }
  });
});

t.test('what is asked', async (t) => {
  t.test('a manifest that is known is asked for by HEAD alone', async (t) => {
    const fake = await fakeFor(t);
    const client = clientFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    for (let turn = 0; turn < 3; turn += 1) await client.readManifest(targetOf(fake), 'v1', signal);
    const [head, get] = ['HEAD /v2/acme/app/manifests/v1', 'GET /v2/acme/app/manifests/v1'];
    t.strictSame(fake.lines(), [head, get, head, head]);
  });

  t.test('an ETag of a listing is passed on, and of several pages one is made', async (t) => {
    const fake = await fakeFor(t);
    const client = clientFor(t);
    fake.behave({ etags: true });
    for (const tag of ['a', 'b', 'c']) fake.publish('acme/app', tag, 'bundle');
    const one = await client.listTags(targetOf(fake), signal);
    t.match(one.kind === 'tags' && one.etag, /^"[0-9a-f]{8}"$/);
    fake.behave({ pageSize: 2 });
    const two = await client.listTags(targetOf(fake), signal);
    t.match(two.kind === 'tags' && two.etag, /^"pages-[0-9a-f]{64}"$/);
    t.strictSame(await client.listTags(targetOf(fake), signal), { ...two, unchanged: true }, 'the same for the same');
  });

  const credential = { kind: 'basic', username: 'u', password: 'p' } as const;
  const list = 'GET /v2/acme/app/tags/list';
  const token = 'GET /token?service=fake%2C+registry&scope=repository%3Aacme%2Fapp%3Apull';

  t.test('a token is used until it expires, and asked for again when it is refused', async (t) => {
    const fake = await fakeFor(t);
    const clock = shiftedClock();
    const client = clientFor(t, { clock });
    const target = targetOf(fake, { credential });
    fake.behave({ access: { kind: 'bearer', username: 'u', password: 'p', expiresIn: 300, field: 'access_token' } });
    fake.publish('acme/app', 'v1', 'bundle');
    const want = { kind: 'tags', tags: ['v1'] };
    t.strictSame(await client.listTags(target, signal), want);
    t.strictSame(await client.listTags(target, signal), want);
    t.strictSame(fake.lines(), [list, token, list, list]);
    fake.clear();
    clock.shift = 289_000;
    await client.listTags(target, signal);
    clock.shift = 291_000;
    await client.listTags(target, signal);
    t.strictSame(fake.lines(), [list, token, list], 'ten seconds before its end');
    fake.clear();
    fake.fail(/tags/, answer401(fake));
    t.strictSame(await client.listTags(target, signal), want);
    t.strictSame(fake.lines(), [list, token, list], 'a registry may forget tokens');
    fake.clear();
    fake.fail(/tags/, answer401(fake), 2);
    t.match(await client.listTags(target, signal), { kind: 'failed', message: '401 unauthorized' });
    t.strictSame(fake.lines(), [list, token, list], 'and there is an end to it');
  });

  t.test('a token of one credential, repository or registry serves no other', async (t) => {
    const fake = await fakeFor(t);
    const client = clientFor(t);
    fake.behave({ access: { kind: 'bearer', username: 'u', password: 'p' } });
    fake.publish('acme/app', 'v1', 'bundle');
    const refused = { kind: 'failed', code: 'unauthorized', message: '401 unauthorized' };
    t.match(await client.listTags(targetOf(fake, { credential }), signal), { kind: 'tags' });
    t.strictSame(await client.listTags(targetOf(fake), signal), refused);
    const other = { ...credential, password: 'q' };
    t.strictSame(await client.listTags(targetOf(fake, { credential: other }), signal), refused);
  });

  t.test('a challenge without scope is answered with that of the repository', async (t) => {
    const fake = await fakeFor(t);
    fake.behave({ access: { kind: 'bearer', challenge: 'Basic realm="x", Bearer realm="http://{host}/token"' } });
    fake.publish('acme/app', 'v1', 'bundle');
    t.match(await clientFor(t).listTags(targetOf(fake, { credential }), signal), { kind: 'tags' });
    t.equal(fake.lines()[1], 'GET /token?scope=repository%3Aacme%2Fapp%3Apull');
  });

  t.test('an identity token is posted, and stands in for the password where that is unknown', async (t) => {
    const fake = await fakeFor(t);
    const target = targetOf(fake, { credential: { kind: 'identity-token', username: 'u', token: 'tok/en' } });
    fake.publish('acme/app', 'v1', 'bundle');
    fake.behave({ access: { kind: 'bearer', password: 'tok/en', oauth: true } });
    t.match(await clientFor(t).listTags(target, signal), { kind: 'tags' });
    t.equal(
      fake.requests[1]?.body,
      'grant_type=refresh_token&client_id=werfbundle&scope=repository%3Aacme%2Fapp%3Apull&refresh_token=tok%2Fen&service=fake%2C+registry',
    );
    fake.clear();
    fake.behave({ access: { kind: 'bearer', username: 'u', password: 'tok/en' } });
    t.match(await clientFor(t).listTags(target, signal), { kind: 'tags' });
    t.strictSame(fake.lines(), [list, 'POST /token', token, list]);
  });

  t.test('a token server’s own faults are not taken for the registry’s', async (t) => {
    const failure = async (fault: FakeFault) => {
      const fake = await fakeFor(t);
      fake.behave({ access: { kind: 'bearer' } });
      fake.fail(/token/, fault);
      const answer = await clientFor(t).listTags(targetOf(fake), signal);
      return answer.kind === 'failed' ? `${answer.code}: ${answer.message}` : answer;
    };
    const ok = (body: string): FakeFault => ({ kind: 'answer', status: 200, body });
    t.equal(await failure({ kind: 'answer', status: 404 }), 'protocol: the token server answers 404 not found');
    t.equal(await failure({ kind: 'answer', status: 403 }), 'unauthorized: 403 forbidden');
    t.equal(await failure({ kind: 'answer', status: 503 }), 'server-error: 503 service unavailable');
    for (const body of ['canary', '[]', '{}', '{"token":5}', '{"token":"a\\r\\nb"}', '{"token":""}']) {
      t.equal(await failure(ok(body)), 'protocol: the token server answers without a token', body);
    }
  });

  t.test('a credential goes to no other host', async (t) => {
    const fake = await fakeFor(t);
    const other = await fakeFor(t);
    fake.behave({ access: { kind: 'basic', username: 'u', password: 'p' } });
    other.publish('acme/app', 'elsewhere', 'bundle');
    fake.fail(/./, { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
    fake.fail(/./, {
      kind: 'answer',
      status: 307,
      headers: { location: `http://${other.host}/v2/acme/app/tags/list` },
    });
    const got = await clientFor(t).listTags(targetOf(fake, { credential }), signal);
    t.strictSame(got, { kind: 'tags', tags: ['elsewhere'] });
    t.strictSame(
      fake.requests.map(({ authorization }) => authorization),
      [undefined, 'Basic dTpw'],
    );
    t.strictSame(
      other.requests.map(({ authorization }) => authorization),
      [undefined],
    );
  });

  t.test('a credential is not asked for by where a redirect leads', async (t) => {
    const [fake, other] = [await fakeFor(t), await fakeFor(t)];
    const client = clientFor(t);
    other.behave({ access: { kind: 'bearer' } });
    other.publish('acme/app', 'elsewhere', 'bundle');
    const location = `http://${other.host}/v2/acme/app/tags/list`;
    fake.fail(/./, { kind: 'answer', status: 307, headers: { location } }, 9);
    t.strictSame(await client.listTags(targetOf(fake, { credential }), signal), {
      kind: 'failed',
      code: 'unauthorized',
      message: '401 unauthorized',
    });
    t.strictSame(other.lines(), [list], 'its token server hears nothing');
  });

  t.test('a Basic credential that is refused is not offered a second time', async (t) => {
    const fake = await fakeFor(t);
    const client = clientFor(t);
    fake.behave({ access: { kind: 'basic', username: 'u', password: 'other' } });
    for (let turn = 0; turn < 2; turn += 1) {
      t.match(await client.listTags(targetOf(fake, { credential }), signal), { message: '401 unauthorized' });
    }
    t.equal(fake.requests.length, 3);
  });
});

t.test('what registries are known to do', async (t) => {
  const list = '/v2/acme/app/tags/list';
  const page = (tags: readonly string[], next?: string, more: object = {}): FakeFault => ({
    kind: 'answer',
    status: 200,
    ...(next === undefined ? {} : { headers: { link: `<${next}>; rel="next"` } }),
    body: JSON.stringify({ name: 'acme/app', tags, ...more }),
  });
  const all = (...tags: string[]) => ({ kind: 'tags', tags });
  /** `{port}` is the registry's. */
  const table: readonly { title: string; pages: readonly FakeFault[]; want: object; asked: readonly string[] }[] = [
    {
      title: 'all tags at once, and no Link (distribution up to 2.8.2, Gitea, GitLab without a database)',
      pages: [page(['a', 'b', 'c'])],
      want: all('a', 'b', 'c'),
      asked: [list],
    },
    {
      title: 'tags in no order, and an opaque place in the list (ECR)',
      pages: [page(['z', 'a'], `${list}?last=AbC%2F%2B%3D%3D&n=2`), page(['m'])],
      want: all('z', 'a', 'm'),
      asked: [list, `${list}?last=AbC%2F%2B%3D%3D&n=2`],
    },
    {
      title: 'much beside the tags (GAR)',
      pages: [page(['a'], undefined, { child: [], manifest: { 'sha256:1': { tag: ['a'], imageSizeBytes: '5' } } })],
      want: all('a'),
      asked: [list],
    },
    {
      title: 'pages that overlap, for a tag came in between',
      pages: [page(['a', 'b'], `${list}?last=b`), page(['b', 'c'])],
      want: all('a', 'b', 'c'),
      asked: [list, `${list}?last=b`],
    },
    {
      title: 'a Link without port and with another scheme, behind a proxy of theirs',
      pages: [page(['a'], `https://127.0.0.1${list}?last=a`), page(['b'])],
      want: all('a', 'b'),
      asked: [list, `${list}?last=a`],
    },
    {
      title: 'an empty page in the midst, for its tags were deleted',
      pages: [page(['a'], `${list}?last=a`), page([], `${list}?last=b`), page(['c'])],
      want: all('a', 'c'),
      asked: [list, `${list}?last=a`, `${list}?last=b`],
    },
    {
      title: '404 for a place after a tag that was deleted meanwhile (zot): the list is begun anew',
      pages: [
        page(['a', 'b'], `${list}?last=b`),
        { kind: 'answer', status: 404 },
        page(['a'], `${list}?last=a`),
        page(['c']),
      ],
      want: all('a', 'c'),
      asked: [list, `${list}?last=b`, list, `${list}?last=a`],
    },
    {
      title: 'the same again: a failure, and not that of a missing repository',
      pages: [1, 2].flatMap(() => [page(['a'], `${list}?last=a`), { kind: 'answer', status: 404 } as const]),
      want: {
        kind: 'failed',
        code: 'protocol',
        message: 'the registry answers 404 not found to the next page of tags that it named',
      },
      asked: [list, `${list}?last=a`, list, `${list}?last=a`],
    },
    {
      title: 'a page that fails: part of a list is no list',
      pages: [page(['a', 'b'], `${list}?last=b`), { kind: 'answer', status: 500 }],
      want: { kind: 'failed', code: 'server-error', message: '500 internal server error' },
      asked: [list, `${list}?last=b`],
    },
    {
      title: 'a Retry-After that is a date (Docker Hub answers 429 to listings)',
      pages: [{ kind: 'answer', status: 429, headers: { 'retry-after': new Date(Date.now() - 1000).toUTCString() } }],
      want: { kind: 'failed', code: 'rate-limited', message: '429 too many requests', retryAfterMs: 0 },
      asked: [list],
    },
  ];
  for (const { title, pages, want, asked } of table) {
    t.test(title, async (t) => {
      const fake = await fakeFor(t);
      for (const answer of pages) fake.fail(/./, answer);
      t.strictSame(await clientFor(t).listTags(targetOf(fake), signal), want);
      t.strictSame(
        fake.lines(),
        asked.map((path) => `GET ${path}`),
        'never with an n of our own, which Quay refuses and others ignore',
      );
    });
  }

  t.test('nine thousand tags and more, a hundred a page', async (t) => {
    const fake = await fakeFor(t);
    for (let index = 0; index < 9_036; index += 1) fake.publish('acme/app', `v1.${index}.0`, 'bundle');
    const client = clientFor(t, { limits: { pages: 1_000, tags: 100_000, bodyBytes: 100_000 } });
    const tags = await client.listTags(targetOf(fake), signal);
    t.equal(tags.kind === 'tags' && tags.tags.length, 9_036);
    t.equal(fake.requests.length, 91);
  });

  t.test('a credential that is changed is used with the next request', async (t) => {
    const fake = await fakeFor(t);
    const client = clientFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    for (const password of ['old', 'new']) {
      fake.behave({ access: { kind: 'bearer', username: 'u', password } });
      const credential = { kind: 'basic', username: 'u', password } as const;
      t.match(await client.listTags(targetOf(fake, { credential }), signal), { kind: 'tags' }, password);
    }
    fake.behave({ access: { kind: 'basic', username: 'u', password: 'newest' } });
    const credential = { kind: 'basic', username: 'u', password: 'newest' } as const;
    t.match(await client.listTags(targetOf(fake, { credential }), signal), { kind: 'tags' }, 'or asked for otherwise');
  });
});

t.test('a host that wants to be left alone, or is broken', async (t) => {
  const list = '/v2/acme/app/tags/list';
  const other = { repository: 'other/app', credential: { kind: 'basic', username: 'u', password: 'p' } } as const;
  const busy: FakeFault = { kind: 'answer', status: 429, headers: { 'retry-after': '60' } };

  t.test('is not asked again after a 429, by nobody, until its time is over', async (t) => {
    const fake = await fakeFor(t);
    const clock = shiftedClock();
    const told: string[] = [];
    const client = clientFor(t, { clock, onHold: ({ host, why, forMs }) => told.push(`${host} ${why} ${forMs}`) });
    for (const repository of ['acme/app', 'other/app']) fake.publish(repository, 'v1', 'bundle');
    fake.fail(/./, busy);
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'failed', retryAfterMs: 60_000 });
    t.match(client.holdOf(targetOf(fake, other)), { kind: 'held', why: 'retry-after' });
    t.match(await client.listTags(targetOf(fake, other), signal), { kind: 'held', why: 'retry-after' });
    t.match(await client.readManifest(targetOf(fake), 'v1', signal), { kind: 'held', why: 'retry-after' });
    t.equal(fake.requests.length, 1);
    clock.shift = 60_001;
    t.equal(client.holdOf(targetOf(fake)), undefined);
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'tags' });
    t.strictSame(told, [`${fake.host} retry-after 60000`]);
  });

  t.test('a 429 on a later page ends the listing, and nothing is asked for within milliseconds', async (t) => {
    const fake = await fakeFor(t);
    fake.behave({ pageSize: 1 });
    for (const tag of ['a', 'b', 'c']) fake.publish('acme/app', tag, 'bundle');
    fake.fail(/last=a/, { kind: 'answer', status: 429 });
    const client = clientFor(t);
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'failed', code: 'rate-limited' });
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'held', why: 'retry-after' });
    t.strictSame(fake.lines(), [`GET ${list}`, `GET ${list}?last=a`]);
  });

  t.test('is let be after five answers of 5xx or none, and not for what 4xx say', async (t) => {
    const fake = await fakeFor(t);
    const clock = shiftedClock();
    const client = clientFor(t, { clock });
    fake.publish('acme/app', 'v1', 'bundle');
    for (const status of [403, 404, 400, 418, 404]) fake.fail(/./, { kind: 'answer', status });
    for (let turn = 0; turn < 5; turn += 1) {
      t.match(await client.listTags(targetOf(fake), signal), { kind: 'failed' });
    }
    fake.fail(/./, { kind: 'answer', status: 502 }, 3);
    fake.fail(/./, { kind: 'cut', at: 'body' }, 2);
    for (let turn = 0; turn < 5; turn += 1) {
      t.match(await client.listTags(targetOf(fake), signal), { kind: 'failed' });
    }
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'held', why: 'breaker' });
    t.equal(client.holdOf(targetOf(fake, { insecure: false })), undefined, 'with TLS it may be another server');
    t.equal(fake.requests.length, 10);
    clock.shift = 30_001;
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'tags' });
  });

  t.test('a token server that is broken holds its own registries up, and no others', async (t) => {
    const fake = await fakeFor(t);
    const well = await fakeFor(t);
    const client = clientFor(t);
    for (const { publish } of [fake, well]) publish('acme/app', 'v1', 'bundle');
    fake.behave({ access: { kind: 'bearer' } });
    fake.fail(/token/, { kind: 'answer', status: 500 }, 9);
    for (let turn = 0; turn < 5; turn += 1) {
      t.match(await client.listTags(targetOf(fake), signal), { message: '500 internal server error' });
    }
    t.match(await client.listTags(targetOf(fake), signal), { kind: 'held', why: 'breaker' });
    t.match(await client.listTags(targetOf(well), signal), { kind: 'tags' });
  });

  t.test('has ten requests under way at most, whatever the CA', async (t) => {
    const fake = await fakeFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    const client = clientFor(t);
    fake.fail(/./, { kind: 'hang', at: 'headers' }, 15);
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const asked = Array.from({ length: 15 }, (_, index) =>
      client.listTags(targetOf(fake, index % 2 === 0 ? {} : { ca: 'PEM' }), stop.signal).catch(() => 'stopped'),
    );
    const begun = async () => fake.requests.length;
    t.equal(await eventually(begun, (count) => count >= 10), 10);
    stop.abort();
    t.strictSame(
      await Promise.all(asked),
      asked.map(() => 'stopped'),
    );
    t.equal(fake.requests.length, 10);
  });
});

t.test('conditional requests', async (t) => {
  const list = '/v2/acme/app/tags/list';
  const withTags = async (t: Test, tags: readonly string[]) => {
    const fake = await fakeFor(t);
    fake.behave({ etags: true, manifestEtags: true, pageSize: 2 });
    for (const tag of tags) fake.publish('acme/app', tag, 'bundle');
    return fake;
  };

  t.test(
    'a page is fetched again only when it has changed, and unchanged is what is unchanged as a whole',
    async (t) => {
      const fake = await withTags(t, ['a', 'b', 'c']);
      const client = clientFor(t);
      const first = await client.listTags(targetOf(fake), signal);
      t.match(first, { tags: ['a', 'b', 'c'], unchanged: undefined });
      t.strictSame(await client.listTags(targetOf(fake), signal), { ...first, unchanged: true });
      t.strictSame(
        fake.answers().slice(2),
        [`304 GET ${list}`, `304 GET ${list}?last=b`],
        'a status and headers for each page, and no body',
      );
      fake.clear();
      fake.publish('acme/app', 'd', 'bundle');
      t.match(await client.listTags(targetOf(fake), signal), { tags: ['a', 'b', 'c', 'd'], unchanged: undefined });
      t.strictSame(fake.answers(), [`304 GET ${list}`, `200 GET ${list}?last=b`]);
      fake.clear();
      fake.publish('acme/app', 'e', 'bundle');
      t.match(await client.listTags(targetOf(fake), signal), { tags: ['a', 'b', 'c', 'd', 'e'], unchanged: undefined });
      t.strictSame(
        fake.answers(),
        [`304 GET ${list}`, `304 GET ${list}?last=b`, `200 GET ${list}?last=d`],
        'the Link of a 304 counts: the last page was full, and now there is another',
      );
      fake.remove('acme/app', 'a');
      t.match(await client.listTags(targetOf(fake), signal), { tags: ['b', 'c', 'd', 'e'] });
    },
  );

  t.test('what was answered to one credential is nothing to another', async (t) => {
    const fake = await withTags(t, ['a']);
    const client = clientFor(t);
    await client.listTags(targetOf(fake), signal);
    await client.listTags(targetOf(fake, { credential: { kind: 'basic', username: 'u', password: 'p' } }), signal);
    t.strictSame(
      fake.requests.map(({ ifNoneMatch }) => ifNoneMatch),
      [undefined, undefined],
    );
  });

  t.test('an ETag that never changes hides new tags for six hours at most', async (t) => {
    const fake = await withTags(t, ['a']);
    const clock = shiftedClock();
    const client = clientFor(t, { clock });
    const stuck: FakeFault = { kind: 'answer', status: 200, headers: { etag: '"stuck"' }, body: '{"tags":["a"]}' };
    fake.fail(/tags/, stuck);
    await client.listTags(targetOf(fake), signal);
    fake.publish('acme/app', 'b', 'bundle');
    fake.fail(/tags/, { kind: 'answer', status: 304 });
    t.match(await client.listTags(targetOf(fake), signal), { tags: ['a'], unchanged: true });
    clock.shift = 6 * 3_600_000;
    t.match(await client.listTags(targetOf(fake), signal), { tags: ['a', 'b'], unchanged: undefined });
    t.equal(fake.requests.at(-1)?.ifNoneMatch, undefined);
  });

  t.test('an ETag that can not stand in a header is none, and 304 to a question without one is a fault', async (t) => {
    const fake = await withTags(t, ['a']);
    const client = clientFor(t);
    for (const etag of ['"\u00fc"', `"${'x'.repeat(300)}"`, '']) {
      fake.fail(/tags/, { kind: 'answer', status: 200, headers: { etag }, body: '{"tags":["a"]}' });
      t.strictSame(await client.listTags(targetOf(fake), signal), { kind: 'tags', tags: ['a'] });
    }
    t.ok(fake.requests.every(({ ifNoneMatch }) => ifNoneMatch === undefined));
    fake.fail(/tags/, { kind: 'answer', status: 304 });
    t.strictSame(await client.listTags(targetOf(fake), signal), {
      kind: 'failed',
      code: 'protocol',
      message: '304 not modified',
    });
  });

  const manifest = '/v2/acme/app/manifests/a';
  const rows: readonly { title: string; head: boolean; digests: boolean; same: string[]; moved: string[] }[] = [
    {
      title: 'a manifest that has not changed is a HEAD with 304',
      head: true,
      digests: true,
      same: [`304 HEAD ${manifest}`],
      moved: [`200 HEAD ${manifest}`, `200 GET ${manifest}`],
    },
    {
      title: 'the same without digests',
      head: true,
      digests: false,
      same: [`304 HEAD ${manifest}`],
      moved: [`200 HEAD ${manifest}`, `200 GET ${manifest}`],
    },
    {
      title: 'where there is no HEAD it is a GET without a body',
      head: false,
      digests: false,
      same: [`405 HEAD ${manifest}`, `304 GET ${manifest}`],
      moved: [`405 HEAD ${manifest}`, `200 GET ${manifest}`],
    },
  ];
  for (const { title, head, digests, same, moved } of rows) {
    t.test(title, async (t) => {
      const fake = await withTags(t, []);
      fake.behave({ head, digests });
      const client = clientFor(t);
      const digest = fake.publish('acme/app', 'a', 'bundle');
      await client.readManifest(targetOf(fake), 'a', signal);
      fake.clear();
      const want = { kind: 'manifest', digest, bundle: true };
      t.strictSame(await client.readManifest(targetOf(fake), 'a', signal), want);
      t.strictSame(fake.answers(), same);
      fake.clear();
      const next = fake.publish('acme/app', 'a', 'image');
      t.strictSame(await client.readManifest(targetOf(fake), 'a', signal), {
        kind: 'manifest',
        digest: next,
        bundle: false,
      });
      t.strictSame(fake.answers(), moved);
    });
  }

  t.test('a 304 with the digest of something else is not believed', async (t) => {
    const fake = await withTags(t, []);
    const client = clientFor(t);
    const digest = fake.publish('acme/app', 'a', 'bundle');
    await client.readManifest(targetOf(fake), 'a', signal);
    const other = `sha256:${'0'.repeat(64)}`;
    fake.fail(/HEAD/, { kind: 'answer', status: 304, headers: { 'docker-content-digest': other } });
    const want = { kind: 'manifest', digest, bundle: true };
    t.strictSame(await client.readManifest(targetOf(fake), 'a', signal), want);
    t.strictSame(fake.answers().slice(2), [`304 HEAD ${manifest}`, `200 GET ${manifest}`]);
    fake.behave({ head: false });
    fake.fail(/GET/, { kind: 'answer', status: 304, headers: { 'docker-content-digest': other } });
    t.strictSame(await client.readManifest(targetOf(fake), 'a', signal), {
      kind: 'failed',
      code: 'protocol',
      message: 'the registry calls a manifest unchanged that it never gave',
    });
  });
});

t.test('time-outs end as context deadline exceeded', async (t) => {
  const want = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' };
  const short = { connectMs: 300, headersMs: 300, bodyMs: 300 };
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const fake = await fakeFor(t);
  fake.publish('acme/app', 'v1', 'bundle');
  fake.fail(/hang.headers/, { kind: 'hang', at: 'headers' });
  fake.fail(/hang.body/, { kind: 'hang', at: 'body' });
  fake.fail(/drip.headers/, { kind: 'drip', at: 'headers' });
  fake.fail(/drip.body/, { kind: 'drip', at: 'body' });
  const client = clientFor(t, { timeouts: short });
  t.strictSame(
    await Promise.all([
      client.listTags({ host: `127.0.0.1:${port}`, repository: 'acme/app', insecure: false }, signal),
      client.listTags(targetOf(fake, { repository: 'hang/headers' }), signal),
      client.listTags(targetOf(fake, { repository: 'hang/body' }), signal),
    ]),
    [want, want, want],
    'for the connection, the headers and the body',
  );
  t.strictSame(
    await Promise.all(
      ['drip/headers', 'drip/body'].map((repository) => client.listTags(targetOf(fake, { repository }), signal)),
    ),
    [want, want],
    'as a whole: a byte now and then does not prolong them',
  );
  const nameless = clientFor(t, { timeouts: short, lookup: () => undefined });
  t.strictSame(
    await nameless.listTags({ host: 'silent.example', repository: 'acme/app', insecure: true }, signal),
    want,
    'and for a name that is never resolved',
  );
  const stop = new AbortController();
  fake.fail(/forever/, { kind: 'hang', at: 'headers' });
  const patient = clientFor(t).listTags(targetOf(fake, { repository: 'hang/forever' }), stop.signal);
  await delay(50);
  stop.abort(new Error('stopped'));
  await t.rejects(patient, { message: 'stopped' }, 'an abort does not wait for them');
});

t.test('connections', async (t) => {
  const failure = async (client: Registry, target: RegistryTarget) => {
    const list = await client.listTags(target, signal);
    return list.kind === 'failed' ? `${list.code}: ${list.message}` : list;
  };
  const lookup: RegistryDeps['lookup'] = (name, options, callback) => {
    const addresses = {
      'mixed.example': [
        { address: '169.254.1.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
      'inside.example': [{ address: '127.0.0.1', family: 4 }],
      'metadata.example': [{ address: '169.254.169.254', family: 4 }],
    }[name];
    t.equal(options.all, true);
    if (addresses === undefined) callback(Object.assign(new Error('canary'), { code: 'ENOTFOUND' }), '');
    else callback(null, addresses);
  };
  const fake = await fakeFor(t);
  fake.publish('acme/app', 'v1', 'bundle');
  const port = fake.host.split(':')[1];
  const at = (host: string): RegistryTarget => targetOf(fake, { host });

  const open = clientFor(t, { lookup });
  t.equal(await failure(open, at('absent.example')), 'connection: no such host');
  t.strictSame(await failure(open, at(`inside.example:${port}`)), { kind: 'tags', tags: ['v1'] });
  t.strictSame(
    await failure(open, at(`mixed.example:${port}`)),
    { kind: 'tags', tags: ['v1'] },
    'by the address that is allowed',
  );
  t.equal(
    await failure(open, at('metadata.example')),
    'refused-address: no connection to metadata.example: its address is link-local, which is refused unless --allow-networks has it',
  );
  const closed = clientFor(t, { lookup, allowNetworks: [] });
  for (const host of [fake.host, `inside.example:${port}`]) {
    const name = host.split(':')[0];
    t.equal(
      await failure(closed, at(host)),
      `refused-address: no connection to ${name}: its address is loopback, which is refused unless --allow-networks has it`,
    );
  }
  t.equal(
    await failure(clientFor(t, { denyNetworks: ['127.0.0.1'] }), at(fake.host)),
    'refused-address: no connection to 127.0.0.1: its address is in a network refused by --deny-networks',
  );
  const gone = await startFakeRegistry();
  await gone.close();
  t.equal(await failure(open, targetOf(gone)), 'connection: connection refused');
  t.equal(
    await failure(open, targetOf(fake, { insecure: false })),
    'connection: the server does not speak TLS; for a registry with plain HTTP set spec.registry.insecure',
  );
  const client = createRegistry({
    timeouts: { connectMs: 100, headersMs: 100, bodyMs: 100 },
    limits: { pages: 1, tags: 1, bodyBytes: 1000 },
    rate: { perSecond: 1_000, burst: 1_000 },
    allowNetworks: ['127.0.0.0/8'],
    clock: shiftedClock(),
    userAgent: 'werfbundle-test',
  });
  t.strictSame(await client.listTags(targetOf(fake), signal), { kind: 'tags', tags: ['v1'] });
  await client.close();
  t.match(await client.listTags(targetOf(fake), signal), { kind: 'tags' }, 'after a close connections are opened anew');
  await client.close();
});

t.test('proxies', async (t) => {
  const list = '/v2/acme/app/tags/list';
  const proxyFor = async (t: Test, options: Parameters<typeof startForwardProxy>[0]) => {
    const proxy = await startForwardProxy(options);
    t.teardown(() => proxy.close());
    return proxy;
  };
  const through = (url: string, except = ''): Pick<RegistryDeps, 'proxies'> => {
    const read = readProxies({ HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: except });
    return read.kind === 'ok' ? { proxies: read.proxies } : {};
  };
  const failure = async (client: Registry, target: RegistryTarget) => {
    const answer = await client.listTags(target, signal);
    return answer.kind === 'failed' ? `${answer.code}: ${answer.message}` : answer;
  };
  const named = { host: 'registry.example:5000', repository: 'acme/app' } as const;
  const plain: RegistryTarget = { ...named, insecure: true };
  const tags = { kind: 'tags', tags: ['v1'] };

  t.test('a registry is reached by its proxy: in plain HTTP, or by a tunnel that ends at the registry', async (t) => {
    const authority = await issueAuthority(Date.now());
    const { key, certificate } = await issueLeaf(authority, ['registry.example'], Date.now());
    const secure = await fakeFor(t, { key, cert: certificate });
    const open = await fakeFor(t);
    for (const fake of [secure, open]) fake.publish('acme/app', 'v1', 'bundle');
    const [byTunnel, byRequest] = [await proxyFor(t, { to: secure.host }), await proxyFor(t, { to: open.host })];

    const target = { ...named, insecure: false };
    const client = clientFor(t, through(byTunnel.url));
    t.strictSame(await client.listTags({ ...target, ca: authority.certificate }, signal), tags);
    t.strictSame(byTunnel.asked, ['CONNECT registry.example:5000'], 'nothing else is seen on the way');
    t.match(await client.listTags(target, signal), { code: 'certificate' }, 'the registry’s own certificate counts');

    t.strictSame(await clientFor(t, through(byRequest.url)).listTags(plain, signal), tags);
    t.strictSame(byRequest.asked, [`GET http://registry.example:5000${list}`]);
  });

  t.test('what NO_PROXY names, and this machine, is reached directly, and judged as ever', async (t) => {
    const fake = await fakeFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    const proxy = await proxyFor(t, { to: fake.host });
    t.strictSame(await clientFor(t, through(proxy.url)).listTags(targetOf(fake), signal), tags);
    const lookup: RegistryDeps['lookup'] = (_name, _options, callback) =>
      callback(null, [{ address: '169.254.169.254', family: 4 }]);
    t.match(
      await failure(clientFor(t, { ...through(proxy.url, '.example'), lookup }), plain),
      /^refused-address: no connection to registry.example: its address is link-local/,
    );
    t.strictSame(proxy.asked, []);
  });

  t.test('an address that is refused is not asked for by a proxy either', async (t) => {
    const fake = await fakeFor(t);
    const proxy = await proxyFor(t, { to: fake.host });
    const client = clientFor(t, { ...through(proxy.url), denyNetworks: ['10.0.0.0/8', 'fd00::/8'] });
    for (const host of ['169.254.169.254', '10.1.2.3:5000', '[fd00::1]:5000', '[fe80::1]']) {
      t.match(await failure(client, { ...plain, host }), /^refused-address: no connection to /, host);
    }
    fake.fail(/./, { kind: 'answer', status: 302, headers: { location: 'http://169.254.169.254/latest' } });
    t.match(await failure(client, plain), /^refused-address: no connection to 169/, 'nor for a redirect');
    t.equal(proxy.asked.length, 1);
  });

  t.test('a proxy gets its own password, and the registry does not', async (t) => {
    const fake = await fakeFor(t);
    fake.publish('acme/app', 'v1', 'bundle');
    const proxy = await proxyFor(t, { to: fake.host, authorization: `Basic ${btoa('robot:p@ss')}` });
    const url = proxy.url.replace('//', '//robot:p%40ss@');
    t.strictSame(await failure(clientFor(t, through(url)), plain), tags);
    t.equal(fake.requests[0]?.authorization, undefined);
    for (const insecure of [true, false]) {
      t.equal(
        await failure(clientFor(t, through(proxy.url)), { ...plain, insecure }),
        'connection: the proxy makes no connection: 407 proxy authentication required',
      );
    }
  });

  t.test('a proxy that is not there, or says nothing, is told from a registry that is not', async (t) => {
    const gone = await startForwardProxy({ to: '127.0.0.1:1' });
    await gone.close();
    const mute = await proxyFor(t, { to: '127.0.0.1:1', silent: true });
    const short = { connectMs: 300, headersMs: 300, bodyMs: 300 };
    for (const insecure of [true, false]) {
      const target = { ...plain, insecure };
      t.equal(
        await failure(clientFor(t, through(gone.url)), target),
        'connection: no connection to the proxy: connection refused',
      );
      t.equal(
        await failure(clientFor(t, { ...through(mute.url), timeouts: short }), target),
        'timeout: context deadline exceeded',
      );
    }
  });
});

t.test('certificates', async (t) => {
  const now = Date.now();
  const authority = await issueAuthority(now);
  const ca = authority.certificate;
  const serving = async (name: string, at: number): Promise<FakeRegistry> => {
    const { key, certificate } = await issueLeaf(authority, [name], at);
    const fake = await fakeFor(t, { key, cert: certificate });
    fake.publish('acme/app', 'v1', 'bundle');
    return fake;
  };
  const fake = await serving('127.0.0.1', now);
  const client = clientFor(t);
  const tags = { kind: 'tags', tags: ['v1'] };
  const failed = (message: string) => ({ kind: 'failed', code: 'certificate', message });
  const unknown = failed('certificate signed by unknown authority; give its CA with spec.registry.caSecretRef');
  const secure = (registry: FakeRegistry, trusted?: string) =>
    targetOf(registry, { insecure: false, ...(trusted === undefined ? {} : { ca: trusted }) });
  t.strictSame(await client.listTags(secure(fake), signal), unknown);
  t.strictSame(await client.listTags(secure(fake, ca), signal), tags);
  t.strictSame(await client.listTags(secure(fake), signal), unknown, 'a CA counts for those that named it');
  const other = (await issueAuthority(now)).certificate;
  t.match(await client.listTags(secure(fake, other), signal), { code: 'certificate' }, 'another CA does not help');
  t.strictSame(await client.listTags(secure(fake, `${other}\n${ca}`), signal), tags, 'one of several does');
  t.strictSame(
    await client.listTags(secure(fake, 'canary'), signal),
    unknown,
    'what is no certificate does not either',
  );
  const old = await serving('127.0.0.1', now - 30 * 86_400_000);
  t.strictSame(await client.listTags(secure(old, ca), signal), failed('certificate has expired'));
  const early = await serving('127.0.0.1', now + 86_400_000);
  t.strictSame(await client.listTags(secure(early, ca), signal), failed('certificate is not yet valid'));
  const elsewhere = await serving('registry.example', now);
  t.strictSame(
    await client.listTags(secure(elsewhere, ca), signal),
    failed('certificate is not valid for this host name'),
  );
  fake.behave({ access: { kind: 'bearer', username: 'u', password: 'p' } });
  const credential = { kind: 'basic', username: 'u', password: 'p' } as const;
  t.strictSame(await client.listTags({ ...secure(fake, ca), credential }, signal), {
    kind: 'failed',
    code: 'protocol',
    message: 'the token server speaks plain HTTP, which is refused unless spec.registry.insecure is set',
  });
  t.notOk(
    fake.lines().some((line) => line.includes('/token')),
    'a credential is not sent in the clear',
  );
  fake.fail(/./, { kind: 'answer', status: 302, headers: { location: `http://${fake.host}/v2/` } });
  t.match(await client.listTags(secure(fake, ca), signal), {
    message: 'a redirect to plain HTTP, which is not followed unless spec.registry.insecure is set',
  });
});
