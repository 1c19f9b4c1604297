import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import type { EventsAnswer, FeedLine, LogLine, Row, ValuesAnswer } from '../../dashboard/protocol.js';
import { CONFIGMAPS, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { canary } from '../kit/canary.js';
import { startDashboardProgram } from '../kit/dashboard-program.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import type { PageClient, Stream } from '../kit/page-client.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

// The dashboard's server as a program, on a real apiserver, while the controller deploys.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
const ROOT = join(import.meta.dirname, '..', '..');
const TENANTS = ['alpha', 'beta', 'gamma'] as const;
for (const name of [...TENANTS, 'people']) await fixture.makeNamespace(name);

const must = async (args: readonly string[], input?: string): Promise<string> => {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
};
const bind = (account: string, role: string, namespace: string) =>
  must([
    'create',
    'rolebinding',
    `${account}-${role}`,
    '-n',
    namespace,
    `--clusterrole=${role}`,
    `--serviceaccount=people:${account}`,
  ]);
for (const tenant of TENANTS) {
  await must(['create', 'serviceaccount', tenant, '-n', 'people']);
  await bind(tenant, 'view', tenant);
}
const tokenOf = async (account: string): Promise<string> =>
  (await must(['create', 'token', account, '-n', 'people'])).trim();

const dashboard = (args: readonly string[]) => startDashboardProgram(t, cluster, args);

const apply = (namespace: string, name: string, converge: object = {}) =>
  client.create(
    WERFBUNDLES,
    {
      metadata: { name, namespace },
      spec: {
        registry: { url: `${registryHost}/demo/${name}`, insecure: true },
        converge: { serviceAccountName: 'werf-converge', ...converge },
      },
    },
    signal,
  );

/** Reads a feed until a row is as it has to be. */
const rowIn = async (feed: Stream<FeedLine>, is: (row: Row) => boolean): Promise<Row> => {
  for (;;) {
    const line = await feed.next();
    const found = line.kind === 'bundles' ? line.rows.find(is) : undefined;
    if (found !== undefined) return found;
  }
};
const json = async <T>(page: PageClient, path: string, key: string): Promise<T> => {
  const { status, text } = await page.call(path, { key });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  return JSON.parse(text) as T;
};

t.test('a person sees a deployment as it goes on, its log, its values and its events', async (t) => {
  const { page, key, url, stop } = await dashboard([]);
  t.match(url.href, /^http:\/\/127\.0\.0\.1:\d+\/#key=[\w-]{43}$/);
  const feed = await page.open<FeedLine>('/api/bundles', key);
  t.strictSame([await feed.next(), await feed.next()], [{ kind: 'listing' }, { kind: 'listed' }]);

  await client.create(
    CONFIGMAPS,
    { metadata: { namespace: 'alpha', name: 'settings' }, data: { 'values.yaml': 'replicas: 2\n' } },
    signal,
  );
  await client.create(
    SECRETS,
    {
      metadata: { namespace: 'alpha', name: 'database' },
      stringData: { 'values.yaml': `password: ${canary('db')}\n` },
    },
    signal,
  );
  await fixture.publish({ repository: 'demo/shop', tag: 'v1.0.0', behaviour: 'slow: 2' });
  await fixture.startController();
  const valuesFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'database' } }];
  await apply('alpha', 'shop', { valuesFrom });
  const running = await rowIn(feed, ({ nextTag }) => nextTag === 'v1.0.0');
  t.match(running, { namespace: 'alpha', name: 'shop', state: 'progressing', tag: '' });

  const of = '/api/bundles/alpha/shop';
  const log = await page.open<LogLine>(`${of}/log`, key);
  const lines: LogLine[] = [];
  for (let last: LogLine | undefined; last?.kind !== 'ended'; lines.push(last)) last = await log.next();
  t.match(lines[0], { kind: 'job', namespace: 'alpha', name: /^shop-/, number: 1 });
  t.ok(
    lines.some((line) => line.kind === 'text' && line.text.length > 0),
    'what werf says',
  );

  t.match(await rowIn(feed, ({ state }) => state === 'ready'), { tag: 'v1.0.0', nextTag: '', reason: 'Deployed' });
  t.match(await json(page, of, key), {
    facts: [{ title: 'Ready', text: /^True \(Deployed\)/ }],
    history: [{ number: 1, tag: 'v1.0.0', result: 'Succeeded', reason: 'NewTag' }],
  });
  const isTold = async (): Promise<boolean> =>
    (await json<EventsAnswer>(page, `${of}/events`, key)).events.some(
      ({ reason, type }) => reason === 'Deployed' && type === 'Normal',
    );
  t.ok(await eventually(isTold, (told) => told), 'the event comes after the status');
  const values = await json<ValuesAnswer>(page, `${of}/values`, key);
  t.strictSame(
    values.sources.map(({ source, state }) => [source, state]),
    [
      ['ConfigMap alpha/settings', 'used'],
      ['Secret alpha/database', 'used'],
    ],
  );
  t.notMatch(JSON.stringify(values), canary('db'));
  t.match(await json(page, `${of}/checks`, key), { checks: [{ verdict: /^(ok|warning|failed|not-checked)$/ }] });

  const { code, stdout, stderr } = await stop();
  t.strictSame([code, stdout, stderr], [130, `${url.href}\n`, ''], 'Ctrl-C ends it, whatever is open');
});

/** The options of manifests/dashboard; its kubeconfig, which has no credentials, with this cluster's address. */
const asDeployed = async (): Promise<readonly string[]> => {
  const { server, ca } = cluster.controlPlane;
  const files = ['kubeconfig', 'deployment'].map((name) =>
    readFile(join(ROOT, `manifests/dashboard/${name}.yaml`), 'utf8'),
  );
  const [config = '', deployment = ''] = await Promise.all(files);
  const authority = join(cluster.dir, 'ca.crt');
  const kubeconfig = join(cluster.dir, 'dashboard.kubeconfig');
  await writeFile(authority, ca);
  const { data } = parse(config) as { readonly data: { readonly kubeconfig: string } };
  const text = data.kubeconfig.replace('https://kubernetes.default.svc', server).replace(/\/etc\/[^}]*/, authority);
  await writeFile(kubeconfig, text);
  const { spec } = parse(deployment) as {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
    };
  };
  const [, ...args] = spec.template.spec.containers[0]?.args ?? [];
  return args
    .filter((arg) => !arg.startsWith('--listen='))
    .map((arg) => (arg.startsWith('--kubeconfig=') ? `--kubeconfig=${kubeconfig}` : arg));
};

t.test('three tenants with tokens see their own bundles, and nothing of each other', async (t) => {
  for (const tenant of TENANTS) if (tenant !== 'alpha') await apply(tenant, `app-of-${tenant}`);
  await must(['annotate', 'wb', 'shop', '-n', 'alpha', 'example.com/note=changed']);
  const { page, url } = await dashboard(await asDeployed());
  t.equal(url.hash, '', 'there is no key');
  t.equal((await page.call('/api/bundles')).status, 401);
  const garbage = await page.call('/api/bundles', { key: 'made-up' });
  t.equal(garbage.status, 401, 'the apiserver does not know it');

  const feeds = new Map<string, Stream<FeedLine>>();
  for (const tenant of TENANTS) {
    const key = await tokenOf(tenant);
    t.match(await json(page, '/api/session', key), {
      user: `system:serviceaccount:people:${tenant}`,
      namespace: 'people',
    });
    const all = await page.call('/api/bundles', { key });
    const right = { verb: 'list', group: 'werf.io', resource: 'werfbundles' };
    t.match([all.status, JSON.parse(all.text)], [403, { right }], 'all namespaces are not theirs to see');
    t.notMatch(all.text, /app-of/);
    for (const other of TENANTS) {
      if (other === tenant) continue;
      for (const path of [
        `?namespace=${other}`,
        `?namespace=${tenant}&namespace=${other}`,
        `/${other}/app-of-${other}`,
      ]) {
        const refused = await page.call(`/api/bundles${path}`, { key });
        const { right: missing } = JSON.parse(refused.text) as { readonly right?: object };
        t.match([refused.status, missing], [403, { resource: 'werfbundles', namespace: other }], path);
      }
    }
    feeds.set(tenant, await page.open<FeedLine>(`/api/bundles?namespace=${tenant}`, key));
  }
  for (const [tenant, feed] of feeds) {
    const row = await rowIn(feed, () => true);
    t.match(row, { namespace: tenant, name: tenant === 'alpha' ? 'shop' : `app-of-${tenant}` });
    t.strictSame(await feed.next(), { kind: 'listed' });
  }
  for (const tenant of TENANTS) {
    const name = tenant === 'alpha' ? 'shop' : `app-of-${tenant}`;
    await must(['annotate', 'wb', name, '-n', tenant, 'example.com/note=once-more', '--overwrite']);
  }
  for (const [tenant, feed] of feeds) {
    const seen = await feed.next();
    t.ok(seen.kind === 'bundles' && seen.rows.every(({ namespace }) => namespace === tenant), tenant);
  }
});

t.test('a right that is taken away ends what it was for', async (t) => {
  const { page } = await dashboard(await asDeployed());
  const key = await tokenOf('gamma');
  const feed = await page.open<FeedLine>('/api/bundles?namespace=gamma', key);
  await rowIn(feed, () => true);
  await must(['delete', 'rolebinding', 'gamma-view', '-n', 'gamma']);
  // The apiserver ends a watch by itself in some minutes only; a page that comes again is refused.
  feed.leave();
  const refused = async (): Promise<boolean> =>
    (await page.call('/api/bundles/gamma/app-of-gamma', { key })).status === 403;
  t.ok(await eventually(refused, (is) => is));
  t.equal((await page.call('/api/bundles?namespace=gamma', { key })).status, 403);
});

t.test('nobody gets one’s rights by an address that others reach', async (t) => {
  for (const address of ['0.0.0.0:0', ':8310', '[::]:8310', 'example.com:80']) {
    const { code, stdout, stderr } = await runWerfbundle(['dashboard', '--listen', address], {
      kubeconfig: cluster.kubeconfig,
      cwd: cluster.dir,
    });
    t.strictSame([code, stdout], [2, ''], address);
    t.match(stderr, /can be reached by other machines, and the page has your rights\n.*--callers-token/);
  }
  const named = await dashboard(['--listen', 'localhost:0']);
  t.equal(named.url.hostname, '127.0.0.1', 'a browser would try another address of that name first');
  const { url } = await dashboard([]);
  const taken = await runWerfbundle(['dashboard', '--listen', `127.0.0.1:${url.port}`], {
    kubeconfig: cluster.kubeconfig,
    cwd: cluster.dir,
  });
  t.strictSame([taken.code, taken.stdout], [2, '']);
  t.match(taken.stderr, /--listen/);
});

t.test('a cluster that is not there is said to the page', async (t) => {
  const config = JSON.parse(await must(['config', 'view', '--raw', '-o', 'json']));
  for (const { cluster: entry } of config.clusters) entry.server = 'https://127.0.0.1:1';
  const file = join(cluster.dir, 'nowhere.kubeconfig');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  const { page, key } = await dashboard(['--kubeconfig', file]);
  const session = await page.call('/api/session', { key });
  t.match([session.status, session.text], [502, /127\.0\.0\.1:1|refused/i]);
  const feed = await page.open<FeedLine>('/api/bundles', key);
  t.match([await feed.next(), await feed.next()], [{ kind: 'listing' }, { kind: 'disturbed', message: /./ }]);
});
