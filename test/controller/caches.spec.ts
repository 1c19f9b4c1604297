import t from 'tap';
import type { Job, ObjectRef, Pod, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { Caches } from '../../controller/cache/caches.js';
import { projectBundle, projectJob, projectPod } from '../../controller/cache/projections.js';
import { leaseNameOf, type Share } from '../../controller/cache/share.js';
import { parseConfig } from '../../controller/config.js';
import { sealedJob } from '../../controller/deploy/job-signature.js';
import { KubeError } from '../../kube/client.js';
import { isLabelSelector } from '../../kube/label-selector.js';
import { JOBS, PODS, WERFBUNDLES } from '../../kube/resources.js';
import * as given from '../kit/builders.js';
import { createFakeClock, settle } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { recordLog } from '../kit/record-log.js';

const ALL: Share = { namespaces: [], labelSelector: undefined };

/** Caches over a cluster in memory, and the bundles that they woke. */
const setup = (share: Share, proof = given.PROOF) => {
  const clock = createFakeClock(given.NOW);
  const kube = createFakeKube({ clock });
  const log = recordLog();
  const woken: string[] = [];
  const counted = new Set<string>();
  const stop = new AbortController();
  const caches = new Caches({
    client: kube,
    clock,
    random: { uniform: () => 0 },
    log,
    share,
    proof: () => proof,
    onChange: ({ namespace, name }) => void woken.push(`${namespace}/${name}`),
    onBundle: () => {},
    onJob: ({ namespace, name }, active) => void counted[active ? 'add' : 'delete'](`${namespace}/${name}`),
  });
  const bundle = ({ namespace, name }: ObjectRef, more: { target?: string; labels?: Record<string, string> } = {}) => {
    const uid = `uid-${namespace}-${name}`;
    const { metadata, ...rest } = given.bundle(undefined, {
      metadata: { namespace, name, uid, ...(more.labels && { labels: more.labels }) },
      ...(more.target && { spec: { converge: { targetNamespace: more.target, serviceAccountName: 'werf' } } }),
    });
    const { resourceVersion: _, ...fresh } = metadata;
    return kube.seed(WERFBUNDLES, { ...rest, metadata: fresh } as StoredBundle);
  };
  /** A Job of a bundle, and its Pod. */
  const job = (of: StoredBundle, namespace: string) => {
    const made = given.job(of);
    const ref = { namespace, name: `${of.metadata.name}-job` };
    const named = { ...made, metadata: { ...made.metadata, ...ref, uid: `job-of-${of.metadata.uid}` } };
    kube.seed(JOBS, sealedJob(named, [], given.PROOF.key) as Stored<Job>);
    const uid = `job-of-${of.metadata.uid}`;
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: ref.name, uid, controller: true };
    const { labels, annotations } = made.metadata;
    const meta = { ...ref, ...(labels && { labels }), ...(annotations && { annotations }), ownerReferences: [owner] };
    kube.seed(PODS, { metadata: meta });
    return ref;
  };
  const start = () => {
    const running = caches.start(stop.signal);
    const synced = caches.whenSynced(stop.signal);
    t.teardown(async () => {
      stop.abort();
      await running;
    });
    return synced;
  };
  const names = () => [...caches.bundles()].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).toSorted();
  return { clock, kube, log, caches, woken, counted, bundle, job, start, names };
};

const asStored = <T extends Job | Pod>(object: T) =>
  ({ ...object, metadata: { ...object.metadata, resourceVersion: '7' } }) as Stored<T>;

t.test('a controller without a share has all bundles, by one watch for each kind', async (t) => {
  const { kube, caches, bundle, job, start, names } = setup(ALL);
  const ref = job(bundle({ namespace: 'shop', name: 'a' }, { target: 'production' }), 'production');
  bundle({ namespace: 'ops', name: 'b' });
  await start();
  await settle();
  t.strictSame(names(), ['ops/b', 'shop/a']);
  t.ok(caches.job(ref));
  t.equal(kube.openWatches(), 3);
});

t.test('a controller with namespaces has their bundles, and follows Jobs wherever these deploy to', async (t) => {
  const { kube, caches, woken, bundle, job, start, names } = setup({ ...ALL, namespaces: ['shop', 'ops'] });
  const mine = bundle({ namespace: 'shop', name: 'a' }, { target: 'production' });
  const ref = job(mine, 'production');
  const foreign = job(bundle({ namespace: 'other', name: 'x' }), 'other');
  bundle({ namespace: 'ops', name: 'b' });
  await start();
  await settle();
  t.strictSame(names(), ['ops/b', 'shop/a']);
  const found = caches.job(ref);
  t.equal(found && caches.podsOf(found).length, 1);
  t.equal(caches.jobsOf('uid-shop-a').length, 1);
  t.equal(caches.job(foreign), undefined);
  t.equal(kube.openWatches(), 6, 'bundles of two namespaces, Jobs and Pods of two target namespaces');

  woken.length = 0;
  const late = bundle({ namespace: 'ops', name: 'late' }, { target: 'staging' });
  t.ok(job(late, 'staging'));
  await settle();
  t.equal(caches.jobsOf('uid-ops-late').length, 1, 'one that comes later is followed, too');
  t.equal(woken.at(-1), 'ops/late');
});

t.test(
  'a target namespace that may not be watched holds up its own bundles for ten seconds, and no others',
  async (t) => {
    const { clock, kube, caches, log, woken, bundle, start } = setup({ ...ALL, namespaces: ['shop'] });
    bundle({ namespace: 'shop', name: 'a' });
    bundle({ namespace: 'shop', name: 'b' }, { target: 'closed' });
    const refused = () => new KubeError('forbidden', 'list jobs.batch in closed: forbidden', { status: 403 });
    kube.failNext({ verb: 'list', plural: 'jobs', namespace: 'closed' }, refused, 1_000);
    let filled = false;
    const synced = start().then(() => {
      filled = true;
    });
    await clock.advance(9_000);
    t.strictSame([[...new Set(woken)], filled, caches.synced()], [['shop/a'], false, false]);
    await clock.advance(1_000);
    await synced;
    t.strictSame([woken.at(-1), caches.synced()], ['shop/b', true]);
    t.match(
      log.entries.filter(({ message }) => message.startsWith('Jobs and Pods of a target')),
      [{ level: 'warn', fields: { namespace: 'closed' } }],
    );
  },
);

t.test('a bundle comes and goes with its labels, and Jobs of others wake nobody', async (t) => {
  const { caches, woken, bundle, job, start, names } = setup({ ...ALL, labelSelector: 'team in (shop, web)' });
  const ref = { namespace: 'ops', name: 'a' };
  bundle(ref, { labels: { team: 'shop' } });
  const foreign = bundle({ namespace: 'ops', name: 'x' }, { labels: { team: 'data' } });
  await start();
  await settle();
  t.strictSame(names(), ['ops/a']);
  woken.length = 0;
  job(foreign, 'ops');
  await settle();
  t.strictSame(woken, []);
  bundle(ref, { labels: { team: 'data' } });
  await settle();
  t.strictSame([names(), woken], [[], ['ops/a']], 'it is dropped, and its work is forgotten');
  t.equal(caches.bundle(ref), undefined);
});

t.test('Jobs that take a place are those of the share, as long as they are: of each controller its own', async (t) => {
  const target = { target: 'production' };
  const [mine, theirs] = [
    { namespace: 'ops', name: 'mine' },
    { namespace: 'ops', name: 'theirs' },
  ];
  const active = ({ caches }: ReturnType<typeof setup>) =>
    caches.activeJobs().map(({ namespace, name }) => `${namespace}/${name}`);

  const shop = setup({ ...ALL, labelSelector: 'team=shop' });
  const [labels, others] = [{ team: 'shop' }, { team: 'data' }];
  shop.job(shop.bundle(mine, { ...target, labels }), 'production');
  shop.job(shop.bundle(theirs, { ...target, labels: others }), 'production');
  await shop.start();
  await settle();
  t.strictSame([[...shop.counted], active(shop)], [['production/mine-job'], ['production/mine-job']]);
  shop.bundle(theirs, { ...target, labels });
  shop.bundle(mine, { ...target, labels: others });
  await settle();
  t.strictSame([...shop.counted], ['production/theirs-job'], 'a bundle takes its Jobs along');
  shop.kube.vanish(JOBS, { namespace: 'production', name: 'theirs-job' });
  await settle();
  t.strictSame([...shop.counted], []);

  const ops = setup({ ...ALL, namespaces: ['ops'] });
  ops.job(ops.bundle(mine, target), 'production');
  ops.job(ops.bundle({ namespace: 'other', name: 'theirs' }, target), 'production');
  await ops.start();
  await settle();
  t.strictSame([[...ops.counted], active(ops)], [['production/mine-job'], ['production/mine-job']]);

  const all = setup(ALL);
  all.job(all.bundle(mine, target), 'production');
  await all.start();
  all.kube.vanish(WERFBUNDLES, mine);
  await settle();
  t.strictSame([...all.counted], ['production/mine-job'], 'where there is one controller, whatever runs counts');
});

t.test('what others label as ours does not count, and wakes nobody', async (t) => {
  const all = setup(ALL);
  const mine = all.bundle({ namespace: 'shop', name: 'a' });
  const ref = all.job(mine, 'shop');
  await all.start();
  await settle();
  all.woken.length = 0;
  const found = all.caches.job(ref);
  const ours = all.kube.read(JOBS, ref);
  if (found === undefined || ours === undefined) throw new Error('the Job is there');
  const { spec, metadata } = ours;
  const planted = { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} };
  all.kube.seed(JOBS, { metadata: { ...planted, namespace: 'shop', name: 'planted' }, spec } as never);
  all.kube.seed(JOBS, { metadata: { ...planted, namespace: 'other', name: ref.name }, spec } as never);
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: ref.name, uid: metadata.uid };
  const ofOurs = (namespace: string, name: string, controller: boolean) => {
    const ownerReferences = [{ ...owner, controller }];
    all.kube.seed(PODS, { metadata: { ...planted, namespace, name, ownerReferences } });
  };
  ofOurs('other', 'elsewhere', true);
  ofOurs('shop', 'not-controlled', false);
  await settle();
  t.strictSame([[...all.counted], all.woken], [['shop/a-job'], []]);
  t.strictSame(
    all.caches.jobsOf(mine.metadata.uid).map((each) => each.metadata.namespace),
    ['shop'],
  );
  t.equal(all.caches.podsOf(found).length, 1);
});

t.test('a status that somebody else writes is kept apart, and the last own one stays', async (t) => {
  const { kube, caches, bundle, start } = setup(ALL);
  const made = bundle({ namespace: 'shop', name: 'a' });
  const ref = { namespace: 'shop', name: 'a' };
  const own = given.signed({ ...made, status: given.syncedStatus() });
  kube.seed(WERFBUNDLES, own);
  await start();
  await settle();
  t.strictSame([caches.bundle(ref)?.status, caches.bundle(ref)?.storedStatus], [own.status, undefined]);
  const forged = { ...own.status, lastAppliedTag: 'v9.0.0' };
  kube.seed(WERFBUNDLES, { ...own, status: forged });
  await settle();
  t.strictSame([caches.bundle(ref)?.status, caches.bundle(ref)?.storedStatus], [own.status, forged]);
  kube.seed(WERFBUNDLES, own);
  await settle();
  t.strictSame(caches.bundle(ref)?.storedStatus, undefined);
});

t.test(
  'only bundles that were never signed hold up the end of the take-over, whatever others write meanwhile',
  async (t) => {
    const { kube, caches, bundle, start } = setup(ALL, { key: given.PROOF.key, signsSince: undefined });
    const made = bundle({ namespace: 'shop', name: 'a' });
    const ref = { namespace: 'shop', name: 'a' };
    kube.seed(WERFBUNDLES, { ...made, status: given.syncedStatus() });
    await start();
    await settle();
    t.equal(caches.unsigned(), 1, 'as an older version has left it');
    const own = given.signed({ ...made, status: given.syncedStatus() });
    kube.seed(WERFBUNDLES, own);
    await settle();
    t.equal(caches.unsigned(), 0, 'the controller has written it');
    kube.seed(WERFBUNDLES, { ...own, status: given.syncedStatus({ lastAppliedTag: 'v9.0.0' }) });
    await settle();
    t.strictSame([caches.unsigned(), caches.bundle(ref)?.status], [0, own.status], 'somebody takes the signature away');
  },
);

t.test('of a bundle, its Jobs and their Pods no more is kept than decisions need', (t) => {
  const stored = given.signed(
    given.bundle(given.syncedStatus({ lastJobLogs: 'a long log' }), {
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'werf.io/x': 'y' } },
    }),
  );
  t.strictSame(projectBundle(stored, given.PROOF), {
    ...stored,
    metadata: { ...stored.metadata, annotations: { 'werf.io/x': 'y' } },
    status: { ...stored.status, lastJobLogs: '' },
  });

  const job = given.job(stored);
  const werf = {
    name: 'werf',
    image: given.platform.werfImage,
    resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } },
  };
  const { labels = {}, annotations = {} } = job.metadata;
  const without = (texts: object, dropped: RegExp) =>
    Object.fromEntries(Object.entries(texts).filter(([key]) => key.startsWith('werf.io/') && !dropped.test(key)));
  const kept = projectJob(asStored({ ...job, status: { succeeded: 1 } }), given.PROOF);
  t.strictSame(kept, {
    metadata: {
      name: job.metadata.name,
      namespace: 'ops',
      uid: 'job-1',
      resourceVersion: '7',
      creationTimestamp: '2026-11-23T09:59:00Z',
      labels: without(labels, /bundle$|namespace$/),
      annotations: without(annotations, /operator-version$/),
    },
    spec: { template: { spec: { containers: [werf], activeDeadlineSeconds: 1_800 } } },
    status: { succeeded: 1 },
  });

  const { spec } = job;
  if (spec === undefined) throw new Error('a Job has a spec');
  t.equal(
    projectJob(asStored({ ...job, spec: { ...spec, suspend: true } }), given.PROOF).spec?.suspend,
    true,
    'and that it is suspended',
  );

  const { metadata, status } = given.pod({ exitCode: 1, reason: 'Error' });
  const told = {
    ...status,
    podIP: '10.0.0.1',
    hostIP: '10.0.0.2',
    qosClass: 'Guaranteed',
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
      { type: 'DisruptionTarget', status: 'True' },
    ],
  };
  t.strictSame(
    projectPod(
      asStored({ metadata: { ...metadata, uid: 'pod-1', labels: { team: 'x' } }, spec: {}, status: told } as Pod),
    ),
    {
      metadata: {
        name: 'my-app-pod',
        namespace: 'ops',
        uid: 'pod-1',
        resourceVersion: '7',
        creationTimestamp: '',
        labels: {},
        annotations: {},
        ownerReferences: metadata.ownerReferences,
      },
      status: {
        phase: 'Failed',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
          { type: 'DisruptionTarget', status: 'True' },
        ],
        containerStatuses: status?.containerStatuses,
      },
    },
  );
  t.end();
});

t.test('controllers with the same share stand for the same Lease, and with another share for another one', (t) => {
  const names = [
    leaseNameOf(ALL),
    leaseNameOf({ namespaces: ['a', 'b'], labelSelector: undefined }),
    leaseNameOf({ namespaces: ['b', 'a', 'a'], labelSelector: undefined }),
    leaseNameOf({ namespaces: ['a', 'b'], labelSelector: 'team=shop' }),
    leaseNameOf({ namespaces: [], labelSelector: 'team=shop' }),
  ];
  for (const name of names) t.match(name, /^werfbundle-controller-[0-9a-f]{8}$/);
  t.equal(new Set(names).size, 4);
  t.equal(names[1], names[2], 'the order of namespaces says nothing');
  t.end();
});

t.test('a version of werf that is none is refused', (t) => {
  t.same(parseConfig(['--werf-version=latest'], {}), {
    kind: 'invalid',
    problems: ['--werf-version: "latest" is no version; one looks like "3.2.0"'],
  });
  t.match(parseConfig(['--werf-version=3.2'], {}), { kind: 'ok', config: { werfVersion: '3.2' } });
  t.match(parseConfig([], {}), { config: { werfVersion: undefined, werfImage: 'registry.werf.io/werf/werf:3.2.0' } });
  t.end();
});

t.test('wrong shares are refused, all at once', (t) => {
  t.strictSame(parseConfig(['--watch-namespaces=shop,Ops', '--watch-label-selector', 'team = a b'], {}), {
    kind: 'invalid',
    problems: [
      '--watch-namespaces: "Ops" is no name of a namespace',
      '--watch-label-selector: "team = a b" is no label selector; one looks like "team=shop" or "tier in (web, api)"',
    ],
  });
  const variables = { WERFBUNDLE_WATCH_NAMESPACES: 'shop, ops', WERFBUNDLE_WATCH_LABEL_SELECTOR: 'team=shop' };
  t.match(parseConfig([], variables), {
    kind: 'ok',
    config: { watchNamespaces: ['shop', 'ops'], watchLabelSelector: 'team=shop' },
  });
  t.end();
});

t.test('a label selector', (t) => {
  const good = [
    ...['a', '!a', '! a', 'a=b', 'a==b', 'a = b', 'a!=b', 'a=', 'a in (b)', 'a in (b, c)', 'a notin (b,c),d', 'a>1'],
    ...['app.kubernetes.io/name=x', 'A_b.c-d=E_f.g-h', `${'a'.repeat(63)}=${'b'.repeat(63)}`, 'a=b,c!=d,!e,f in (g,h)'],
  ];
  const bad = [
    ...['', ',', 'a,', 'a b', 'a=b c', 'a in b', 'a in (b', '=b', '-a', 'a=-b', 'a/b/c', '/a', 'A.b/c', '!', 'a=(b)'],
    ...[`${'a'.repeat(64)}`, `a=${'b'.repeat(64)}`, 'a in (b c)', 'a>b', '!a=b'],
  ];
  t.strictSame(
    good.filter((text) => !isLabelSelector(text)),
    [],
    'is taken as the apiserver takes it',
  );
  t.strictSame(bad.filter(isLabelSelector), [], 'or refused');
  t.end();
});
