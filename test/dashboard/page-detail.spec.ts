import type { Page } from 'playwright-core';
import t from 'tap';
import type { ChecksAnswer, EventsAnswer, LogLine, ValuesAnswer } from '../../dashboard/protocol.js';
import { eventually } from '../kit/eventually.js';
import { ago, madeUpDetail, madeUpRow } from '../kit/made-up-bundles.js';
import { SHOP_LOG } from '../kit/shop-bundles.js';
import { startShopFixture } from '../kit/shop-fixture.js';

const { server, open } = await startShopFixture(t);

const CHECKOUT = '/api/bundles/shops/checkout';
const LINK = '/bundles/shops/checkout';

const panel = (page: Page) => page.getByRole('tabpanel');
const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute('role') ?? document.activeElement?.tagName.toLowerCase());
const pathOf = (page: Page) => {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
};
const isAt = (page: Page, path: string) =>
  eventually(
    async () => pathOf(page),
    (at) => at === path,
  );

t.test('a bundle says what has happened, what to do, and how it came so', async (t) => {
  const page = await open(t, { path: LINK });
  await page.getByRole('heading', { level: 2, name: 'checkout' }).waitFor();
  const step = page.locator('.next-step');
  t.match(await step.innerText(), /The Job failed and is not tried again/);
  t.same(await step.locator('code').allInnerTexts(), [
    'werfbundle logs checkout -n shops',
    'werfbundle reconcile checkout -n shops',
  ]);
  const link = step.getByRole('link', { name: 'Read more' });
  t.same(
    [await link.getAttribute('href'), await link.getAttribute('rel')],
    ['https://docs.example.com/troubleshooting#ask-for-another-try', 'noopener noreferrer'],
  );
  t.match(await panel(page).innerText(), /Deployed as\s+ServiceAccount shops\/deployer/);
  t.match(await page.getByRole('row', { name: /^41/ }).innerText(), /Failed\s+v2\.8\.0\s+NewTag\s+17m ago\s+5m 09s/);
  t.match(await panel(page).innerText(), /The cluster is what was deployed\. 96 checks, the last \dm ago\./);
  t.equal(await page.title(), 'Failed: shops/checkout');
  t.same(
    await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => tagName)),
    ['H1', 'H2', ...Array.from({ length: 6 }, () => 'H3')],
    'headings in order',
  );
});

t.test('by keys alone from the list to the log of a bundle, and back', async (t) => {
  server.knows.answers.set(`${CHECKOUT}/log`, { lines: SHOP_LOG });
  const page = await open(t);
  await page.locator('.field-of-rows .row').first().waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('check');
  await page.keyboard.press('Enter');
  t.equal(await focused(page), 'grid');
  await page.keyboard.press('j');
  const grid = page.getByRole('grid');
  const active = await grid.getAttribute('aria-activedescendant');
  t.equal(active, 'row-uid-shops-checkout');
  t.equal(await page.locator(`#${active}`).getAttribute('aria-selected'), 'true');
  t.not(await page.locator(`#${active}`).evaluate((row) => getComputedStyle(row).outlineStyle), 'none');
  await page.keyboard.press('Enter');
  await page.locator('.next-step').waitFor();
  t.equal(await focused(page), 'h2', 'the focus is in what was opened');
  t.equal(await isAt(page, `${LINK}?q=check`), `${LINK}?q=check`);
  await page.keyboard.press('2');
  await page.getByText('panic: missing required setting PAYMENT_URL').waitFor();
  t.equal(await isAt(page, `${LINK}?q=check&view=log`), `${LINK}?q=check&view=log`);
  await page.getByRole('tab', { name: 'Log' }).focus();
  await page.keyboard.press('ArrowRight');
  t.equal(await page.getByRole('tab', { name: 'Events' }).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Escape');
  await page.locator('.grid:focus').waitFor();
  t.equal(await page.locator('.detail').count(), 0, 'and back where it was');
  t.equal(await isAt(page, '/?q=check'), '/?q=check');
  await page.goBack();
  await page.locator('.detail').waitFor();
});

t.test('the keys go through the list while a bundle is open, and say what they do', async (t) => {
  const page = await open(t, { path: `${LINK}?view=yaml` });
  await page.locator('pre.yaml').waitFor();
  await page.locator('.row.is-selected').waitFor();
  await page.keyboard.press('j');
  t.equal(await isAt(page, '/bundles/identity/sessions?view=yaml'), '/bundles/identity/sessions?view=yaml');
  await page.getByText('name: sessions').waitFor();
  await page.keyboard.press('k');
  await page.getByText('name: checkout', { exact: false }).first().waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  t.equal(await isAt(page, `${LINK}?view=yaml`), `${LINK}?view=yaml`, 'the dialog has the keys while it is there');
});

t.test('where the detail has the place of the list, the way back leads into the list as well', async (t) => {
  const page = await open(t, { path: LINK, width: 700 });
  await page.locator('.next-step').waitFor();
  await page.locator('.row.is-selected').waitFor({ state: 'attached' });
  await page.keyboard.press('Escape');
  await page.locator('.grid:focus').waitFor();
  t.equal(pathOf(page), '/');
  await page.keyboard.press('Enter');
  await page.locator('.next-step').waitFor();
  await page.keyboard.press('/');
  await page.locator('.grid:focus').waitFor();
  t.equal(pathOf(page), '/', 'a filter that is not seen can’t be written in: first the list comes back');
});

t.test('a click opens a bundle, and a click with Ctrl in another tab', async (t) => {
  const page = await open(t);
  await page.locator('.row', { hasText: 'indexer' }).locator('.is-reason').click();
  await page.getByRole('heading', { level: 2, name: 'indexer' }).waitFor();
  t.equal(pathOf(page), '/bundles/search/indexer');
  t.equal(await page.getByRole('link', { name: 'suggest' }).getAttribute('href'), '/bundles/search/suggest');
  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'suggest' }).click({ modifiers: ['ControlOrMeta'] });
  await (await opened).getByRole('heading', { level: 2, name: 'suggest' }).waitFor();
  t.equal(pathOf(page), '/bundles/search/indexer');
  await page.getByRole('button', { name: 'Close' }).click();
  t.equal(pathOf(page), '/');
});

t.test('the detail is read again when the bundle changes, and what was read stays meanwhile', async (t) => {
  const row = madeUpRow({ namespace: 'shops', name: 'cart' });
  server.knows.rows = [row];
  server.knows.details = new Map([['/api/bundles/shops/cart', madeUpDetail(row)]]);
  const page = await open(t, { path: '/bundles/shops/cart' });
  await page.getByText('the highest tag that satisfies ^1.4').waitFor();
  const newer = Object.assign({}, row, { version: '2', state: 'progressing', nextTag: 'v1.5.0' });
  const facts = [{ title: 'Wanted', text: 'v1.5.0' }];
  server.knows.details = new Map([['/api/bundles/shops/cart', madeUpDetail(newer, { facts })]]);
  const before = server.asked.filter((path) => path === '/api/bundles/shops/cart').length;
  server.tell({ kind: 'bundles', rows: [newer] });
  await page.locator('.facts').getByText('v1.5.0').waitFor();
  for (const version of ['3', '4', '5'])
    server.tell({ kind: 'bundles', rows: [Object.assign({}, newer, { version })] });
  server.tell({ kind: 'bundles', rows: [Object.assign({}, newer, { version: '6', reason: 'Last' })] });
  await page.locator('.detail-state').getByText('Last').waitFor();
  t.equal(await page.locator('.facts').count(), 1);
  const asked = () => server.asked.filter((path) => path === '/api/bundles/shops/cart').length - before;
  const count = await eventually(
    async () => asked(),
    (seen) => seen >= 2,
  );
  t.ok(count <= 3, `${count} calls for five changes`);

  server.tell({ kind: 'removed', uid: row.uid });
  await page.getByText('This bundle was deleted while you looked.').waitFor();
  t.equal(await page.locator('.facts').count(), 1, 'what was known of it stays');
});

t.test('a bundle that there is not, is said not to be', async (t) => {
  server.knows.answers.set('/api/bundles/shops/nothing', {
    status: 404,
    body: { message: 'There is no WerfBundle nothing in namespace shops.' },
  });
  const page = await open(t, { path: '/bundles/shops/nothing' });
  await page.getByText('There is no bundle nothing in namespace shops.').waitFor();
  t.same([await page.getByText('deleted').count(), await panel(page).count()], [0, 0], 'it never was, for all we know');
  const row = madeUpRow({ namespace: 'shops', name: 'nothing' });
  server.knows.answers.delete('/api/bundles/shops/nothing');
  server.knows.details = new Map([['/api/bundles/shops/nothing', madeUpDetail(row)]]);
  server.tell({ kind: 'bundles', rows: [row] });
  await page.locator('.facts').waitFor();
  t.equal(await page.getByText('There is no bundle').count(), 0, 'until it is');
});

t.test('an answer that the page does not know is said to be so, and takes nothing with it', async (t) => {
  for (const body of [{}, [], { row: {} }, { row: null, facts: 'many' }]) {
    server.knows.answers.set(CHECKOUT, { status: 200, body });
    server.knows.answers.set(`${CHECKOUT}/events`, { status: 200, body: { events: [] } });
    const page = await open(t, { path: LINK });
    await page.getByText('The bundle can’t be shown: this page does not know what the server has answered.').waitFor();
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('None. A cluster keeps events').waitFor();
    await page.getByRole('tab', { name: 'YAML' }).click();
    await page.getByRole('heading', { level: 2, name: 'checkout' }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('.grid').waitFor();
  }
});

t.test('a bundle of a namespace that the list is not of is shown, and said to stand still', async (t) => {
  const page = await open(t, { path: '/bundles/search/api?namespace=shops' });
  await page.getByText('The list is of other namespaces: what you see here does not change by itself.').waitFor();
  await page.locator('.facts').waitFor();
  t.equal(await page.getByText(/deleted while you looked|There is no bundle/).count(), 0);
  const before = server.asked.length;
  await page.getByRole('button', { name: 'Read again' }).click();
  t.equal(
    await eventually(
      async () => server.asked.length,
      (count) => count > before,
    ),
    before + 1,
  );
});

t.test('what could not be read is read when the server is there again', async (t) => {
  const page = await open(t, { path: LINK });
  await page.locator('.facts').waitFor();
  await server.goAway();
  await page.getByText('The server is not reached.').waitFor();
  await page.getByRole('tab', { name: 'Events' }).click();
  await page.getByText('The events could not be read: the server was not reached.').waitFor();
  server.knows.answers.set(`${CHECKOUT}/events`, { status: 200, body: { events: [] } });
  await server.comeBack();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByText('None. A cluster keeps events for an hour or so.').waitFor();
});

t.test('each part says for itself what it is refused for, and how to get it', async (t) => {
  const parts = [
    ['events', { verb: 'list', group: 'events.k8s.io', resource: 'events', namespace: 'shops' }],
    ['values', { verb: 'get', group: '', resource: 'configmaps', namespace: 'shops' }],
    ['log', { verb: 'get', group: '', resource: 'pods/log', namespace: 'shops' }],
    ['checks', { verb: 'get', group: '', resource: 'serviceaccounts', namespace: 'shops' }],
  ] as const;
  for (const [part, right] of parts)
    server.knows.answers.set(`${CHECKOUT}/${part}`, { status: 403, body: { message: `No ${part} for you.`, right } });
  const page = await open(t, { path: LINK });
  for (const [part, right] of parts) {
    await page.getByRole('tab', { name: new RegExp(`^${part}$`, 'i') }).click();
    if (part === 'checks') await page.getByRole('button', { name: 'Run the checks' }).click();
    await page.getByText(`No ${part} for you.`).waitFor();
    const said = await panel(page).innerText();
    t.match(said, `${right.verb} ${right.resource}`, part);
    t.match(said, /kubectl auth can-i .* -n shops/);
    t.notMatch(said, 'Loading');
  }
  server.knows.answers.set(`${CHECKOUT}/events`, { status: 200, body: { events: [] } });
  await page.getByRole('tab', { name: 'Events' }).click();
  await page.getByText('None. A cluster keeps events for an hour or so.').waitFor();
});

t.test('events are listed as they were told', async (t) => {
  const body: EventsAnswer = {
    events: [
      { type: 'Warning', reason: 'DeployFailed', note: 'deployment 41 failed\n<b>really</b>', at: ago(700), count: 3 },
      { type: 'Normal', reason: 'Deploying', note: 'a Job deploys v2.8.0', at: ago(1_000), count: 1 },
    ],
  };
  server.knows.answers.set(`${CHECKOUT}/events`, { status: 200, body });
  const page = await open(t, { path: `${LINK}?view=events` });
  await page.getByText('a Job deploys v2.8.0').waitFor();
  t.same(await page.locator('.event-head').allInnerTexts(), [
    'Warning\nDeployFailed\n3 times\n11m ago',
    'Normal\nDeploying\n16m ago',
  ]);
  t.equal(await page.locator('.event-note').first().innerText(), 'deployment 41 failed\n<b>really</b>');
});

t.test('values say which source they have, and can be found', async (t) => {
  const rows = Array.from({ length: 700 }, (_, at) => ({
    path: `app.list[${at}]`,
    value: String(at),
    hidden: 0,
    source: 'ConfigMap shops/settings',
    overrides: at === 3 ? ['spec.values.values'] : [],
  }));
  const body: ValuesAnswer = {
    sources: [
      { field: 'spec.values.valuesFrom[0]', source: 'ConfigMap shops/settings', state: 'used', why: '' },
      { field: 'spec.values.valuesFrom[1]', source: 'Secret shops/more', state: 'unreadable', why: 'you may not' },
    ],
    rows: [{ path: '', value: '', hidden: 4, source: 'Secret shops/own', overrides: [] }, ...rows],
    problems: [],
    warnings: ['a warning'],
  };
  server.knows.answers.set(`${CHECKOUT}/values`, { status: 200, body });
  const page = await open(t, { path: `${LINK}?view=values` });
  await page.getByText('4 values of a Secret, not shown').waitFor();
  t.match(await panel(page).innerText(), /Secret shops\/more not readable/);
  t.match(await panel(page).innerText(), /201 more: filter to see them\./);
  await page.getByRole('searchbox', { name: /Filter values/ }).fill('list[3]');
  await page.getByText('over spec.values.values').waitFor();
  t.equal(await page.locator('.values tbody tr').count(), 1);
});

t.test('checks are made when they are asked for', async (t) => {
  const body: ChecksAnswer = {
    checks: [
      {
        id: 'deployed',
        title: 'The last deployment succeeded',
        verdict: 'failed',
        found: 'deployment 41 failed',
        commands: ['werfbundle logs checkout -n shops'],
        link: 'javascript:alert(1)',
      },
      { id: 'ok', title: 'It is polled', verdict: 'ok', found: '', commands: [], link: 'https://docs.example.com/' },
    ],
  };
  server.knows.answers.set(`${CHECKOUT}/checks`, { status: 200, body });
  const before = server.asked.length;
  const page = await open(t, { path: `${LINK}?view=checks` });
  await page.getByRole('button', { name: 'Run the checks' }).waitFor();
  t.notOk(server.asked.slice(before).includes(`${CHECKOUT}/checks`), 'not before');
  await page.getByRole('button', { name: 'Run the checks' }).click();
  await page.getByText('deployment 41 failed').waitFor();
  t.same(await page.locator('.verdict').allInnerTexts(), ['✕ failed', '✓ ok']);
  t.same(
    await panel(page)
      .getByRole('link')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href'))),
    ['https://docs.example.com/'],
    'only links that may be followed',
  );
});

const text = (line: string): LogLine => ({ kind: 'text', text: `${line}\n` });

t.test('a log is followed, unless the reader has scrolled up', async (t) => {
  const lines = Array.from({ length: 300 }, (_, at) => text(`line ${at}`));
  server.knows.answers.set(`${CHECKOUT}/log`, { lines });
  const page = await open(t, { path: `${LINK}?view=log` });
  const log = page.getByRole('log');
  const distance = () =>
    log.evaluate(({ scrollHeight, scrollTop, clientHeight }) => Math.round(scrollHeight - scrollTop - clientHeight));
  await page.getByText('line 299').waitFor();
  t.ok((await eventually(distance, (left) => left < 3)) < 3, 'it begins at the end');
  server.log({ kind: 'text', text: 'one ' });
  server.log(text('more'));
  await page.getByText('one more').waitFor();
  t.ok((await eventually(distance, (left) => left < 3)) < 3, 'it stays there');
  await log.evaluate((element) => element.scrollTo(0, 100));
  await page.getByRole('button', { name: 'To the end' }).waitFor();
  server.log(text('and another'));
  await page.getByText('and another').waitFor({ state: 'attached' });
  await page.setViewportSize({ width: 1440, height: 700 });
  t.equal(await log.evaluate(({ scrollTop }) => scrollTop), 100, 'it is left where the reader is');
  await page.getByRole('button', { name: 'To the end' }).click();
  t.ok((await eventually(distance, (left) => left < 3)) < 3);
  await page.setViewportSize({ width: 1440, height: 500 });
  t.ok((await eventually(distance, (left) => left < 3)) < 3, 'with less room, too');
  server.log({ kind: 'ended', why: 'The Pod has ended.' });
  await page.getByText('The Pod has ended.').waitFor();
});

t.test('the log of another deployment is chosen, and the address says so', async (t) => {
  server.knows.answers.set(`${CHECKOUT}/log?number=40`, {
    lines: [
      { kind: 'kept', text: '\u001b[32mdone\u001b[0m' },
      { kind: 'ended', why: 'the container has ended' },
    ],
  });
  const page = await open(t, { path: LINK });
  await page.getByRole('button', { name: 'Log of deployment 40' }).click();
  await page.getByText('The Pod is gone. This is the end of its log').waitFor();
  t.equal(await page.getByRole('log').innerText(), 'done');
  t.equal(await page.locator('.log-state').innerText(), 'The container has ended');
  t.equal(await isAt(page, `${LINK}?view=log&number=40`), `${LINK}?view=log&number=40`);
  t.equal(await page.getByRole('combobox', { name: 'Deployment' }).inputValue(), '40');
});

t.test('a log that waits says for what', async (t) => {
  server.knows.answers.set(`${CHECKOUT}/log`, { lines: [{ kind: 'waiting', why: 'ContainerCreating' }] });
  const page = await open(t, { path: `${LINK}?view=log` });
  await page.getByText('Waiting: ContainerCreating').waitFor();
});

t.test('commands are copied as they stand', async (t) => {
  const page = await open(t, { path: LINK });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy the command: Ask for another try of what failed' }).click();
  await page.getByText('Copied').waitFor();
  t.equal(await page.evaluate(() => navigator.clipboard.readText()), 'werfbundle reconcile checkout -n shops');
});
