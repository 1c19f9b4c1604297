import t from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { startChromium } from '../kit/chromium.js';
import { startDashboardProgram } from '../kit/dashboard-program.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { faultsOf } from '../kit/page-fixture.js';

// The page in a real browser, on its own server, on a real apiserver, while the controller deploys.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
await fixture.makeNamespace('shops');
await fixture.publish({ repository: 'demo/cart', tag: 'v1.0.0' });
await fixture.publish({ repository: 'demo/checkout', tag: 'v1.0.0', behaviour: 'fail' });
await fixture.startController();
const browser = await startChromium();
t.teardown(() => browser.close());

const apply = (name: string, spec: object = {}) =>
  client.create(
    WERFBUNDLES,
    {
      metadata: { name, namespace: 'shops' },
      spec: {
        registry: { url: `${registryHost}/demo/${name}`, insecure: true },
        converge: { serviceAccountName: 'werf-converge', retries: 0, values: { replicas: 3 } },
        ...spec,
      },
    },
    signal,
  );

t.test('bundles come, change and go before one’s eyes, and each says why it is so', async (t) => {
  const { url } = await startDashboardProgram(t, cluster, []);
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const faults = faultsOf(page, url.origin);
  await page.goto(url.href);
  await page.getByText(/No bundles/).waitFor();
  t.notMatch(page.url(), /key/, 'the key is no longer in the address');

  await apply('cart');
  const row = (name: string, state: string) => page.getByRole('row', { name: new RegExp(`${state}[\\s\\S]*${name}`) });
  await row('cart', 'Ready').waitFor({ timeout: 60_000 });
  await apply('checkout');
  await row('checkout', 'Failed').waitFor({ timeout: 60_000 });

  await row('checkout', 'Failed').click();
  await page.getByText('The Job failed and is not tried again').waitFor();
  t.match(page.url(), /\/bundles\/shops\/checkout/);
  const panel = page.getByRole('tabpanel');
  const tab = (name: string) => page.getByRole('tab', { name }).click();
  await tab('Log');
  await panel.getByRole('log').getByText(/./).first().waitFor();
  await tab('Events');
  await panel.getByText('DeployFailed').first().waitFor();
  await tab('Values');
  await panel.getByText('replicas').first().waitFor();
  await tab('Checks');
  await panel.getByRole('button', { name: /checks/i }).click();
  await panel
    .getByText(/failed/i)
    .first()
    .waitFor({ timeout: 60_000 });
  await tab('YAML');
  await panel.getByText('kind: WerfBundle').waitFor();
  await page.keyboard.press('Escape');
  await client.delete(WERFBUNDLES, { namespace: 'shops', name: 'cart' }, {}, signal);
  await row('cart', 'Ready').waitFor({ state: 'detached', timeout: 60_000 });
  t.strictSame(faults, [], 'nothing that it must never do');
  await page.close();
});
