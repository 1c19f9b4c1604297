import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Test } from 'tap';
import { startChromium } from './chromium.js';
import { type PageServer, startPageServer } from './page-server.js';

/** What the browser says of a call that was refused or broke off, which specs make happen. */
const OF_THE_NETWORK = /^Failed to load resource: (the server responded with a status of|net::ERR_)/;

/** How a page is opened. */
interface Opening {
  /** With its query; `/`, if left out. */
  readonly path?: string;
  /** '' opens it without a key; the server's own, if left out. */
  readonly key?: string;
  readonly scheme?: BrowserContextOptions['colorScheme'];
  readonly width?: number;
}

/** A browser with a server to itself, for a spec file. */
interface PageFixture {
  readonly server: PageServer;
  readonly browser: Browser;
  /** Opens the page in a profile of its own. What it must never do fails `t` at its end: see `faultsOf`. */
  open(t: Test, opening?: Opening): Promise<Page>;
}

/** Starts them; they end with `t`. */
export const startPageFixture = async (
  t: Test,
  given: Parameters<typeof startPageServer>[0] = {},
): Promise<PageFixture> => {
  const server = await startPageServer(given);
  t.teardown(() => server.close());
  const browser = await startChromium();
  t.teardown(() => browser.close());
  const open: PageFixture['open'] = async (
    t,
    { path = '/', key = server.key, scheme = 'light', width = 1440 } = {},
  ) => {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    const faults = faultsOf(page, server.origin);
    t.teardown(async () => {
      await context.close();
      if (faults.length > 0) throw new Error(`The page did what it must never do:\n${faults.join('\n')}`);
    });
    await page.goto(`${server.origin}${path}${key === '' ? '' : `#key=${key}`}`);
    return page;
  };
  return { server, browser, open };
};

/** What a page must never do, as it does it: break its content security policy, log an error, throw, ask another origin. */
export const faultsOf = (page: Page, origin: string): readonly string[] => {
  const faults: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (['error', 'warning'].includes(message.type()) && !OF_THE_NETWORK.test(text)) faults.push(text);
  });
  page.on('pageerror', (error) => faults.push(String(error.stack)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) faults.push(`asks ${request.url()}`);
  });
  return faults;
};
