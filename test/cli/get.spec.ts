import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { diagnose } from '../../cli/doctor/command.js';
import { type GetOptions, getBundles } from '../../cli/get/command.js';
import { KubeError } from '../../kube/client.js';
import { NAMESPACES, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, iso, NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

const condition = (type: string, status: 'True' | 'False' | 'Unknown', message = '') => ({
  type,
  status,
  reason: 'Deployed',
  message,
  lastTransitionTime: iso(0),
});
const SYNCED: WerfBundleStatus = {
  phase: 'Synced',
  lastAppliedTag: 'v1.2.0',
  lastSyncTime: iso(-60_000),
  nextAttemptTime: iso(240_000),
  consecutiveFailures: 0,
  resolvedTargetNamespace: 'production',
  conditions: [condition('Ready', 'True', 'deployed v1.2.0 to namespace production')],
};

const setUp = (columns?: number) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const add = (name: string, status: WerfBundleStatus, namespace = 'ops') =>
    kube.seed(
      WERFBUNDLES,
      bundle(status, {
        metadata: { name, namespace, uid: `${namespace}-${name}`, creationTimestamp: iso(-3_600_000) },
      }),
    );
  const terminal = createFakeTerminal({ clock, ...(columns !== undefined && { columns }) });
  const get = (names: readonly string[], options: Partial<GetOptions> = {}) =>
    getBundles({ terminal, session: sessionOf(kube, terminal) }, names, { headers: true, ...options });
  return { kube, add, terminal, get };
};

t.test('bundles are listed with what matters first and the message last', async (t) => {
  const { add, get, terminal } = setUp();
  add('shop', SYNCED);
  add('web', {
    phase: 'Failed',
    conditions: [condition('Suspended', 'True', 'suspended'), condition('Ready', 'False')],
  });
  add('other', SYNCED, 'elsewhere');
  await get([]);
  t.equal(
    terminal.taken(),
    `NAME   READY   SUSPENDED   PHASE    TAG      AGE   MESSAGE
shop   True                Synced   v1.2.0   60m   deployed v1.2.0 to namespace production
web    False   True        Failed            60m   suspended
`,
  );
  await get(['wb/shop'], { output: 'wide', headers: false });
  t.equal(
    terminal.taken(),
    'shop   True                Synced   v1.2.0   production   0          60s         in 4m          60m   deployed v1.2.0 to namespace production\n',
  );
  await get([], { allNamespaces: true, output: 'name' });
  t.equal(terminal.taken(), 'werfbundle.werf.io/other\nwerfbundle.werf.io/shop\nwerfbundle.werf.io/web\n');
  t.strictSame(terminal.ended, [0, 0, 0]);
});

t.test('on a narrow terminal the message is cut, but not for -o wide, which shows all', async (t) => {
  const { add, get, terminal } = setUp(60);
  add('shop', SYNCED);
  await get([]);
  t.match(terminal.taken(), /…$/m);
  await get([], { output: 'wide' });
  t.match(terminal.taken(), / deployed v1\.2\.0 to namespace production$/m);
});

t.test('one bundle is printed as an object, several as a List, as kubectl does', async (t) => {
  const { add, get, terminal } = setUp();
  add('shop', SYNCED);
  await get(['shop'], { output: 'json' });
  t.match(JSON.parse(terminal.taken()), {
    apiVersion: 'werf.io/v1alpha1',
    kind: 'WerfBundle',
    metadata: { name: 'shop' },
  });
  await get([], { output: 'yaml' });
  t.match(terminal.taken(), /^apiVersion: v1\nkind: List\n/);
});

t.test('that nothing is there is no failure, and is said on stderr', async (t) => {
  const { kube, add, get, terminal } = setUp();
  const told = async (options: Partial<GetOptions> = {}): Promise<string> => {
    await get([], options);
    return terminal.takenErrors();
  };
  t.equal(await told(), 'No bundle in namespace ops, which does not exist.\n');
  kube.seed(NAMESPACES, { metadata: { name: 'ops' } });
  t.equal(await told(), 'No bundle in namespace ops.\n');
  t.equal(await told({ allNamespaces: true, selector: 'a=b' }), 'No bundle that fits in any namespace.\n');
  add('shop', SYNCED, 'demo');
  add('web', SYNCED, 'apps');
  add('web-2', SYNCED, 'apps');
  t.equal(
    await told(),
    'No bundle in namespace ops; there are some in namespace apps, demo: give -n apps, or -A.\n',
    'where others are',
  );
  t.equal(await told({ selector: 'a=b' }), 'No bundle that fits in namespace ops.\n');
  const forbidden = new KubeError('forbidden', 'forbidden', { status: 403 });
  kube.failNext({ verb: 'get', plural: 'namespaces' }, forbidden);
  t.match(await told(), /^No bundle in namespace ops; there are some /);
  const place = { terminal, session: sessionOf(kube, terminal) };
  await diagnose(place, { name: undefined, registry: undefined }, { all: true });
  t.match(terminal.takenErrors(), /^No bundle in namespace ops; there are some /, 'doctor --all');
  t.equal(terminal.taken(), '');
  t.strictSame(new Set(terminal.ended), new Set([0]));
});

t.test('of a bundle that is not there it is said where one is, or what is meant', async (t) => {
  const { kube, add, get } = setUp();
  const gone = async (name: string, message: string) => t.rejects(get([name]), { message, exitCode: 1 });
  await gone(
    'shop',
    'WerfBundle ops/shop was not found; there is no bundle in namespace ops: give another one with -n',
  );
  add('shop', SYNCED, 'demo');
  await gone('shop', 'WerfBundle ops/shop was not found; there is one in namespace demo: give -n demo');
  await gone(
    'deployments',
    'WerfBundle ops/deployments was not found; "deployments" is a kind of other objects: this program knows WerfBundles only, and takes their names (kubectl get deployments shows the others)',
  );
  await gone(
    'wb',
    'WerfBundle ops/wb was not found; "wb" is the kind, which all commands mean anyway: give names alone, or wb/NAME',
  );
  add('shops', SYNCED);
  await gone('shopp', 'WerfBundle ops/shopp was not found; did you mean shops?');
  await gone('billing', 'WerfBundle ops/billing was not found; in namespace ops there is shops');
  kube.failNext({ verb: 'list', plural: 'werfbundles' }, new KubeError('forbidden', 'forbidden', { status: 403 }));
  await gone('shop', 'WerfBundle ops/shop was not found; did you mean shops?');
});

t.test('with --watch what changes is printed, once each, until Ctrl-C', async (t) => {
  const { kube, add, get, terminal } = setUp();
  const stored = add('shop', { phase: 'Syncing' });
  add('web', SYNCED);
  const watching = get(['shop'], { watch: true });
  const until = async (count: number) => {
    let lines = '';
    while (lines.split('\n').length <= count) {
      await new Promise((resolve) => setImmediate(resolve));
      lines += terminal.taken();
    }
    return lines;
  };
  t.equal(
    await until(2),
    'NAME   READY   SUSPENDED   PHASE     TAG   AGE   MESSAGE\nshop                       Syncing         60m\n',
  );
  const ref = { namespace: 'ops', name: 'shop' };
  await kube.mergePatch(WERFBUNDLES, ref, { status: SYNCED }, { subresource: 'status' }, terminal.signal);
  t.equal(
    await until(1),
    'shop   True                Synced    v1.2.0   60m   deployed v1.2.0 to namespace production\n',
  );
  kube.vanish(WERFBUNDLES, ref);
  t.match(await until(1), /^shop {3}True/, 'a deleted one is printed as it was last');
  t.ok(stored.metadata.uid);
  terminal.interrupt();
  await watching;
  t.equal(terminal.taken(), '');
});
