import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { tarOf } from '../../cli/publish/tar.js';
import { clientFor, fakeFor, signal, targetOf } from '../kit/registry-client.js';

const CHART = gzipSync(tarOf({ 'app/Chart.yaml': 'name: app\n' }));

const digestOf = (body: string | Buffer): string => `sha256:${createHash('sha256').update(body).digest('hex')}`;

t.test('a chart is pulled by two requests, without anything being asked about tags', async (t) => {
  const fake = await fakeFor(t);
  const digest = fake.publish('acme/app', 'v1', { chart: CHART });
  const client = clientFor(t);
  t.strictSame(await client.readArchive(targetOf(fake), digest, signal), { kind: 'archive', bytes: CHART });
  t.strictSame(fake.lines(), [`GET /v2/acme/app/manifests/${digest}`, `GET /v2/acme/app/blobs/${digestOf(CHART)}`]);
});

t.test('a chart that a store of blobs has is pulled from there, without the credential', async (t) => {
  const fake = await fakeFor(t);
  const store = await fakeFor(t);
  const login = { username: 'u', password: 'p' };
  fake.behave({ access: { kind: 'basic', ...login } });
  const digest = fake.publish('acme/app', 'v1', { chart: CHART });
  store.publish('acme/app', 'v1', { chart: CHART });
  const blob = `/v2/acme/app/blobs/${digestOf(CHART)}`;
  const moved = { kind: 'answer', status: 307, headers: { location: `http://${store.host}${blob}` } } as const;
  fake.fail(/^GET .*blobs/, moved);
  const target = targetOf(fake, { credential: { kind: 'basic', ...login } });
  t.strictSame(await clientFor(t).readArchive(target, digest, signal), { kind: 'archive', bytes: CHART });
  t.strictSame(
    store.requests.map(({ path, authorization }) => ({ path, authorization })),
    [{ path: blob, authorization: undefined }],
  );
});

t.test('what has another digest than it should have is no answer', async (t) => {
  const wrong = {
    kind: 'failed',
    code: 'protocol',
    message: 'what the registry gave does not have the digest that was asked for',
  };
  const fake = await fakeFor(t);
  const digest = fake.publish('acme/app', 'v1', { chart: CHART });
  const client = clientFor(t);
  for (const what of ['manifests', 'blobs']) {
    fake.fail(new RegExp(`^GET .*${what}`), { kind: 'answer', status: 200, body: CHART.subarray(1) });
    t.strictSame(await client.readArchive(targetOf(fake), digest, signal), wrong, what);
  }
});

t.test('what is no chart that could be read is not asked for', async (t) => {
  const fake = await fakeFor(t);
  const client = clientFor(t, { limits: { pages: 1, tags: 1, bodyBytes: 1024 * 1024 } });
  const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json' };
  const layer = { mediaType: 'application/tar+gzip', digest: digestOf(CHART), size: 1024 * 1024 + 1 };
  const cases = [
    ['a larger one than is read', { config, layers: [layer] }, 'its archive has more than 1 MiB'],
    ['no layer', { config, layers: [] }, 'its manifest names no chart'],
    ['a layer of another kind', { config, layers: [{ ...layer, mediaType: 'x' }] }, 'its manifest names no chart'],
    ['a layer without a digest', { config, layers: [{ ...layer, digest: '../x' }] }, 'its manifest names no chart'],
    ['layers that are none', { config, layers: 'none' }, 'its manifest names no chart'],
    ['an image', { config: { mediaType: 'x' }, layers: [layer] }, 'it is no bundle'],
  ] as const;
  for (const [title, manifest, why] of cases) {
    const digest = fake.publish('acme/app', 'v1', { raw: JSON.stringify(manifest) });
    fake.clear();
    t.strictSame(await client.readArchive(targetOf(fake), digest, signal), { kind: 'unusable', why }, title);
    t.equal(fake.requests.length, 1, title);
  }
  t.strictSame(await client.readArchive(targetOf(fake), '../../x', signal), {
    kind: 'unusable',
    why: 'it has no digest',
  });
});

t.test('a failure is told, and a lie about the size is one', async (t) => {
  const fake = await fakeFor(t);
  const client = clientFor(t, { limits: { pages: 1, tags: 1, bodyBytes: 1024 } });
  const config = { mediaType: 'application/vnd.cncf.helm.config.v1+json' };
  const large = Buffer.alloc(2000, 'x');
  fake.publish('acme/app', 'v0', { chart: large });
  const layer = { mediaType: 'application/tar+gzip', digest: digestOf(large), size: 1 };
  const digest = fake.publish('acme/app', 'v1', { raw: JSON.stringify({ config, layers: [layer] }) });
  t.strictSame(await client.readArchive(targetOf(fake), digest, signal), {
    kind: 'failed',
    code: 'protocol',
    message: 'the answer is larger than 1024 bytes',
  });
  fake.fail(/^GET .*manifests/, { kind: 'answer', status: 503, headers: { 'retry-after': '7' } });
  t.match(await client.readArchive(targetOf(fake), digest, signal), { kind: 'failed', code: 'server-error' });
  t.match(await client.readArchive(targetOf(fake), digest, signal), { kind: 'held', why: 'retry-after' });
});
