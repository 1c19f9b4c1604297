import t, { type Test } from 'tap';
import { clientFor, fakeFor, shiftedClock, signal, targetOf } from '../kit/registry-client.js';

const HOUR_MS = 3_600_000;
const LIST = 'GET /v2/acme/app/tags/list';
const tokenFor = (right: string): string =>
  `GET /token?service=fake%2C+registry&scope=repository%3Aacme%2Fapp%3A${right}`;
const TOKEN = tokenFor('pull');

/** A registry whose tokens are said to last for a year, with one tag, and a client whose clock may be put forward. */
const registryFor = async (t: Test, access: { readonly listing?: string } = {}) => {
  const fake = await fakeFor(t);
  fake.behave({ access: { kind: 'bearer', expiresIn: 31_536_000, ...access } });
  fake.publish('acme/app', 'v1', 'bundle');
  const clock = shiftedClock();
  const client = clientFor(t, { clock });
  const target = targetOf(fake);
  return {
    fake,
    list: () => client.listTags(target, signal),
    manifest: () => client.readManifest(target, 'v1', signal),
    pass: (ms: number) => {
      clock.shift += ms;
    },
    /** Requests since the last time. */
    asked: () => {
      const lines = fake.lines();
      fake.clear();
      return lines;
    },
  };
};

const TAGS = { kind: 'tags', tags: ['v1'] };

t.test('a token is used for an hour at most, however long it is said to last', async (t) => {
  const { list, pass, asked } = await registryFor(t);
  t.strictSame(await list(), TAGS);
  t.strictSame(asked(), [LIST, TOKEN, LIST]);
  pass(HOUR_MS - 70_000);
  t.strictSame(await list(), TAGS);
  t.strictSame(asked(), [LIST], '70 seconds before the hour is over');
  pass(70_000);
  t.strictSame(await list(), TAGS);
  t.strictSame(asked(), [TOKEN, LIST], 'after an hour');
});

for (const status of [400, 401, 403]) {
  t.test(`a kept token that is refused with ${status} is dropped, and one fresh one is asked for`, async (t) => {
    const { fake, list, asked } = await registryFor(t);
    await list();
    asked();
    const headers = {
      'www-authenticate': `Bearer realm="http://${fake.host}/token",service="fake, registry",scope="repository:acme/app:pull"`,
    };
    const refuse = (times: number): void =>
      fake.fail(/tags/, { kind: 'answer', status, ...(status === 401 && { headers }) }, times);
    refuse(1);
    t.strictSame(await list(), TAGS);
    t.strictSame(asked(), [LIST, TOKEN, LIST], 'a revoked one');
    refuse(2);
    t.match(await list(), { kind: 'failed', message: new RegExp(`^${status} `) });
    t.strictSame(asked(), [LIST, TOKEN, LIST], 'two in a row: no third');
    t.strictSame(await list(), TAGS);
    t.strictSame(asked(), [TOKEN, LIST], 'and none that was refused is used again');
  });
}

t.test('who may not read costs one token and one request for each poll', async (t) => {
  const { fake, list, asked } = await registryFor(t);
  await list();
  asked();
  fake.fail(/tags/, { kind: 'answer', status: 403 }, 100);
  await list();
  asked();
  for (const poll of [1, 2, 3]) {
    t.match(await list(), { kind: 'failed', code: 'unauthorized', message: '403 forbidden' });
    t.strictSame(asked(), [TOKEN, LIST], `poll ${poll}`);
  }
});

t.test(
  'a registry that wants another scope for lists than for manifests answers no 401 to a steady poll',
  async (t) => {
    const { fake, list, manifest, asked } = await registryFor(t, { listing: 'metadata_read' });
    const MANIFEST = ['HEAD /v2/acme/app/manifests/v1', 'GET /v2/acme/app/manifests/v1'] as const;
    t.strictSame(await list(), TAGS);
    t.match(await manifest(), { kind: 'manifest' });
    const first = [LIST, tokenFor('metadata_read'), LIST, MANIFEST[0], TOKEN, ...MANIFEST];
    t.strictSame(asked(), first, 'the first poll learns both scopes');
    for (const _ of Array(20)) {
      t.strictSame(await list(), TAGS);
      t.match(await manifest(), { kind: 'manifest' });
    }
    t.equal(fake.answers().filter((line) => line.startsWith('401')).length, 0);
    const lines = asked();
    t.equal(lines.length, 40, 'twenty polls, a list and a manifest each');
  },
);
