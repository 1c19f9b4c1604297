import t from 'tap';
import { API_VERSION, KIND, type StoredBundle, type WerfBundleStatus } from '../../api/werfbundle.js';
import { LEASES, WERFBUNDLES } from '../../kube/resources.js';
import { OPERATOR_NAMESPACE } from '../../playground/operator.js';
import { PATIENCE_MS, TIME_SCALE } from '../kit/bundle-scenario.js';
import { type DeployFixture, startDeployFixture } from '../kit/deploy-fixture.js';
import { eventually } from '../kit/eventually.js';

const makeBundle = async (
  fixture: DeployFixture,
  metadata: { readonly namespace: string; readonly name: string; readonly labels?: Readonly<Record<string, string>> },
  targetNamespace?: string,
): Promise<void> => {
  await fixture.client.create(
    WERFBUNDLES,
    {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata,
      spec: {
        registry: { url: `${fixture.registryHost}/acme/${metadata.name}`, insecure: true, pollInterval: '1m' },
        converge: { serviceAccountName: 'werf-converge', ...(targetNamespace !== undefined && { targetNamespace }) },
      },
    },
    fixture.signal,
  );
};

const synced = (fixture: DeployFixture, namespace: string, name: string, tag = 'v1.0.0'): Promise<StoredBundle> =>
  fixture.bundles.until(
    { namespace, name },
    {
      what: `${namespace}/${name} is Synced with ${tag}`,
      withinMs: PATIENCE_MS,
      is: ({ phase, lastAppliedTag }) => phase === 'Synced' && lastAppliedTag === tag,
    },
    fixture.signal,
  );

t.test('several controllers split the work', async (t) => {
  const fixture = await startDeployFixture(t);
  const must = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await fixture.cluster.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  for (const namespace of ['team-a', 'team-a-production', 'team-b']) await fixture.makeNamespace(namespace);
  for (const name of ['shop', 'data', 'app', 'other'])
    await fixture.publish({ repository: `acme/${name}`, tag: 'v1.0.0' });

  await t.test(
    'by labels: each has its own Lease, its own bundles, and those that are relabelled for it',
    async (t) => {
      const start = (team: string, ...more: readonly string[]) =>
        fixture.startController({
          timeScale: TIME_SCALE,
          leaderElect: true,
          flags: ['--watch-label-selector', `team=${team}`, ...more],
        });
      const [shop, data] = await Promise.all([start('shop', '--max-jobs=1'), start('data')]);
      await fixture.publish({ repository: 'acme/busy', tag: 'v1.0.0', behaviour: 'slow: 600' });
      const busy = { namespace: 'team-a', name: 'busy' };
      await makeBundle(fixture, { ...busy, labels: { team: 'data' } });
      const running = ({ activeJobName }: WerfBundleStatus) => activeJobName !== undefined;
      await fixture.bundles.until(busy, { what: 'busy is', withinMs: PATIENCE_MS, is: running }, fixture.signal);
      for (const name of ['shop', 'data'])
        await makeBundle(fixture, { namespace: 'team-a', name, labels: { team: name } });
      await Promise.all(['shop', 'data'].map((name) => synced(fixture, 'team-a', name)));
      const polls = async (controller: typeof shop, name: string): Promise<number> =>
        (await controller.log()).split('\n').filter((line) => line.includes(`/acme/${name}"`) && /"polling /.test(line))
          .length;
      t.strictSame(await Promise.all([polls(shop, 'data'), polls(data, 'shop')]), [0, 0]);
      const { items } = await fixture.client.list(LEASES, { namespace: OPERATOR_NAMESPACE }, fixture.signal);
      t.equal(items.length, 2);

      await must('label', 'wb', 'shop', '-n', 'team-a', '--overwrite', 'team=data');
      await eventually(
        () => polls(data, 'shop'),
        (count) => count > 0,
        PATIENCE_MS,
      );
      const before = await polls(shop, 'shop');
      await fixture.publish({ repository: 'acme/shop', tag: 'v1.1.0' });
      await synced(fixture, 'team-a', 'shop', 'v1.1.0');
      const after = await polls(data, 'shop');
      await eventually(
        () => polls(data, 'shop'),
        (count) => count > after + 2,
        PATIENCE_MS,
      );
      t.equal(await polls(shop, 'shop'), before, 'who lost it, polls for it no more');
      const { status } = (await fixture.client.get(WERFBUNDLES, busy, fixture.signal)) ?? {};
      t.equal(status?.lastJobStatus, 'Running', 'a Job of another share took no place of this one all the time');
      await must('delete', 'wb', 'busy', '-n', 'team-a', '--timeout=60s');
      await Promise.all([shop.stop(), data.stop()]);
    },
  );

  await t.test('by namespaces: with the rights for these and their targets only', async (t) => {
    await must('delete', 'clusterrolebinding', 'werfbundle-controller');
    for (const namespace of ['team-a', 'team-a-production', OPERATOR_NAMESPACE]) {
      const account = `--serviceaccount=${OPERATOR_NAMESPACE}:werfbundle-controller`;
      await must(
        'create',
        'rolebinding',
        'werfbundle',
        '-n',
        namespace,
        '--clusterrole=werfbundle-controller',
        account,
      );
    }
    await must('annotate', 'namespace', 'team-a-production', 'werf.io/accept-bundles-from=team-a');
    const controller = await fixture.startController({
      timeScale: TIME_SCALE,
      leaderElect: true,
      flags: ['--watch-namespaces', 'team-a'],
    });
    await makeBundle(fixture, { namespace: 'team-b', name: 'other' });
    await makeBundle(fixture, { namespace: 'team-a', name: 'app' }, 'team-a-production');
    const { status } = await synced(fixture, 'team-a', 'app');
    t.match(status?.lastJobLogs, /Succeeded release "app" \(namespace: "team-a-production"\)/);
    const other = await fixture.client.get(WERFBUNDLES, { namespace: 'team-b', name: 'other' }, fixture.signal);
    t.strictSame(other?.status, { observedGeneration: -1 }, 'a bundle of another namespace is left alone');
    t.notMatch(await controller.log(), /forbidden|cannot follow/);
    await makeBundle(fixture, { namespace: 'team-a', name: 'other' }, 'team-b');
    const { status: refused } = await fixture.bundles.until(
      { namespace: 'team-a', name: 'other' },
      { what: 'team-a/other is Failed', withinMs: PATIENCE_MS, is: ({ phase }) => phase === 'Failed' },
      fixture.signal,
    );
    t.match(
      [refused?.conditions?.find(({ type }) => type === 'Ready')?.reason, refused?.lastErrorMessage],
      ['RightsMissing', /^the controller lacks a right: get namespaces.* team-b: forbidden/],
      'a target without rights is told',
    );
    await controller.stop();
  });
});
