import { setMaxListeners } from 'node:events';
import t from 'tap';
import { eventually } from '../kit/eventually.js';
import type { FakeFault } from '../kit/fake-registry.js';
import { clientFor, fakeFor, shiftedClock, signal, targetOf } from '../kit/registry-client.js';

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

  t.test('is let be for 30 s after five answers of 5xx or none, and not for what 4xx say', async (t) => {
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
