import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { WERFBUNDLES } from '../../kube/resources.js';
import { startDeployFixture } from '../kit/deploy-fixture.js';
import { runWerfbundle } from '../kit/run-werfbundle.js';

// The commands that show bundles, as a user runs them, while the controller deploys.

const fixture = await startDeployFixture(t);
const { cluster, client, registryHost, signal } = fixture;
await fixture.makeNamespace('demo');
await fixture.publish({ repository: 'demo/shop', tag: 'v1.0.0' });
await fixture.startController();

const run = (args: readonly string[], onOutput?: Parameters<typeof runWerfbundle>[1]['onOutput']) =>
  runWerfbundle(args, {
    kubeconfig: cluster.kubeconfig,
    cwd: cluster.dir,
    ...(onOutput !== undefined && { onOutput }),
  });
const apply = (name: string) =>
  client.create(
    WERFBUNDLES,
    {
      metadata: { name, namespace: 'demo', labels: { app: name } },
      spec: {
        registry: { url: `${registryHost}/demo/${name}`, insecure: true },
        converge: { serviceAccountName: 'werf-converge' },
      },
    },
    signal,
  );

t.test('get --watch shows a deployment as it goes on, and get what became of it', async (t) => {
  const watching = run(['get', '-n', 'demo', '--watch'], (stdout, interrupt) => {
    if (/^shop +True +Synced +v1\.0\.0 /m.test(stdout)) interrupt();
  });
  await apply('shop');
  const { code, stdout, stderr } = await watching;
  t.strictSame([code, stderr], [130, ''], 'Ctrl-C ends it');
  t.match(stdout, /^shop .*Syncing/m);

  const listed = await run(['get', '-n', 'demo', '-l', 'app=shop']);
  t.strictSame([listed.code, listed.stderr], [0, '']);
  t.match(listed.stdout, /^NAME +READY .*\nshop +True +Synced +v1\.0\.0 +\S+ +deployed v1\.0\.0 to namespace demo\n$/);
  const elsewhere = await run(['get', 'shop']);
  t.strictSame(
    [elsewhere.code, elsewhere.stderr],
    [1, 'werfbundle: WerfBundle default/shop was not found; there is one in namespace demo: give -n demo\n'],
  );
});

t.test(
  'logs --follow shows a deployment from before its Pod starts to its end; history and status tell of it',
  async (t) => {
    await fixture.publish({ repository: 'demo/slow', tag: 'v1.0.0', behaviour: 'slow: 2' });
    await apply('slow');
    await fixture.bundles.until(
      { namespace: 'demo', name: 'slow' },
      { what: 'a Job runs', withinMs: 60_000, is: ({ activeJobName = '' }) => activeJobName !== '' },
      signal,
    );
    const followed = await run(['logs', 'wb/slow', '-n', 'demo', '-f']);
    t.equal(followed.code, 0, followed.stderr);
    t.match(followed.stdout, /\n.*\n$/, 'the last line, too');
    await fixture.bundles.until(
      { namespace: 'demo', name: 'slow' },
      { what: 'it is deployed', withinMs: 60_000, is: ({ phase }) => phase === 'Synced' },
      signal,
    );
    t.equal((await run(['logs', 'slow', '-n', 'demo'])).stdout, followed.stdout, 'and the same afterwards');

    const history = await run(['history', 'slow', '-n', 'demo', '-o', 'wide']);
    t.match(history.stdout, /^1 +v1\.0\.0 +NewTag +Succeeded +\d+s +\d+s +sha256:[0-9a-f]{12} +slow-\S+$/m);
    const status = await run(['status', 'slow', '-n', 'demo']);
    t.equal(status.code, 0, status.stderr);
    t.match(
      status.stdout,
      /^WerfBundle demo\/slow\n\nReady: +True \(Deployed\): deployed v1\.0\.0 to namespace demo\n/,
    );
    t.match(status.stdout, /^EVENT +TYPE +AGE +MESSAGE\n[\s\S]*^Deployed +Normal /m);
  },
);

t.test('a cluster that cannot be reached is named, with what to do', async (t) => {
  const config = JSON.parse((await cluster.kubectl(['config', 'view', '--raw', '-o', 'json'])).stdout);
  for (const { cluster: entry } of config.clusters) entry.server = 'https://127.0.0.1:1';
  const file = join(cluster.dir, 'nowhere.kubeconfig');
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  const { code, stdout, stderr } = await run(['get', '--kubeconfig', file]);
  t.strictSame([code, stdout], [2, '']);
  t.match(
    stderr,
    /^werfbundle: list werfbundles\.werf\.io in default: .*\nwerfbundle: https:\/\/127\.0\.0\.1:1 can't be reached: /,
  );
  t.notMatch(stderr, /\n {4}at /, 'and no stack');
});
