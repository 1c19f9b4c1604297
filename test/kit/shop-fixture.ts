import type { Test } from 'tap';
import { startPageFixture } from './page-fixture.js';
import { SHOP_DETAILS, SHOP_ROWS } from './shop-bundles.js';

/** A browser and a server that knows the shop's bundles, and nothing of what an earlier test of the file has told it. */
export const startShopFixture = async (t: Test): ReturnType<typeof startPageFixture> => {
  const fixture = await startPageFixture(t);
  const { knows, key } = fixture.server;
  t.beforeEach(() => {
    Object.assign(knows, {
      mode: 'local',
      rows: SHOP_ROWS,
      details: SHOP_DETAILS,
      key,
      isKeyOld: false,
      isBehindProxy: false,
    });
    knows.answers.clear();
  });
  return fixture;
};
