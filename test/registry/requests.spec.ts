import t from 'tap';
import type { FakeFault, FakeRegistry } from '../kit/fake-registry.js';
import { clientFor, fakeFor, shiftedClock, signal, targetOf } from '../kit/registry-client.js';

const answer401 = (fake: FakeRegistry): FakeFault => {
  const scope = 'repository:acme/app:pull';
  const challenge = `Bearer realm="http://${fake.host}/token",service="fake, registry",scope="${scope}"`;
  return { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } };
};

t.test('a registry is asked for what is needed, and shown no credential that it has no business with', async (t) => {
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
    t.strictSame(await client.listTags(targetOf(fake, { credential: other }), signal), {
      ...refused,
      credentialSent: true,
    });
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
      host: other.host,
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
