import t, { type Test } from 'tap';
import { API_VERSION, KIND, type StoredBundle, type WerfBundle } from '../../api/werfbundle.js';
import { leaseNameOf } from '../../controller/cache/share.js';
import type { Lease } from '../../kube/election-step.js';
import { JOBS, LEASES, SECRETS, WERFBUNDLES } from '../../kube/resources.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { startCuttingProxy, type Write } from '../kit/cutting-proxy.js';
import { type DeployFixture, type RunningController, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';
import { recordWatch } from '../kit/record-watch.js';

const OPS = 'ops';
const PATIENCE_MS = 60_000;

const has = async (controller: RunningController, message: string, times = 1): Promise<boolean> =>
  (await controller.log()).split(`"message":"${message}`).length > times;

/** Waits until it leads. @returns after how many milliseconds */
const leads = async (t: Test, controller: RunningController, times = 1): Promise<number> => {
  const start = performance.now();
  t.ok(
    await eventually(
      () => has(controller, 'leads"', times),
      (seen) => seen,
      PATIENCE_MS,
    ),
    'it leads',
  );
  return performance.now() - start;
};

const leaderMetric = async (controller: RunningController): Promise<string | undefined> =>
  /^werfbundle_leader (\d)$/m.exec(await controller.get('/metrics'))?.[1];

const lease = (fixture: DeployFixture): Promise<Lease | undefined> =>
  fixture.client.get(
    LEASES,
    { namespace: OPERATOR_NAMESPACE, name: leaseNameOf({ namespaces: [], labelSelector: undefined }) },
    fixture.signal,
  );

const makeBundle = (fixture: DeployFixture, name: string): Promise<WerfBundle> =>
  fixture.client.create(
    WERFBUNDLES,
    {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { namespace: OPS, name },
      spec: {
        registry: { url: `${fixture.registryHost}/acme/app`, insecure: true, pollInterval: '1m' },
        converge: { serviceAccountName: 'werf-converge' },
      },
    },
    fixture.signal,
  );

const synced = (fixture: DeployFixture, name: string, tag: string): Promise<StoredBundle> =>
  fixture.bundles.until(
    { namespace: OPS, name },
    {
      what: `${name} is Synced with ${tag}`,
      withinMs: PATIENCE_MS,
      is: ({ phase, lastAppliedTag }) => phase === 'Synced' && lastAppliedTag === tag,
    },
    fixture.signal,
  );

const isLease = ({ path }: Write): boolean => path.includes('/leases');

t.test('of several controllers one leads', async (t) => {
  const fixture = await startDeployFixture(t);
  const { client, signal } = fixture;
  await fixture.makeNamespace(OPS);
  await fixture.publish({ repository: 'acme/app', tag: 'v1.0.0' });
  const jobs = await recordWatch(t, fixture, JOBS);
  const proxy = await startCuttingProxy(t, fixture.cluster.controlPlane);
  const first = await fixture.startController({ through: proxy, timeScale: 30, leaderElect: true });
  await leads(t, first);
  const second = await fixture.startController({ timeScale: 30, leaderElect: true });

  await t.test('and the other one is a standby: it is ready, and begins nothing', async (t) => {
    await makeBundle(fixture, 'app');
    await synced(fixture, 'app', 'v1.0.0');
    t.notOk(await has(second, 'polling registry'));
    t.strictSame(await Promise.all([first, second].map(leaderMetric)), ['1', '0']);
    t.strictSame(await Promise.all([first, second].map((each) => each.get('/readyz'))), ['ok\n', 'ok\n']);
    t.match((await lease(fixture))?.spec, { holderIdentity: /_/, leaseDurationSeconds: 15, leaseTransitions: 0 });
  });

  await t.test('one that was paused past its Lease writes nothing that counts when it wakes up', async (t) => {
    const names = ['paused-at-the-intent', 'paused-at-the-job'] as const;
    const hasFinalizer: readonly ((write: Write) => boolean)[] = [
      ({ path, body }) => path.endsWith(`/${names[0]}/status`) && body.includes('"deployment"'),
      ({ method, path, body }) => method === 'POST' && path.endsWith('/jobs') && body.includes(names[1]),
    ];
    const held = new Set<number>();
    const thaw: (() => void)[] = [];
    const woken: string[] = [];
    let paused = false;
    proxy.use({
      judge: (write) => {
        if (paused && !isLease(write)) woken.push(`${write.method} ${write.path}`);
        const which = hasFinalizer.findIndex((is) => is(write));
        if (which === -1 || held.has(which)) return 'pass';
        held.add(which);
        return new Promise((resolve) => thaw.push(() => resolve('pass')));
      },
      cut: async () => {},
    });
    for (const name of names) await makeBundle(fixture, name);
    await eventually(
      async () => held.size,
      (count) => count === names.length,
      PATIENCE_MS,
    );
    t.equal(held.size, 2, 'two of its writes are under way');
    first.send('SIGSTOP');
    paused = true;
    const ms = await leads(t, second);
    t.ok(ms < 20_000, `the other one leads after ${Math.round(ms)} ms`);
    const before = await Promise.all(names.map((name) => synced(fixture, name, 'v1.0.0')));

    for (const release of thaw) release();
    first.send('SIGCONT');
    t.ok(
      await eventually(
        () => has(first, 'leads no more'),
        (seen) => seen,
      ),
      'it finds out that it was away',
    );
    await fixture.publish({ repository: 'acme/app', tag: 'v1.1.0' });
    const after = await Promise.all(names.map((name) => synced(fixture, name, 'v1.1.0')));
    t.strictSame(woken, [], 'it asked for no write');
    for (const [index, { metadata, status }] of after.entries()) {
      const { name, uid } = metadata;
      const made = jobs.objects().filter((job) => job.metadata.labels?.['werf.io/bundle-uid'] === uid);
      const secrets = await client.list(SECRETS, { namespace: OPS, labelSelector: `owner=helm,name=${name}` }, signal);
      t.strictSame(
        {
          jobs: made.map((job) => job.metadata.annotations?.['werf.io/deployment-number']),
          releases: secrets.items.length,
          history: status?.history?.map(({ number, tag, result }) => `${number} ${tag} ${result}`),
          first: status?.history?.at(-1),
        },
        {
          jobs: ['1', '2'],
          releases: 2,
          history: ['2 v1.1.0 Succeeded', '1 v1.0.0 Succeeded'],
          first: before[index]?.status?.history?.[0],
        },
        `${name}: one Job and one release for each tag, and what the other one wrote stands`,
      );
    }
    t.strictSame(await Promise.all([first, second].map(leaderMetric)), ['0', '1']);
  });

  await t.test('one that is stopped hands over at once', async (t) => {
    const ending = second.stop();
    const ms = await leads(t, first, 2);
    t.ok(ms < 5_000, `the other one leads after ${Math.round(ms)} ms`);
    t.equal((await ending).how, 'exit code 0');
    t.ok(await has(second, 'gave the Lease up'));
    await fixture.publish({ repository: 'acme/app', tag: 'v1.2.0' });
    await synced(fixture, 'app', 'v1.2.0');
    t.equal((await lease(fixture))?.spec?.leaseTransitions, 2);
  });

  await t.test('one that is killed is followed within twenty seconds', async (t) => {
    const third = await fixture.startController({ timeScale: 30, leaderElect: true });
    await first.kill();
    const ms = await leads(t, third);
    t.ok(ms < 20_000, `the other one leads after ${Math.round(ms)} ms`);
    await fixture.publish({ repository: 'acme/app', tag: 'v1.3.0' });
    await synced(fixture, 'app', 'v1.3.0');
    t.notMatch(await third.log(), /"level":"error"/);
  });
});
