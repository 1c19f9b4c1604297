import type { Page } from 'playwright-core';
import t from 'tap';
import type { Row } from '../../dashboard/protocol.js';
import { eventually } from '../kit/eventually.js';
import { madeUpRow } from '../kit/made-up-bundles.js';
import { faultsOf } from '../kit/page-fixture.js';
import { SHOP_ROWS } from '../kit/shop-bundles.js';
import { startShopFixture } from '../kit/shop-fixture.js';

const { server, browser, open } = await startShopFixture(t);

/** `namespace/name` of the rows in the document, in their order. */
const rowsOf = (page: Page): Promise<readonly string[]> =>
  page
    .locator('.field-of-rows .row')
    .evaluateAll((rows) =>
      rows
        .toSorted((a, b) => Number(a.getAttribute('aria-rowindex')) - Number(b.getAttribute('aria-rowindex')))
        .map(
          (row) => `${row.querySelector('.is-namespace')?.textContent}/${row.querySelector('.is-name')?.textContent}`,
        ),
    );

const seesRows = (page: Page, wanted: (rows: readonly string[]) => boolean) => eventually(() => rowsOf(page), wanted);

const cell = (page: Page, name: string, column: string) =>
  page.locator('.field-of-rows .row', { hasText: name }).locator(`.is-${column}`);

const queryOf = (page: Page) => new URL(page.url()).search;

t.test('the page is seen to break its policy, if it does', async (t) => {
  const page = await browser.newPage();
  const faults = faultsOf(page, server.origin);
  await page.goto(server.origin);
  t.same(faults, []);
  await page.evaluate(() => {
    const picture = document.createElement('img');
    picture.src = 'https://elsewhere.example.com/x.png';
    document.body.append(picture);
    document.body.setAttribute('style', 'color: red');
  });
  await eventually(
    async () => faults.length,
    (count) => count >= 3,
  );
  t.match(faults.toSorted(), [
    /^Applying inline style violates/,
    /^Loading the image .* violates/,
    'asks https://elsewhere.example.com/x.png',
  ]);
  await page.close();
});

t.test('all bundles are listed, with what needs a person first', async (t) => {
  const page = await open(t);
  const rows = await seesRows(page, (seen) => seen.length === SHOP_ROWS.length);
  t.same(rows.slice(0, 6), [
    'billing/invoices',
    'ops/ingress-routes',
    'shops/checkout',
    'identity/sessions',
    'media/thumbnails',
    'search/indexer',
  ]);
  t.equal(await cell(page, 'checkout', 'state').innerText(), 'Failed');
  t.equal(await cell(page, 'checkout', 'tag').textContent(), 'v2.7.4→ to v2.8.0');
  t.match(await cell(page, 'ingress-routes', 'reason').innerText(), /^PollingStopped\s*6 failed polls\s*six polls/);
  t.equal(await cell(page, 'checkout', 'deployed').innerText(), '2d');
  t.equal(await page.title(), '(3 failed) Werf bundles');
  t.equal(new URL(page.url()).hash, '', 'the key is not in the address any more');
  await page.reload();
  await seesRows(page, (seen) => seen.length === SHOP_ROWS.length);
});

t.test('what changes is seen at once, and keeps its place in the order', async (t) => {
  const page = await open(t);
  await seesRows(page, (seen) => seen.length > 0);
  const stock = madeUpRow({ namespace: 'shops', name: 'stock', version: '2', state: 'failed', reason: 'JobLost' });
  server.tell({ kind: 'bundles', rows: [stock] });
  t.equal((await seesRows(page, ([, , , fourth]) => fourth === 'shops/stock'))[3], 'shops/stock');
  t.match(await cell(page, 'stock', 'reason').innerText(), /^JobLost/);
  server.tell({ kind: 'removed', uid: stock.uid });
  t.notOk((await seesRows(page, (rows) => !rows.includes('shops/stock'))).includes('shops/stock'));
});

t.test('states and words filter, and the address says so', async (t) => {
  const page = await open(t);
  await page.getByRole('button', { name: 'Progressing 2' }).click();
  t.same(await seesRows(page, (rows) => rows.length === 2), ['media/thumbnails', 'search/indexer']);
  await page.getByRole('searchbox').fill('index V3.1');
  t.same(await seesRows(page, (rows) => rows.length === 1), ['search/indexer']);
  t.equal(await page.getByRole('button', { name: 'Progressing 1' }).getAttribute('aria-pressed'), 'true');
  t.equal(await page.locator('.shown-count').innerText(), '1 of 25 bundles');
  const wanted = '?q=index+V3.1&state=progressing';
  t.equal(
    await eventually(
      async () => queryOf(page),
      (query) => query === wanted,
    ),
    wanted,
  );

  const other = await open(t, { path: `/${wanted}` });
  t.same(await seesRows(other, (rows) => rows.length === 1), ['search/indexer'], 'a link can be shared');
  t.equal(await other.getByRole('searchbox').inputValue(), 'index V3.1');
  await other.getByRole('searchbox').fill('nothing like it');
  await other.getByRole('button', { name: 'Clear the filter' }).click();
  await seesRows(other, (rows) => rows.length === 25);
});

t.test('the list is sorted by a click', async (t) => {
  const page = await open(t);
  await page.getByRole('button', { name: 'Deployed' }).click();
  t.same((await seesRows(page, ([first]) => first === 'search/api')).slice(0, 2), ['search/api', 'risk/rules']);
  t.equal(await page.getByRole('columnheader', { name: 'Deployed' }).getAttribute('aria-sort'), 'descending');
});

t.test('of chosen namespaces only is asked', async (t) => {
  const page = await open(t);
  await page.getByRole('button', { name: 'Namespaces: All namespaces' }).click();
  await page.getByRole('checkbox', { name: 'shops' }).check();
  t.same((await seesRows(page, (rows) => rows.length === 5)).slice(0, 2), ['shops/checkout', 'shops/cart']);
  await page.getByRole('checkbox', { name: 'ops', exact: false }).nth(0).check();
  await seesRows(page, (rows) => rows.length === 8);
  t.ok(server.asked.includes('/api/bundles?namespace=shops'));
  t.equal(server.asked.at(-1), '/api/bundles?namespace=shops&namespace=ops');
  await page.keyboard.press('Escape');
  t.equal(await page.getByRole('button', { name: 'Namespaces: 2 namespaces' }).getAttribute('aria-expanded'), 'false');
});

t.test('a namespace without bundles says how to get one', async (t) => {
  const page = await open(t, { path: '/?namespace=empty' });
  await page.getByText('No bundles in namespace empty yet: werfbundle init prints one.').waitFor();
});

const refusedForAll = () =>
  server.knows.answers.set('/api/bundles', {
    status: 403,
    body: {
      message: 'You may not list bundles.',
      right: { verb: 'list', group: 'werf.io', resource: 'werfbundles' },
    },
  });

t.test('where not all namespaces may be seen, it is the one of the session', async (t) => {
  refusedForAll();
  const page = await open(t);
  t.equal((await seesRows(page, (rows) => rows.length === 5)).length, 5);
  t.match(
    await page.locator('.banner').innerText(),
    /You may not see the bundles of all namespaces \(list werfbundles\.werf\.io in all namespaces\)\. This is namespace shops\./,
  );
  await page.getByRole('textbox', { name: 'Namespace' }).fill('ops');
  await page.getByRole('button', { name: 'Show' }).click();
  await seesRows(page, (rows) => rows.length === 3);
  t.equal(await eventually(async () => queryOf(page), Boolean), '?namespace=ops');

  const deep = await open(t, { path: '/bundles/search/api' });
  t.same((await seesRows(deep, (rows) => rows.length === 3))[0], 'search/indexer', 'or that of the link');
});

t.test('where no namespace is known, it asks for one', async (t) => {
  refusedForAll();
  server.knows.session = { server: 'https://shops.example.com:6443', user: 'ada', namespace: '' };
  const page = await open(t);
  await page.getByText('Which one do you want to see?').waitFor();
  await page.getByRole('textbox', { name: 'Namespace' }).fill('shops');
  await page.keyboard.press('Enter');
  await seesRows(page, (rows) => rows.length === 5);
});

t.test('a server that is gone leaves the rows, and is found again', async (t) => {
  const page = await open(t);
  await seesRows(page, (rows) => rows.length === 25);
  await server.goAway();
  await page.getByText('The server is not reached.').waitFor();
  t.equal(await page.getByLabel('Connection').innerText(), 'Disconnected');
  t.equal((await rowsOf(page)).length, 25);
  server.knows.rows = SHOP_ROWS.filter(({ namespace }) => namespace === 'shops');
  await server.comeBack();
  await page.getByRole('button', { name: 'Try now' }).click();
  t.equal((await seesRows(page, (rows) => rows.length === 5)).length, 5, 'what went meanwhile is gone');
  t.equal(await page.getByText('The server is not reached.').count(), 0);
  t.equal(await page.getByLabel('Connection').innerText(), 'Live');
});

t.test('what a newer server says is passed over where the page does not know it, and said once', async (t) => {
  const page = await open(t);
  await seesRows(page, (rows) => rows.length === 25);
  const banner = page.getByText('The server is newer than this page: reload it to see all that it tells.');
  t.equal(await banner.count(), 0);
  for (let time = 0; time < 2; time += 1) server.tell({ kind: 'told-later', what: 'more' } as never);
  const stock = madeUpRow({ namespace: 'shops', name: 'stock', state: 'paused' as never });
  server.tell({ kind: 'bundles', rows: [stock] });
  t.equal((await seesRows(page, (rows) => rows.length === 26))[0], 'shops/stock');
  t.equal(await cell(page, 'stock', 'state').innerText(), 'paused');
  t.equal(await banner.count(), 1);
  t.equal(await page.getByLabel('Connection').innerText(), 'Live');
  await page.getByRole('button', { name: 'Failed 3' }).click();
  await seesRows(page, (rows) => rows.length === 3);
});

t.test('a cluster that is not reached is said, until it is', async (t) => {
  const page = await open(t);
  await seesRows(page, (rows) => rows.length === 25);
  server.tell({ kind: 'disturbed', message: 'connect ECONNREFUSED 10.0.0.1:6443.' });
  await page.getByText('connect ECONNREFUSED 10.0.0.1:6443.').waitFor();
  server.tell({ kind: 'bundles', rows: [] });
  await page.getByText('connect ECONNREFUSED').waitFor({ state: 'detached' });
  server.tell({ kind: 'ended', status: 403, refusal: { message: 'Your rights were taken away.' } });
  await page.getByText('Your rights were taken away.').waitFor();
  t.equal(await page.getByLabel('Connection').innerText(), 'Refused');
});

t.test('without a key of a local server, it says where the link is', async (t) => {
  const page = await open(t, { key: '' });
  await page.getByText('Open the link that werfbundle dashboard printed.').waitFor();
  const wrong = await open(t, { key: 'wrong' });
  await wrong.getByRole('alert').waitFor();
  t.equal(await wrong.getByRole('alert').innerText(), 'The key is not, or no longer, good.');
  t.equal(await wrong.evaluate(() => localStorage.length), 0);
});

t.test(
  'a page of an earlier run says so, and goes on with the key of the next one as soon as a tab has it',
  async (t) => {
    const page = await open(t);
    await seesRows(page, (rows) => rows.length === 25);
    await server.goAway();
    server.knows.key = 'key-of-the-next-run';
    await server.comeBack();
    await page.getByText('This page’s key is of an earlier run.').waitFor();
    await page.getByText('Open the link that werfbundle dashboard printed.').waitFor();
    const next = await page.context().newPage();
    await next.goto(`${server.origin}/#key=key-of-the-next-run`);
    await seesRows(next, (rows) => rows.length === 25);
    await seesRows(page, (rows) => rows.length === 25);
    t.equal(await page.getByText('This page’s key').count(), 0);
  },
);

t.test('a link that is pasted into the tab that asks for it is followed', async (t) => {
  const page = await open(t, { key: '' });
  await page.getByText('Open the link that werfbundle dashboard printed.').waitFor();
  await page.goto(`${server.origin}/#key=${server.knows.key}`);
  await seesRows(page, (rows) => rows.length === 25);
  t.equal(await page.evaluate(() => location.hash), '', 'and the key does not stay in the address');
});

t.test('credentials that the cluster no longer takes are not the key’s fault', async (t) => {
  const page = await open(t);
  await seesRows(page, (rows) => rows.length === 25);
  server.tell({ kind: 'ended', status: 401, refusal: { message: 'the cluster does not know you' } });
  await page
    .getByText('the cluster does not know you. Log in again as you do for kubectl, then reload this page.')
    .waitFor();
  await page.reload();
  await seesRows(page, (rows) => rows.length === 25);
  server.knows.answers.set('/api/session', { status: 401, body: { message: 'the cluster does not know you' } });
  await page.reload();
  await page.getByText('the cluster does not know you. Log in again').waitFor();
  server.knows.answers.clear();
  await page.reload();
  t.equal((await seesRows(page, (rows) => rows.length === 25)).length, 25, 'the key is kept');
});

t.test('in a cluster one signs in with a token, for this tab, and out again', async (t) => {
  server.knows.mode = 'cluster';
  const page = await open(t, { key: '' });
  const field = page.getByLabel('Your token for this cluster');
  t.same([await field.getAttribute('type'), await field.getAttribute('autocomplete')], ['password', 'off']);
  await page.getByText('kubectl create token NAME -n NAMESPACE').waitFor();
  await field.fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await field.fill(server.key);
  await page.keyboard.press('Enter');
  await seesRows(page, (rows) => rows.length === 25);
  const stored = () => page.evaluate(() => [localStorage.getItem('werfbundle-key'), sessionStorage.length]);
  t.same(await stored(), [null, 1]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  t.same(await stored(), [null, 0]);
});

t.test('in a cluster a link signs nobody in as somebody else', async (t) => {
  server.knows.mode = 'cluster';
  const page = await open(t);
  await page.getByLabel('Your token for this cluster').waitFor();
  t.notMatch(page.url(), /key/);
});

t.test('in a cluster nobody signs in whom a proxy has logged in already', async (t) => {
  server.knows.mode = 'cluster';
  server.knows.isBehindProxy = true;
  const page = await open(t, { key: '' });
  await seesRows(page, (rows) => rows.length === 25);
});

t.test('a key that is no longer good leads to the first screen again', async (t) => {
  server.knows.mode = 'cluster';
  const page = await open(t, { key: '' });
  await page.getByLabel('Your token for this cluster').fill(server.key);
  await page.keyboard.press('Enter');
  await seesRows(page, (rows) => rows.length === 25);
  server.knows.isKeyOld = true;
  server.tell({ kind: 'ended', status: 401, refusal: { message: 'The token has expired.' } });
  await page.getByRole('alert').waitFor();
  t.equal(await page.getByRole('alert').innerText(), 'The token has expired.');
});

t.test('texts of strangers are shown as texts', async (t) => {
  const hostile: readonly Row[] = [
    madeUpRow({ namespace: 'shops', name: 'markup', message: '<img src=x onerror="document.title=1"><b>bold</b>' }),
    madeUpRow({
      namespace: 'shops',
      name: 'bidi',
      tag: 'v1\u202e2.3',
      message: 'nul \u0000 and \u001b[31mred\u001b[0m',
    }),
    madeUpRow({ namespace: 'shops', name: 'long', message: 'x'.repeat(200), tag: 't'.repeat(128) }),
  ];
  server.knows.rows = hostile;
  const page = await open(t);
  await seesRows(page, (rows) => rows.length === 3);
  t.match(await cell(page, 'markup', 'reason').innerText(), '<img src=x onerror="document.title=1"><b>bold</b>');
  t.equal(await page.locator('.grid img, .grid b').count(), 0);
  t.match(await cell(page, 'bidi', 'tag').innerText(), 'v1\uFFFD2.3');
  t.match(await cell(page, 'bidi', 'reason').innerText(), /nul \uFFFD and red$/);
  const heights = await page.locator('.field-of-rows .row').evaluateAll((rows) => rows.map((row) => row.clientHeight));
  t.same(new Set(heights).size, 1, 'a long text makes no row higher');
});
