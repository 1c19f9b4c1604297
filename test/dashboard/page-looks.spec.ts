import type { Page } from 'playwright-core';
import t from 'tap';
import { madeUpRow } from '../kit/made-up-bundles.js';
import { pageContrast } from '../kit/page-contrast.js';
import { startPageFixture } from '../kit/page-fixture.js';
import { SHOP_DETAILS, SHOP_LOG, SHOP_ROWS } from '../kit/shop-bundles.js';

const CHECKOUT = '/api/bundles/shops/checkout';
const { server, open } = await startPageFixture(t, { rows: SHOP_ROWS, details: SHOP_DETAILS });
server.knows.answers.set(`${CHECKOUT}/log`, { lines: SHOP_LOG });
server.knows.answers.set(`${CHECKOUT}/events`, {
  status: 403,
  body: {
    message: 'You may not list events.',
    right: { verb: 'list', group: 'events.k8s.io', resource: 'events', namespace: 'shops' },
  },
});

server.knows.answers.set(`${CHECKOUT}/values`, {
  status: 200,
  body: {
    sources: [
      { field: 'spec.values.valuesFrom[0]', source: 'ConfigMap shops/a', state: 'used', why: '' },
      { field: 'spec.values.valuesFrom[1]', source: 'ConfigMap shops/b', state: 'missing', why: 'it is not there' },
      { field: 'spec.values.valuesFrom[2]', source: 'ConfigMap shops/c', state: 'left-out', why: '' },
    ],
    rows: [],
    problems: ['ConfigMap shops/b is missing'],
    warnings: ['a warning'],
  },
});

const PLACES = [
  '/',
  '/bundles/shops/checkout',
  '/bundles/shops/checkout?view=log',
  '/bundles/shops/checkout?view=events',
  '/bundles/shops/checkout?view=values',
  '/bundles/identity/sessions?view=yaml',
];

const settled = async (page: Page): Promise<void> => {
  await page.locator('.field-of-rows .row').first().waitFor({ state: 'attached' });
  await page.locator('.workspace:not(.is-open), .next-step, .log pre, .refused, .sources, .yaml').first().waitFor();
};

/** What can be used and has no name, ids that are there twice, and landmarks that are missing. */
const flawsOf = (page: Page) =>
  page.evaluate(() => {
    const nameOf = (element: Element) => {
      const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : '';
      return (element.getAttribute('aria-label') || label || element.textContent || '').trim();
    };
    const controls = [...document.querySelectorAll('button, a, input, select, [role=grid], [role=log], dialog')];
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    return [
      ...controls.filter((control) => nameOf(control) === '').map(({ outerHTML }) => `no name: ${outerHTML}`),
      ...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `twice: ${id}`),
      ...['header', 'main', 'search', 'h1'].filter((name) => document.querySelector(name) === null),
    ];
  });

for (const path of PLACES) {
  t.test(`${path}: every text can be read, all that can be used has a name, and 700 pixels are enough`, async (t) => {
    const page = await open(t, { path });
    await settled(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      // Without motion the colours are there at once.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const texts = await pageContrast(page);
      t.ok(texts.length > 20, `${texts.length} texts`);
      t.same(
        texts.filter(({ contrast }) => contrast < 4.5),
        [],
        `a contrast of 4.5 in ${colorScheme}`,
      );
    }
    t.same(await flawsOf(page), []);
    await page.setViewportSize({ width: 700, height: 900 });
    t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 700, 'nothing hangs over');
    const isListSeen = await page.locator('.list').evaluate((list) => getComputedStyle(list).visibility === 'visible');
    t.equal(isListSeen, path === '/', 'the detail has the place of the list');
  });
}

t.test('the screen without a key can be read, too', async (t) => {
  for (const scheme of ['light', 'dark'] as const) {
    const page = await open(t, { key: 'wrong', scheme });
    await page.getByRole('alert').waitFor();
    const texts = await pageContrast(page);
    t.same(
      texts.filter(({ contrast }) => contrast < 4.5),
      [],
      scheme,
    );
  }
});

const groundOf = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

t.test('colours are the system’s, or the reader’s, which are remembered', async (t) => {
  const page = await open(t, { scheme: 'dark' });
  await settled(page);
  const dark = await groundOf(page);
  await page.getByRole('button', { name: 'Theme system' }).click();
  const light = await groundOf(page);
  t.not(light, dark);
  await page.reload();
  await settled(page);
  t.equal(await groundOf(page), light);
  await page.getByRole('button', { name: 'Theme light' }).click();
  t.equal(await groundOf(page), dark);
  await page.getByRole('button', { name: 'Theme dark' }).click();
  t.equal(await page.evaluate(() => document.documentElement.dataset['theme']), undefined);
});

t.test('in 700 pixels state, names, tags and reasons of the list are read whole', async (t) => {
  server.knows.rows = [
    ...SHOP_ROWS,
    madeUpRow({
      namespace: 'shops',
      name: 'returns',
      state: 'failed',
      reason: 'ServiceAccountMissing',
      failedPolls: 3,
    }),
    madeUpRow({ namespace: 'shops', name: 'offers', state: 'drifted', reason: 'DriftCorrectionFailed' }),
  ];
  const page = await open(t, { width: 700 });
  await page.locator('.field-of-rows .row').nth(6).waitFor();
  const cut = await page
    .locator('.grid .row')
    .evaluateAll((rows) =>
      rows.flatMap((row) =>
        [...row.querySelectorAll('.is-state, .is-namespace, .is-name, .is-tag, .is-reason:has(.reason), .is-deployed')]
          .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
          .map(({ textContent }) => textContent),
      ),
    );
  t.same(cut, []);
  const failed = page.locator('.row', { hasText: 'returns' });
  t.equal(await failed.locator('.is-state').innerText(), 'Failed', 'the word is still heard');
  t.equal(await failed.locator('.reason').innerText(), 'ServiceAccountMissing');
  server.knows.rows = SHOP_ROWS;
});

t.test('on a wide screen list and detail stand side by side', async (t) => {
  const page = await open(t, { path: '/bundles/shops/checkout' });
  await settled(page);
  const [list, detail] = [await page.locator('.list').boundingBox(), await page.locator('.detail').boundingBox()];
  t.ok(list !== null && detail !== null && list.x + list.width <= detail.x && list.width > 400);
});

t.test('nothing moves where that is not wanted', async (t) => {
  const page = await open(t);
  await settled(page);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const durations = await page
    .locator('.button, .chip, .row')
    .evaluateAll((all) => [...new Set(all.map((element) => getComputedStyle(element).transitionDuration))]);
  t.same(durations, ['0s']);
});
