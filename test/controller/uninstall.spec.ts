import t from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import type { Namespace, ServiceAccount } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec } from '../../api/werfbundle.js';
import { KubeError } from '../../kube/client.js';
import { JOBS, NAMESPACES, PODS, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, DIGEST_B, iso, pod, selected, syncedStatus, UID } from '../kit/builders.js';
import { REF, reconcileHarness } from '../kit/reconcile-harness.js';

const RELEASE = 'release my-app in namespace ops';
const notUninstalled = (why: string) => `Warning DismissFailed: ${RELEASE} was not uninstalled: ${why}`;

const namespace: Namespace = { metadata: { name: 'ops' }, status: { phase: 'Active' } };

/** A bundle with Dismiss whose v1.0.0 is deployed, just before it is deleted. */
const deployed = async (spec: Partial<WerfBundleSpec> = { deletionPolicy: 'Dismiss' }) => {
  const harness = reconcileHarness(bundle(undefined, { spec }));
  harness.kube.seed(NAMESPACES, namespace);
  await harness.run();
  harness.deliver(selected());
  await harness.run();
  endJob(harness, 0);
  await harness.run();
  return harness;
};

const endJob = ({ kube, jobs }: ReturnType<typeof reconcileHarness>, exitCode: number): void => {
  const { uid = '', name = '', namespace: of = '' } = jobs().at(-1)?.metadata ?? {};
  const ended = pod({ exitCode });
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }];
  kube.seed(PODS, { ...ended, metadata: { namespace: of, name: `${name}-pod`, ownerReferences } });
};

const deleted = async (harness: ReturnType<typeof reconcileHarness>) =>
  harness.kube.delete(WERFBUNDLES, REF, {}, AbortSignal.any([]));

t.test('a bundle with Dismiss is deleted when its release is uninstalled', async (t) => {
  const harness = await deployed();
  t.same(harness.bundle()?.metadata.finalizers, [FINALIZER]);
  await deleted(harness);
  const first = await harness.run();
  const made = harness.jobs().at(-1);
  const name = made?.metadata.name;
  t.same(first.actions, ['patch werfbundles/status my-app', `create jobs ${name}`, 'patch werfbundles/status my-app']);
  const pods = made?.spec?.template.spec ?? {};
  const [container] = pods['containers'] as readonly { readonly args: readonly string[] }[];
  t.same(container?.args.slice(0, 5), ['dismiss', '--release', 'my-app', '--namespace', 'ops']);
  t.notOk(container?.args.includes('--timeout'), 'werf dismiss has no such flag');
  t.equal(pods['activeDeadlineSeconds'], 600, 'the Pod is what ends it');
  harness.restart();
  t.same((await harness.run()).actions, [], 'a new process follows the same Job');
  endJob(harness, 0);
  const last = await harness.run();
  t.same(last.events, [`Normal Dismissed: ${RELEASE} is uninstalled`]);
  t.equal(last.actions.at(-1), 'patch werfbundles my-app');
  t.equal(harness.bundle(), undefined);
});

t.test('a bundle with Dismiss whose status was lost is uninstalled, whatever came of what followed', async (t) => {
  const lost = async () => {
    const harness = await deployed();
    for (const { metadata } of harness.jobs())
      harness.kube.vanish(JOBS, { namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
    harness.restart();
    const { status: _, ...rest } = harness.bundle() ?? bundle();
    harness.kube.seed(WERFBUNDLES, { ...rest, status: {} });
    await harness.run();
    return harness;
  };
  const uninstalled = async (harness: ReturnType<typeof reconcileHarness>, title: string) => {
    await deleted(harness);
    await harness.run();
    endJob(harness, 0);
    t.same((await harness.run()).events, [`Normal Dismissed: ${RELEASE} is uninstalled`], title);
    t.equal(harness.bundle(), undefined, title);
  };
  await uninstalled(await lost(), 'nothing followed');

  const refused = await lost();
  refused.deliver(selected());
  const refusal = new KubeError('forbidden', 'create jobs.batch: forbidden: exceeded quota', { status: 403 });
  refused.kube.failNext({ verb: 'create', plural: 'jobs' }, refusal);
  await refused.run();
  t.same(
    refused.bundle()?.status?.history?.map(({ number, result }) => `${number} ${result}`),
    ['2 Refused'],
    'a number is left out for what is not known',
  );
  await uninstalled(refused, 'a Job that was refused');
});

t.test('a first Job that nobody has written down as running is uninstalled all the same', async (t) => {
  const harness = reconcileHarness(bundle(undefined, { spec: { deletionPolicy: 'Dismiss' } }));
  harness.kube.seed(NAMESPACES, namespace);
  await harness.run();
  harness.deliver(selected());
  harness.kube.loseAnswer({ verb: 'create', plural: 'jobs' }, new KubeError('timeout', 'create: no answer in 30 s'));
  await harness.run();
  harness.restart();
  const { uid = '', name = '' } = harness.jobs()[0]?.metadata ?? {};
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }];
  harness.kube.seed(PODS, { ...pod(), metadata: { namespace: 'ops', name: 'runs', ownerReferences } });
  await deleted(harness);
  const stopped = await harness.run();
  t.same(stopped.actions, ['patch werfbundles/status my-app', `delete jobs ${name}`]);
  const { status } = await harness.run();
  t.same(
    status.history?.map(({ reason, result }) => `${reason} ${result}`),
    ['NewTag Lost'],
  );
  t.match(status.deployment, { number: 2, reason: 'Dismiss' });
});

t.test('an uninstall that the apiserver refuses is a try like any other', async (t) => {
  const harness = await deployed();
  await deleted(harness);
  const refusal = new KubeError('forbidden', 'create jobs.batch: forbidden: exceeded quota', { status: 403 });
  harness.kube.failNext({ verb: 'create', plural: 'jobs' }, refusal, 3);
  const waits: unknown[] = [];
  for (let run = await harness.run(); ; run = await harness.run()) {
    waits.push(run.next);
    if (run.next.kind !== 'after') {
      t.same(run.events, [notUninstalled('create jobs.batch: forbidden: exceeded quota')]);
      break;
    }
    t.same(run.events, []);
    await harness.wait(run.next.ms);
  }
  t.same(waits, [{ kind: 'after', ms: 30_000 }, { kind: 'after', ms: 120_000 }, { kind: 'await-change' }]);
  t.equal(harness.bundle(), undefined);
});

t.test('who changes the finalizers meanwhile is not overwritten', async (t) => {
  const harness = reconcileHarness(bundle(syncedStatus(), { spec: { deletionPolicy: 'Dismiss' } }));
  harness.kube.before({ verb: 'patch', plural: 'werfbundles' }, () => {
    const stored = harness.bundle();
    if (stored === undefined) return;
    const metadata = { ...stored.metadata, finalizers: ['someone.example/else'], resourceVersion: '' };
    harness.kube.seed(WERFBUNDLES, { ...stored, metadata });
  });
  t.same((await harness.run()).next, { kind: 'backoff' });
  await harness.run();
  t.same(harness.bundle()?.metadata.finalizers, ['someone.example/else', FINALIZER]);
});

t.test('that a release is uninstalled is told once, however often it takes to let the bundle go', async (t) => {
  const letGoFails = { verb: 'patch', plural: 'werfbundles', subresource: '' } as const;
  const uninstalled = async () => {
    const harness = await deployed();
    await deleted(harness);
    await harness.run();
    endJob(harness, 0);
    return harness;
  };
  const told = `Normal Dismissed: ${RELEASE} is uninstalled`;
  const refused = await uninstalled();
  refused.kube.failNext(letGoFails, new KubeError('unavailable', 'patch: the webhook does not answer'), 2);
  const runs = [(await refused.run()).events];
  refused.restart();
  runs.push((await refused.run()).events, (await refused.run()).events);
  t.same([runs, refused.bundle()], [[[told], [], []], undefined], 'before it is let go: a process may end in between');

  const lost = await uninstalled();
  lost.kube.loseAnswer(letGoFails, new KubeError('timeout', 'patch: no answer in 30 s'));
  t.same([(await lost.run()).events, lost.bundle()], [[told], undefined], 'though the answer never came');

  const untold = await uninstalled();
  untold.kube.failNext({ verb: 'create', plural: 'events' }, new KubeError('forbidden', 'the namespace is ending'));
  const { log } = await untold.run();
  t.same(
    [untold.bundle(), log.map(({ message }) => message)],
    [undefined, ['an event could not be told']],
    'no bundle is kept for it',
  );
});

t.test('what could not be tidied up in another namespace keeps the bundle, until it can', async (t) => {
  const harness = await deployed();
  const { jobName = '' } = harness.bundle()?.status?.deployment ?? {};
  const left = { namespace: 'ops', name: `${jobName}-key`, labels: { 'werf.io/bundle-uid': UID } };
  harness.kube.seed(SECRETS, { metadata: left });
  harness.kube.seed(SECRETS, { metadata: { namespace: 'ops', name: `${jobName}-ca` } });
  const stored = harness.bundle();
  if (stored !== undefined)
    harness.kube.seed(WERFBUNDLES, { ...stored, spec: { ...stored.spec, deletionPolicy: 'Orphan' } });
  await deleted(harness);
  harness.kube.failNext({ verb: 'delete', plural: 'secrets' }, new KubeError('timeout', 'delete: no answer'));
  t.same((await harness.run()).next, { kind: 'backoff' });
  t.ok(harness.bundle());
  await harness.run();
  t.equal(harness.bundle(), undefined);
  t.same(
    harness.kube.all(SECRETS).map(({ metadata }) => metadata.name),
    [`${jobName}-ca`],
    'what only has such a name is left alone',
  );
});

t.test('what the controller has no right to tidy up does not keep a bundle from going', async (t) => {
  const harness = await deployed();
  const { jobName = '' } = harness.bundle()?.status?.deployment ?? {};
  const left = { namespace: 'ops', name: `${jobName}-key`, labels: { 'werf.io/bundle-uid': UID } };
  harness.kube.seed(SECRETS, { metadata: left });
  const stored = harness.bundle();
  if (stored !== undefined)
    harness.kube.seed(WERFBUNDLES, { ...stored, spec: { ...stored.spec, deletionPolicy: 'Orphan' } });
  await deleted(harness);
  const refusal = new KubeError('forbidden', 'delete secrets: forbidden', { status: 403 });
  harness.kube.failNext({ verb: 'delete', plural: 'secrets' }, refusal, 99);
  await harness.run();
  t.equal(harness.bundle(), undefined);
});

t.test('a Job that the controller has no right to stop does not keep a bundle from going', async (t) => {
  for (const plural of ['jobs', 'secrets']) {
    const harness = await deployed({ deletionPolicy: 'Orphan' });
    harness.deliver(selected('v1.1.0', DIGEST_B));
    await harness.run();
    const stored = harness.bundle() ?? bundle();
    harness.kube.seed(WERFBUNDLES, { ...stored, metadata: { ...stored.metadata, finalizers: [FINALIZER] } });
    await deleted(harness);
    const jobName = stored.status?.deployment?.jobName ?? '';
    const left = { namespace: 'ops', name: `${jobName}-key`, labels: { 'werf.io/bundle-uid': UID } };
    harness.kube.seed(SECRETS, { metadata: left });
    const { uid = '' } = harness.jobs().find(({ metadata }) => metadata.name === jobName)?.metadata ?? {};
    const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: jobName, uid }];
    harness.kube.seed(PODS, { ...pod(), metadata: { namespace: 'ops', name: 'runs', ownerReferences } });
    const words = `delete ${plural} x: forbidden`;
    harness.kube.failNext({ verb: 'delete', plural }, () => new KubeError('forbidden', words, { status: 403 }), 99);
    const { events } = await harness.run();
    const told = `Job ${jobName} in namespace ops could not be stopped and tidied up: the controller lacks a right: ${words}`;
    t.same([events, harness.bundle()], [[`Warning RightsMissing: ${told}`], undefined], plural);
  }
});

t.test('what stands in the way of an uninstall is told, and no Job is made for it', async (t) => {
  const spec: Partial<WerfBundleSpec> = {
    deletionPolicy: 'Dismiss',
    converge: { targetNamespace: 'production', serviceAccountName: 'werf' },
  };
  const where = 'release my-app in namespace production was not uninstalled';
  const accepting = { 'werf.io/accept-bundles-from': 'ops' };
  const target = (metadata: object = {}, phase: 'Active' | 'Terminating' = 'Active'): Namespace => ({
    metadata: { name: 'production', annotations: accepting, ...metadata },
    status: { phase },
  });
  const account = { metadata: { namespace: 'production', name: 'werf' } };
  const other = bundle(syncedStatus(), {
    metadata: { name: 'twin', uid: 'another' },
    spec: { converge: { ...spec.converge, releaseName: 'my-app' } },
  });
  const gone = 'namespace production is gone or being deleted';
  const goneAccount = 'ServiceAccount werf in namespace production is gone or being deleted';
  const rows: readonly {
    title: string;
    namespace?: Namespace;
    account?: ServiceAccount;
    other?: StoredBundle;
    spec?: Partial<WerfBundleSpec>;
    want: string | undefined;
  }[] = [
    { title: 'nothing', namespace: target(), account, want: undefined },
    { title: 'no namespace', account, want: gone },
    { title: 'a namespace that goes', namespace: target({}, 'Terminating'), account, want: gone },
    { title: 'no ServiceAccount', namespace: target(), want: goneAccount },
    {
      title: 'a ServiceAccount that goes',
      namespace: target(),
      account: { metadata: { ...account.metadata, deletionTimestamp: iso(0), finalizers: ['x/y'] } },
      want: goneAccount,
    },
    {
      title: 'consent that was taken back',
      namespace: target({ annotations: {} }),
      account,
      want: 'namespace production does not accept bundles from namespace ops; if it accepts others, add this one to its annotation, else: kubectl annotate namespace production werf.io/accept-bundles-from=ops',
    },
    {
      title: 'another bundle of the same release',
      namespace: target(),
      account,
      other,
      want: 'it is the release of WerfBundle ops/twin, too',
    },
    {
      title: 'a spec that is refused',
      namespace: target(),
      account,
      spec: { registry: { url: 'https://x/y' } },
      want: 'its spec is not valid: spec.registry.url: Invalid value: "https://x/y": a repository without scheme is needed; did you mean "docker.io/x/y"?',
    },
  ];
  for (const row of rows) {
    const metadata = { deletionTimestamp: iso(0), finalizers: [FINALIZER] };
    const harness = reconcileHarness(bundle(syncedStatus(), { spec: { ...spec, ...row.spec }, metadata }));
    if (row.namespace !== undefined) harness.kube.seed(NAMESPACES, row.namespace);
    if (row.account !== undefined) harness.kube.seed(SERVICEACCOUNTS, row.account);
    if (row.other !== undefined) harness.kube.seed(WERFBUNDLES, row.other);
    const { events } = await harness.run();
    t.same(events, row.want === undefined ? [] : [`Warning DismissFailed: ${where}: ${row.want}`], row.title);
    t.equal(harness.kube.all(JOBS).length, row.want === undefined ? 1 : 0, `${row.title}: Jobs`);
    t.equal(harness.bundle() === undefined, row.want !== undefined, `${row.title}: whether the bundle is gone`);
  }
});
