import t, { type Test } from 'tap';
import type { FakeFault } from '../kit/fake-registry.js';
import { clientFor, fakeFor, shiftedClock, signal, targetOf } from '../kit/registry-client.js';

t.test('what was answered before is asked for by its ETag', async (t) => {
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
      same: [`304 GET ${manifest}`],
      moved: [`200 GET ${manifest}`],
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
