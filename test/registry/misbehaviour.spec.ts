import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { eventually } from '../kit/eventually.js';
import type { FakeFault } from '../kit/fake-registry.js';
import { clientFor, fakeFor, signal, targetOf } from '../kit/registry-client.js';

t.test('whatever a registry answers ends in a failure that says what it was', async (t) => {
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
      want: failed(
        'protocol',
        'the registry names a next page of tags on another host, evil.example, which is not followed',
      ),
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
        { host: '169.254.169.254' },
      ),
    },
    {
      title: 'a realm that is no URL',
      fault: answer(401, { 'www-authenticate': 'Bearer realm="canary"' }),
      want: failed('protocol', 'the realm of the token server is no URL'),
    },
    {
      title: 'a realm elsewhere that speaks plain HTTP, of a registry on this machine',
      fault: answer(401, { 'www-authenticate': 'Bearer realm="http://auth.example:8080/token"' }),
      want: failed(
        'protocol',
        'the registry is on this machine, and its token server auth.example:8080 is not and speaks plain HTTP, which is refused',
      ),
    },
    {
      title: 'a realm at an address that is refused',
      fault: answer(401, { 'www-authenticate': 'Bearer realm="http://[::1]:1/token"' }),
      want: failed(
        'refused-address',
        'no connection to ::1: its address is loopback, which is refused unless --allow-networks has it',
        { host: '[::1]:1' },
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

  t.test('a list of more than 20 pages or 1,000 tags is given up', async (t) => {
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

  t.test('manifests that are none are no bundles', async (t) => {
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

  t.test('where there is no HEAD and no digest the manifest is read, and its digest computed', async (t) => {
    const fake = await fakeFor(t);
    const digest = fake.publish('acme/app', 'v1', 'bundle');
    const want = { kind: 'manifest', digest, bundle: true };
    for (const changes of [{ head: false }, { digests: false }, { head: false, digests: false }]) {
      fake.behave({ head: true, digests: true, ...changes });
      t.strictSame(await clientFor(t).readManifest(targetOf(fake), 'v1', signal), want);
    }
  });
});

t.test('time-outs end as context deadline exceeded', async (t) => {
  const want = { kind: 'failed', code: 'timeout', message: 'context deadline exceeded' };
  const short = { connectMs: 100, headersMs: 100, bodyMs: 100 };
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
  const [client, another] = [clientFor(t, { timeouts: short }), clientFor(t, { timeouts: short })];
  const nameless = clientFor(t, { timeouts: short, lookup: () => undefined });
  // All at once: each is waited for up to a second, whatever the time-out.
  const hanging = Promise.all([
    client.listTags({ host: `127.0.0.1:${port}`, repository: 'acme/app', insecure: false }, signal),
    client.listTags(targetOf(fake, { repository: 'hang/headers' }), signal),
    client.listTags(targetOf(fake, { repository: 'hang/body' }), signal),
  ]);
  const dripping = Promise.all(
    ['drip/headers', 'drip/body'].map((repository) => another.listTags(targetOf(fake, { repository }), signal)),
  );
  const unresolved = nameless.listTags({ host: 'silent.example', repository: 'acme/app', insecure: true }, signal);
  t.strictSame(await hanging, [want, want, want], 'for the connection, the headers and the body');
  t.strictSame(await dripping, [want, want], 'as a whole: a byte now and then does not prolong them');
  t.strictSame(await unresolved, want, 'and for a name that is never resolved');
  const stop = new AbortController();
  fake.fail(/forever/, { kind: 'hang', at: 'headers' });
  const endless = clientFor(t).listTags(targetOf(fake, { repository: 'hang/forever' }), stop.signal);
  await eventually(
    async () => fake.requests,
    (asked) => asked.some(({ path }) => path.includes('forever')),
  );
  stop.abort(new Error('stopped'));
  await t.rejects(endless, { message: 'stopped' }, 'an abort does not wait for them');
});
