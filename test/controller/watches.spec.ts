import t, { type Test } from 'tap';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { namedObjects } from '../../controller/cache/references.js';
import { Releases } from '../../controller/cache/releases.js';
import { Watches } from '../../controller/cache/watches.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { CONFIGMAPS, NAMESPACES, SECRETS, SERVICEACCOUNTS } from '../../kube/resources.js';
import { bundle, NOW, platform } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const spec: Partial<WerfBundleSpec> = {
  registry: { url: 'registry.example/acme/app', secretRef: { name: 'creds' }, caSecretRef: { name: 'ca' } },
  converge: {
    targetNamespace: 'production',
    serviceAccountName: 'werf-converge',
    werfSecretKeyRef: { name: 'key' },
    valuesFrom: [{ configMapRef: { name: 'config' } }, { secretRef: { name: 'database' }, optional: true }],
  },
};

t.test('what a bundle names', async (t) => {
  const named = (change: Partial<WerfBundleSpec>, defaultRegistrySecret?: string) =>
    namedObjects(bundle(undefined, { spec: change }), { namespace: platform.namespace, defaultRegistrySecret }).map(
      ({ kind, ref, values }) => `${kind} ${ref.namespace}/${ref.name}${values ? ', values' : ''}`,
    );
  t.same(named(spec), [
    'Secret ops/creds',
    'Secret ops/ca',
    'Secret ops/key',
    'ServiceAccount production/werf-converge',
    'Namespace /production',
    'ConfigMap ops/config, values',
    'ConfigMap production/config, values',
    'Secret ops/database, values',
    'Secret production/database, values',
  ]);
  t.same(named({}), [], 'a bundle of a few words names nothing');
  t.same(named({}, 'all'), [`Secret ${platform.namespace}/all`], 'but what the platform gave it');
});

const setup = (t: Test, secrets: boolean, namespaces: readonly string[] = []) => {
  const kube = createFakeKube();
  const clock = createFakeClock(NOW);
  const woken: string[] = [];
  const watches = new Watches({
    client: kube,
    clock,
    random: { uniform: () => 1 },
    log: recordLog(),
    platform,
    secrets,
    share: { namespaces, labelSelector: undefined },
    onChange: ({ namespace, name }) => woken.push(`${namespace}/${name}`),
  });
  const stop = new AbortController();
  const done = watches.start(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await done;
  });
  const knows = (named: string, change: Partial<WerfBundleSpec>, generation = 1): StoredBundle => {
    const after = bundle(undefined, { spec: change, metadata: { name: named, generation } });
    watches.bundleChanged({ ref: { namespace: 'ops', name: named }, before: undefined, after });
    return after;
  };
  const change = async (type: ResourceType, ref: ObjectRef): Promise<readonly string[]> => {
    woken.length = 0;
    kube.seed(type, { metadata: ref.namespace === '' ? { name: ref.name } : { ...ref } });
    await clock.advance(0);
    return [...woken];
  };
  return { kube, clock, watches, woken, knows, change };
};

t.test('a change wakes the bundles that name what has changed, and no others', async (t) => {
  const { clock, watches, knows, change } = setup(t, false);
  await clock.advance(0);
  const app = knows('app', spec);
  knows('twin', spec);
  knows('small', {});
  const both = ['ops/app', 'ops/twin'];
  const production = (name: string) => ({ namespace: 'production', name });
  t.same(await change(CONFIGMAPS, { namespace: 'ops', name: 'config' }), both);
  t.same(await change(CONFIGMAPS, production('config')), both, 'in either namespace');
  t.same(await change(SERVICEACCOUNTS, production('werf-converge')), both);
  t.same(await change(NAMESPACES, { namespace: '', name: 'production' }), both);
  t.same(await change(SECRETS, { namespace: 'ops', name: 'creds' }), [], 'Secrets only where that is wanted');
  for (const name of ['other', 'creds']) t.same(await change(CONFIGMAPS, production(name)), [], name);
  const moved = { ...app, metadata: { ...app.metadata, generation: 2 }, spec: { ...app.spec, converge: {} } };
  watches.bundleChanged({ ref: { namespace: 'ops', name: 'app' }, before: app, after: moved });
  t.same(await change(CONFIGMAPS, production('config')), ['ops/twin'], 'what it named before is forgotten');
  const again = { ...app, metadata: { ...app.metadata, uid: 'another' }, spec: moved.spec };
  watches.bundleChanged({ ref: { namespace: 'ops', name: 'twin' }, before: app, after: again });
  t.same(await change(CONFIGMAPS, production('config')), [], 'or what a bundle of the same name named');
  knows('twin', spec);
  watches.bundleChanged({ ref: { namespace: 'ops', name: 'twin' }, before: app, after: undefined });
  t.same(await change(CONFIGMAPS, production('config')), [], 'and so is a bundle that is gone');
});

t.test('of several bundles with one release the oldest has it', async (t) => {
  const at = (name: string, second: number, release = 'web'): StoredBundle =>
    bundle(undefined, {
      spec: { converge: { releaseName: release } },
      metadata: { name, uid: `uid-${name}`, creationTimestamp: `2026-11-23T10:00:0${second}Z` },
    });
  const releases = new Releases();
  const tell = (before: StoredBundle | undefined, after: StoredBundle | undefined) =>
    releases
      .changed({ ref: { namespace: 'ops', name: (after ?? before)?.metadata.name ?? '' }, before, after })
      .map(({ name }) => name);
  const [first, second, third] = [at('b-first', 1), at('a-second', 2), at('c-third', 2)];
  t.same(tell(undefined, second), []);
  t.same(tell(undefined, first), ['a-second'], 'whom another one comes to looks again');
  t.same(tell(undefined, third), ['a-second', 'b-first']);
  t.same(releases.olderHolder(first), undefined);
  t.same(
    [second, third].map((one) => releases.olderHolder(one)?.name),
    ['b-first', 'b-first'],
  );
  t.same(
    releases.otherHolders(second).map(({ name }) => name),
    ['b-first', 'c-third'],
    'of any age',
  );
  t.same(tell(first, at('b-first', 1, 'other')), ['a-second', 'c-third'], 'and whom another one leaves');
  t.same(
    [releases.olderHolder(second), releases.olderHolder(third)?.name],
    [undefined, 'a-second'],
    'by uid, of one second',
  );
  t.same(tell(second, second), [], 'what stays is no change');
  t.same(tell(second, undefined), ['c-third']);
  t.same(releases.olderHolder(third), undefined, 'who waited for it has it now');
});

t.test('what holds values is remembered until it was looked at', async (t) => {
  const { clock, watches, knows, change } = setup(t, true);
  await clock.advance(0);
  knows('app', spec);
  const app = { namespace: 'ops', name: 'app' };
  await change(SERVICEACCOUNTS, { namespace: 'production', name: 'werf-converge' });
  t.equal(watches.valuesChangedAt(app), undefined, 'an account holds none');
  t.same(await change(SECRETS, { namespace: 'ops', name: 'database' }), ['ops/app']);
  t.equal(watches.valuesChangedAt(app), NOW);
  await clock.advance(5_000);
  await change(CONFIGMAPS, { namespace: 'ops', name: 'config' });
  t.equal(watches.valuesChangedAt(app), NOW + 5_000, 'the last change counts');
  watches.settle(app, NOW);
  t.equal(watches.valuesChangedAt(app), NOW + 5_000, 'who looked before it has not seen it');
  watches.settle(app, NOW + 5_000);
  t.equal(watches.valuesChangedAt(app), undefined);
});

t.test('who names something of a kind looks again when changes of that kind may have been missed', async (t) => {
  const { kube, clock, woken, knows } = setup(t, false);
  await clock.advance(0);
  knows('app', spec);
  knows('small', {});
  kube.endWatches(new KubeError('gone', 'watch: gone', { status: 410 }));
  await clock.advance(5_000);
  t.same(woken, ['ops/app', 'ops/app', 'ops/app'], 'for each of the three kinds');
});

t.test('with a share of namespaces no more is watched than its bundles and their targets have', async (t) => {
  const { kube, clock, knows, change } = setup(t, false, ['ops']);
  await clock.advance(0);
  t.equal(kube.openWatches(), 0);
  knows('app', spec);
  knows('other', spec);
  await clock.advance(0);
  t.equal(kube.openWatches(), 4, 'ConfigMaps and ServiceAccounts of two namespaces');
  t.same(await change(CONFIGMAPS, { namespace: 'ops', name: 'config' }), ['ops/app', 'ops/other']);
  t.same(await change(CONFIGMAPS, { namespace: 'production', name: 'config' }), ['ops/app', 'ops/other']);
  t.same(
    await change(NAMESPACES, { namespace: '', name: 'production' }),
    [],
    'a right for all namespaces that it has not',
  );
});
