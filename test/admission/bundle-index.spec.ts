import t, { type Test } from 'tap';
import { BundleIndex } from '../../admission/references/bundle-index.js';
import { releaseOf } from '../../api/references/release.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { bundle } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const never = new AbortController().signal;
const SPEC = {
  registry: { url: 'ghcr.io/acme/app', secretRef: { name: 'pull' } },
  converge: {
    targetNamespace: 'production',
    serviceAccountName: 'deployer',
    releaseName: 'web',
    valuesFrom: [{ configMapRef: { name: 'platform' }, key: 'values.yaml', optional: true }],
  },
};

const app = (name: string, metadata: Partial<StoredBundle['metadata']> = {}): StoredBundle =>
  bundle({}, { spec: SPEC, metadata: { namespace: 'shops', name, uid: `uid-${name}`, generation: 1, ...metadata } });

const opened = async (t: Test, bundles: readonly StoredBundle[], keepUses = true) => {
  const kube = createFakeKube();
  for (const each of bundles) kube.seed(WERFBUNDLES, each);
  const index = new BundleIndex({
    client: kube,
    clock: createFakeClock(),
    random: { uniform: () => 0.5 },
    log: recordLog(),
    keepUses,
  });
  const stop = new AbortController();
  const running = index.start(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
  });
  const users = async (
    kind: 'ConfigMap' | 'Secret' | 'ServiceAccount' | 'Namespace',
    namespace: string,
    name: string,
  ) =>
    (await index.of({ kind, ref: { namespace, name } }, never)).map((use) => `${use.bundle.name} as ${use.as}`).sort();
  const holders = async () =>
    (await index.holders({ namespace: 'production', name: 'web' }, never)).map(({ name }) => name);
  const quiet = () => new Promise((resolve) => setImmediate(resolve));
  return { kube, index, users, holders, quiet };
};

t.test('a bundle is found by all that it names, wherever that is looked for', async (t) => {
  const { users } = await opened(t, [app('one')]);
  t.strictSame(
    [
      await users('ConfigMap', 'shops', 'platform'),
      await users('ConfigMap', 'production', 'platform'),
      await users('Secret', 'shops', 'pull'),
      await users('ServiceAccount', 'production', 'deployer'),
      await users('Namespace', '', 'production'),
      await users('ConfigMap', 'elsewhere', 'platform'),
      await users('Secret', 'shops', 'platform'),
    ],
    [
      ['one as values'],
      ['one as values'],
      ['one as registry-secret'],
      ['one as service-account'],
      ['one as target-namespace'],
      [],
      [],
    ],
  );
});

t.test('what has changed is found anew, and what is going or gone is not', async (t) => {
  const { kube, index, users, holders, quiet } = await opened(t, [app('one'), app('two'), app('three')]);
  t.strictSame(await users('ConfigMap', 'shops', 'platform'), ['one as values', 'three as values', 'two as values']);
  t.strictSame(
    index.rivalsOf({ namespace: 'shops', name: 'two' }).map(({ name }) => name),
    ['one', 'three'],
  );
  const { valuesFrom: _, ...converge } = SPEC.converge;
  const other = bundle(
    {},
    {
      spec: { ...SPEC, converge: { ...converge, releaseName: 'other' } },
      metadata: { ...app('one').metadata, generation: 2 },
    },
  );
  kube.seed(WERFBUNDLES, other);
  kube.seed(WERFBUNDLES, app('two', { deletionTimestamp: '2026-12-01T00:00:00Z', generation: 2 }));
  kube.vanish(WERFBUNDLES, { namespace: 'shops', name: 'three' });
  await quiet();
  t.strictSame(await users('ConfigMap', 'shops', 'platform'), []);
  t.strictSame(await users('Secret', 'shops', 'pull'), ['one as registry-secret'], 'what it still names');
  t.strictSame(await holders(), ['two'], 'a release is held until its bundle is gone');
  t.strictSame(
    await index.holders(releaseOf(other, 'shops') ?? { namespace: '', name: '' }, never).then((all) => all.length),
    1,
  );
});

t.test(
  'as long as its generation stays a bundle is not looked at again, and another one of the same name is',
  async (t) => {
    const { kube, users, quiet } = await opened(t, [app('one')]);
    await users('ConfigMap', 'shops', 'platform');
    // No apiserver does so: it shows what is read.
    const other = { ...SPEC, converge: { ...SPEC.converge, valuesFrom: [{ configMapRef: { name: 'other' } }] } };
    const changed = (metadata: Partial<StoredBundle['metadata']>) =>
      bundle({}, { spec: other, metadata: { ...app('one').metadata, ...metadata } });
    const named = async () => [
      await users('ConfigMap', 'shops', 'platform'),
      await users('ConfigMap', 'shops', 'other'),
    ];
    kube.seed(WERFBUNDLES, changed({}));
    await quiet();
    t.strictSame(await named(), [['one as values'], []]);
    kube.seed(WERFBUNDLES, changed({ uid: 'uid-another' }));
    await quiet();
    t.strictSame(await named(), [[], ['one as values']]);
  },
);

t.test('nothing is kept of what bundles name where nobody will ask', async (t) => {
  const { users, holders } = await opened(t, [app('one')], false);
  t.strictSame([await users('ConfigMap', 'shops', 'platform'), await holders()], [[], ['one']]);
});
