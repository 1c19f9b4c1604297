import t from 'tap';
import { askRegistry } from '../../cli/doctor/ask-registry.js';
import { polledRepositories, similarRepositories } from '../../cli/doctor/similar-repositories.js';
import { bundle, reachable, syncedStatus } from '../kit/builders.js';
import { clientFor, fakeFor, signal, targetOf } from '../kit/registry-client.js';

// What may be meant by a repository that does not exist.

t.test('a repository may be meant that has nearly the same name, not just the same path before it', async (t) => {
  const known = ['acme/app', 'acme/apps', 'acme/web/api', 'other/store', 'shop', 'team/shop/web'];
  const rows: readonly (readonly [written: string, similar: readonly string[]])[] = [
    ['acme/ap', ['acme/app', 'acme/apps']],
    ['amce/app', ['acme/app']],
    ['store', []],
    ['acme/some', []],
    ['team/shop/api', []],
    ['team/shop/weeb', ['team/shop/web']],
    ['shop', []],
    ['quite/different', []],
  ];
  for (const [written, similar] of rows)
    t.strictSame(similarRepositories(written === 'shop' ? ['shop'] : known, written), similar, written);
});

t.test('those of other bundles count if the controller polls them, on the same host', async (t) => {
  const of = (url: string, isReachable: boolean) =>
    bundle(isReachable ? syncedStatus({ conditions: [reachable] }) : { observedGeneration: 1 }, {
      spec: { registry: { url } },
    });
  const bundles = [of('a.example/one', true), of('a.example/two', false), of('b.example/three', true)];
  t.strictSame(polledRepositories(bundles, 'a.example'), ['one']);
});

t.test('the registry is asked for its repositories where one is not found, and may refuse', async (t) => {
  const fake = await fakeFor(t);
  fake.publish('acme/apps', 'v1', 'bundle');
  const rows = [
    {
      title: 'it tells them, on several pages',
      pages: [
        { body: { repositories: ['acme/apps', '../x', 7] }, next: '/v2/_catalog?last=acme/apps' },
        { body: { repositories: ['acme/appz'] } },
      ],
      similar: [`${fake.host}/acme/apps`, `${fake.host}/acme/appz`],
    },
    { title: 'it tells nobody', pages: [{ status: 401, body: {} }], similar: [] },
    { title: 'it answers something else', pages: [{ body: { children: [] } }], similar: [] },
  ];
  for (const { title, pages, similar } of rows) {
    fake.clear();
    for (const { status = 200, body, next } of pages as readonly { status?: number; body: object; next?: string }[])
      fake.fail(/_catalog/, {
        kind: 'answer',
        status,
        body: JSON.stringify(body),
        ...(next !== undefined && { headers: { link: `<${next}>; rel="next"` } }),
      });
    const others = async () => [];
    const question = { target: targetOf(fake), policy: { versionConstraint: '*' }, others };
    const view = await askRegistry(clientFor(t), question, signal);
    t.match(view, { kind: 'asked', outcome: { kind: 'failed', failure: { code: 'not-found' } } }, title);
    t.strictSame(view.kind === 'asked' && view.similar, similar, title);
    t.strictSame(fake.lines().slice(1, 2), ['GET /v2/_catalog?n=1000'], title);
  }
  fake.clear();
  const found = { target: targetOf(fake, { repository: 'acme/apps' }), policy: { versionConstraint: '*' } };
  await askRegistry(clientFor(t), { ...found, others: async () => t.fail('it was found') as never }, signal);
  t.notOk(fake.lines().some((line) => line.includes('_catalog')));
});
