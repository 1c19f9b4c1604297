import type { Page } from 'playwright-core';
import t from 'tap';
import { eventually } from '../kit/eventually.js';
import { madeUpRow, manyRows } from '../kit/made-up-bundles.js';
import { startPageFixture } from '../kit/page-fixture.js';

const COUNT = 10_000;
/** Rows that may stand in the document: those in sight, of 900 pixels, and 24 to spare. */
const IN_DOCUMENT = 50;

const { server, open } = await startPageFixture(t, { rows: manyRows(COUNT) });

const loaded = async (page: Page): Promise<void> => {
  await page.getByText('10,000 bundles', { exact: true }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
};

t.test('of 10,000 bundles all are there, and those in sight are in the document', async (t) => {
  const page = await open(t, { path: '/?sort=name' });
  await loaded(page);
  t.equal(await page.getByRole('grid').getAttribute('aria-rowcount'), '10001');
  await page.keyboard.press('End');
  const last = page.locator('.field-of-rows .row[aria-rowindex="10001"]');
  await last.waitFor();
  const names = server.knows.rows.map(({ namespace, name }) => `${namespace} ${name}`).toSorted();
  const shown = await last.evaluate((row) =>
    ['.is-namespace', '.is-name'].map((column) => row.querySelector(column)?.textContent).join(' '),
  );
  t.equal(shown, names.at(-1));
  const sight = await last.boundingBox();
  t.ok(sight !== null && sight.y > 0 && sight.y + sight.height <= 900, 'the last one is seen whole');
  t.ok((await page.locator('.field-of-rows .row').count()) <= IN_DOCUMENT);
});

t.test('each frame of a scroll shows the rows that belong there', async (t) => {
  const page = await open(t);
  await loaded(page);
  const { bare, most, frames } = await page.evaluate(async () => {
    const scroller = document.querySelector('.scroller');
    if (scroller === null) throw new Error('there is no list');
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    let [bare, most, frames] = [0, 0, 0];
    for (let top = 0; top <= scroller.scrollHeight; top += 6_007) {
      scroller.scrollTop = top;
      // In the frame that comes the page hears of it, before we look.
      await frame();
      const { top: edge, bottom } = scroller.getBoundingClientRect();
      const seen = [...scroller.querySelectorAll('.row')].map((row) => row.getBoundingClientRect());
      const covers = (y: number) => seen.some((row) => row.top <= y && row.bottom > y);
      if (!covers(edge + 1) || !covers(bottom - 2) || !covers((edge + bottom) / 2)) bare += 1;
      most = Math.max(most, seen.length);
      frames += 1;
    }
    return { bare, most, frames };
  });
  t.ok(frames > 50, `${frames} frames`);
  t.equal(bare, 0, 'no frame with bare ground');
  t.ok(most <= IN_DOCUMENT, `at most ${most} rows`);
});

t.test('who types gets what was typed, and a change in the middle of it all is seen', async (t) => {
  const page = await open(t);
  await loaded(page);
  await page.keyboard.press('/');
  await page.keyboard.type('ops worker-0', { delay: 5 });
  const rows = page.locator('.field-of-rows .row');
  const matching = server.knows.rows.filter(({ namespace, name }) => {
    const whole = `${namespace}\n${name}\nregistry.example.com/${namespace}/${name}`;
    return whole.includes('ops') && whole.includes('worker-0');
  }).length;
  const wanted = `${matching.toLocaleString('en')} of 10,000 bundles`;
  t.equal(
    await eventually(
      () => page.locator('.shown-count').innerText(),
      (said) => said === wanted,
    ),
    wanted,
  );
  await page.getByRole('searchbox').fill('');
  server.tell({ kind: 'bundles', rows: [madeUpRow({ namespace: 'aaa', name: 'aaa', state: 'failed' })] });
  await rows.first().getByText('aaa').first().waitFor();
  await page.getByText('10,001 bundles', { exact: true }).waitFor();
});

t.test('a bundle far down keeps its selection when the list changes', async (t) => {
  const page = await open(t, { path: '/?sort=name' });
  await loaded(page);
  for (const key of ['End', 'k', 'k']) await page.keyboard.press(key);
  const selected = page.locator('.row.is-selected');
  const before = await selected.getAttribute('data-uid');
  server.tell({ kind: 'bundles', rows: [madeUpRow({ namespace: 'aaa', name: 'aaa' })] });
  await page.getByText('10,001 bundles', { exact: true }).waitFor();
  t.same([await selected.getAttribute('data-uid'), await selected.getAttribute('aria-rowindex')], [before, '10000']);
});
