import t from 'tap';
import { registryContract } from '../contract/registry.contract.js';
import type { FakeFault } from '../kit/fake-registry.js';
import { clientFor, fakeFor, signal, targetOf } from '../kit/registry-client.js';

t.test('the contract of a registry holds over HTTP, with each way to log in', async (t) => {
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
        ...('username' in access && { credential }),
        publish: async (repository, tag, content) => {
          salt += 1;
          return fake.publish(repository, tag, content, `${salt}`);
        },
      });
    });
  }
});

t.test('what registries are known to do is dealt with', async (t) => {
  const list = '/v2/acme/app/tags/list';
  const page = (tags: readonly string[], next?: string, more: object = {}): FakeFault => ({
    kind: 'answer',
    status: 200,
    ...(next !== undefined && { headers: { link: `<${next}>; rel="next"` } }),
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
        message: `404 not found: the answer to the next page of tags that the registry names, "${list}?last=a"`,
      },
      asked: [list, `${list}?last=a`, list, `${list}?last=a`],
    },
    {
      title:
        'a page at an address of the inside, which a proxy does not serve: the message says which, and where the tags are',
      pages: [page(['a'], `/internal${list}?last=a`), { kind: 'answer', status: 400 }],
      want: {
        kind: 'failed',
        code: 'protocol',
        message: `400 bad request: the answer to the next page of tags that the registry names, "/internal${list}?last=a"; it serves tags at ${list}`,
      },
      asked: [list, `/internal${list}?last=a`],
    },
    {
      title: 'a Link that can not be read: no list, not a short one',
      pages: [{ kind: 'answer', status: 200, headers: { link: '<broken' }, body: '{"tags":["a"]}' }],
      want: {
        kind: 'failed',
        code: 'protocol',
        message: 'the list of tags may have more pages, but the registry\'s Link header can\'t be read: "<broken"',
      },
      asked: [list],
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
