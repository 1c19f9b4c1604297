import t from 'tap';
import type { ObjectMeta, ObjectRef, Pod, Secret } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { EventTeller } from '../../controller/execute/events.js';
import { allInOrder } from '../../controller/observe/read-reference.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import {
  CONFIGMAPS,
  EVENTS,
  JOBS,
  NAMESPACES,
  PODS,
  SECRETS,
  SERVICEACCOUNTS,
  WERFBUNDLES,
} from '../../kube/resources.js';
import {
  bundle,
  DIGEST_A,
  DIGEST_B,
  deployment,
  failure,
  iso,
  NOW,
  selected,
  syncedStatus,
  tags,
} from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { REF, type ReconcileHarness, reconcileHarness } from '../kit/reconcile-harness.js';
import { recordLog } from '../kit/record-log.js';

/** Names of Jobs, as the bundle `ops/my-app` and its uid make them for v1.0.0. */
const JOB_1 = 'my-app-2485f4d5-08171322';
const JOB_2 = 'my-app-2485f4d5-0845e699';

/** With a Secret of its own for each Job. */
const spec: Partial<WerfBundleSpec> = { converge: { valuesFrom: [{ secretRef: { name: 'database' } }] } };

const database: Secret = {
  metadata: { namespace: 'ops', name: 'database' },
  data: { 'values.yaml': Buffer.from('password: correct horse').toString('base64') },
};

const withDatabase = (): ReconcileHarness => {
  const harness = reconcileHarness(bundle(undefined, { spec }));
  harness.kube.seed(SECRETS, database);
  return harness;
};

/** A bundle whose registry is known to offer v1.0.0, just before that is acted on. */
const offered = async (harness: ReconcileHarness = withDatabase()): Promise<ReconcileHarness> => {
  await harness.run();
  harness.deliver(selected());
  return harness;
};

/** Namespace production takes what ops deploys into it. */
const acceptsBundles = ({ kube }: ReconcileHarness): void => {
  const annotations = { 'werf.io/accept-bundles-from': 'ops' };
  kube.seed(NAMESPACES, { metadata: { name: 'production', annotations }, status: { phase: 'Active' } });
  kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'werf' } });
};

/** The Job's Pod ends, as a kubelet and the Job controller would have it. */
const endJob = ({ kube, jobs, bundle: stored }: ReconcileHarness, exitCode = 0): void => {
  const wanted = stored()?.status?.deployment?.jobName;
  const made = jobs().find(({ metadata }) => metadata.name === wanted);
  const { uid = '', name = '' } = made?.metadata ?? {};
  const pod: Pod = {
    metadata: {
      namespace: 'ops',
      name: `${name}-pod`,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'werf', state: { terminated: { exitCode, finishedAt: '2026-11-23T10:00:00Z' } } }],
    },
  };
  kube.seed(PODS, pod);
  kube.setPodLog(
    { namespace: 'ops', name: `${name}-pod` },
    'werf',
    'connects with correct horse\nError: no such table\n',
  );
};

const brief = ({ phase, deployment, history, lastJobStatus, lastErrorMessage }: WerfBundleStatus) => ({
  phase,
  number: deployment?.number,
  history: history?.map(({ number, result }) => `${number} ${result}`),
  lastJobStatus,
  ...(lastErrorMessage !== undefined && { lastErrorMessage }),
});

t.test('the life of a deployment: each write once, in order, and nothing when there is nothing to do', async (t) => {
  const harness = withDatabase();
  t.match(await harness.run(), {
    next: { kind: 'await-change' },
    actions: ['patch werfbundles/status my-app'],
    events: [],
  });
  t.same(harness.interest()?.due.kind, 'at', 'the registry is asked at once');
  t.same((await harness.run()).actions, []);

  harness.deliver(selected());
  const created = await harness.run();
  t.same(created.actions, [
    'patch werfbundles/status my-app',
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.same(created.events[0], 'Normal Deploying: deploying v1.0.0 (NewTag)');
  t.match(created.events.slice(1), [/^Normal ETagUnsupported: /]);
  t.same(harness.interest()?.due, { kind: 'interval' });
  const waiting = await harness.run();
  t.same([waiting.actions, waiting.next.kind], [[], 'after'], 'the timeout is kept by the controller, too');

  endJob(harness);
  const ended = await harness.run();
  t.same(ended.actions, ['patch werfbundles/status my-app', `delete secrets ${JOB_1}-values`]);
  t.same(ended.events, ['Normal Deployed: deployed v1.0.0 to namespace ops']);
  t.same(ended.status.lastJobLogs, 'connects with ***\nError: no such table');
  t.same(brief(ended.status), { phase: 'Synced', number: 1, history: ['1 Succeeded'], lastJobStatus: 'Succeeded' });
  t.same([ended.log, ended.next], [[], { kind: 'await-change' }]);

  harness.deliver(selected());
  t.same((await harness.run()).actions, [], 'a scan that finds the same writes nothing');
  t.same(harness.bundle()?.status?.lastJobLogs, 'connects with ***\nError: no such table');

  harness.deliver(selected('v1.1.0', DIGEST_B));
  await harness.run();
  endJob(harness);
  harness.kube.setPodLog(
    { namespace: 'ops', name: `${harness.bundle()?.status?.deployment?.jobName}-pod` },
    'werf',
    '',
  );
  const silent = await harness.run();
  t.same(
    [silent.status.lastAppliedTag, silent.status.lastJobLogs],
    ['v1.1.0', undefined],
    'a log goes with the next result, though no cache keeps it',
  );
});

t.test('a conflict is looked at anew, without a word, and there is one Job', async (t) => {
  const rows = [
    { title: 'while the intent is written', at: 1 },
    { title: 'while it is written that the Job runs', at: 2 },
  ];
  for (const { title, at } of rows) {
    await t.test(title, async (t) => {
      const harness = await offered();
      const { kube } = harness;
      const meddle = (): void => {
        const stored = harness.bundle();
        if (stored !== undefined)
          kube.seed(WERFBUNDLES, { ...stored, metadata: { ...stored.metadata, resourceVersion: '' } });
      };
      const patch = { verb: 'patch', plural: 'werfbundles' } as const;
      if (at === 1) kube.before(patch, meddle);
      else kube.before({ verb: 'create', plural: 'jobs' }, meddle);
      const first = await harness.run();
      t.same([first.next, first.log], [{ kind: 'backoff' }, []]);
      t.same(harness.jobs().length, at - 1, 'who could not write the intent creates nothing');
      await harness.run();
      t.same(
        harness.jobs().map(({ metadata }) => metadata.name),
        [JOB_1],
      );
      t.same(brief(harness.bundle()?.status ?? {}), {
        phase: 'Syncing',
        number: 1,
        history: undefined,
        lastJobStatus: 'Running',
      });
    });
  }
});

t.test('a call that was interrupted is made again, whether or not it was done, and there is one Job', async (t) => {
  const unavailable = new KubeError('unavailable', 'create: 503 service unavailable', { status: 503 });
  const timeout = new KubeError('timeout', 'create: no answer in 30 s');
  const calls = [
    { verb: 'create', plural: 'secrets' },
    { verb: 'create', plural: 'jobs' },
    { verb: 'patch', plural: 'secrets' },
    { verb: 'patch', plural: 'werfbundles' },
  ] as const;
  for (const call of calls) {
    for (const lost of [false, true]) {
      await t.test(`${call.verb} ${call.plural}, ${lost ? 'done, and the answer lost' : 'not done'}`, async (t) => {
        const harness = await offered();
        if (lost) harness.kube.loseAnswer(call, timeout);
        else harness.kube.failNext(call, unavailable);
        const first = await harness.run();
        t.same(first.next, { kind: 'backoff' });
        t.same(first.log.length, 1, 'it is logged once');
        harness.restart();
        // What the lost process was told is asked for again.
        await harness.run();
        harness.deliver(selected());
        await harness.run();
        endJob(harness);
        const { status } = await harness.run();
        t.same(
          harness.jobs().map(({ metadata }) => metadata.name),
          [JOB_1],
        );
        t.same(brief(status), { phase: 'Synced', number: 1, history: ['1 Succeeded'], lastJobStatus: 'Succeeded' });
        const left = harness.kube.all(SECRETS).map(({ metadata }) => metadata.name);
        t.same(left, ['database'], 'and no Secret of it is left');
      });
    }
  }
});

t.test('a name that somebody else has is left to them, and the next number is taken', async (t) => {
  const foreign = { namespace: 'ops', labels: { 'werf.io/bundle-uid': 'of another bundle' } };
  const before = await offered();
  await before.run();
  const [ours] = before.jobs();
  const rows: readonly { title: string; type: ResourceType; metadata: ObjectMeta & ObjectRef }[] = [
    { title: 'a Job of an earlier bundle', type: JOBS, metadata: { ...foreign, name: JOB_1 } },
    { title: 'a Secret of an earlier bundle', type: SECRETS, metadata: { ...foreign, name: `${JOB_1}-values` } },
    {
      title: 'our own Job, unseen until now and being deleted',
      type: JOBS,
      metadata: {
        ...ours?.metadata,
        namespace: 'ops',
        name: JOB_1,
        deletionTimestamp: '2026-11-23T09:59:00Z',
        finalizers: ['x/y'],
      },
    },
  ];
  for (const { title, type, metadata } of rows) {
    await t.test(title, async (t) => {
      const harness = await offered();
      harness.freezeCaches(true);
      const there = harness.kube.seed(type, { metadata });
      await harness.run();
      harness.freezeCaches(false);
      const deployment = harness.bundle()?.status?.deployment;
      t.same([deployment?.number, deployment?.jobName], [2, JOB_2]);
      t.same(harness.kube.read(type, { namespace: 'ops', name: metadata.name }), there, 'it is not touched');
      endJob(harness);
      const { status } = await harness.run();
      t.same(brief(status), { phase: 'Synced', number: 2, history: ['2 Succeeded'], lastJobStatus: 'Succeeded' });
    });
  }
});

t.test('a Job that the apiserver refuses is tried again after 30s, 2m and 8m, and then it is Failed', async (t) => {
  const words =
    'exceeded quota: no-jobs, requested: count/jobs.batch=1, used: count/jobs.batch=0, limited: count/jobs.batch=0';
  const refusal = new KubeError('forbidden', `create jobs.batch: forbidden: ${words}`, { status: 403, detail: words });
  const harness = await offered();
  harness.kube.failNext({ verb: 'create', plural: 'jobs' }, refusal, 4);
  const tries: object[] = [];
  for (let run = await harness.run(); tries.length < 4; run = await harness.run()) {
    const { next, status, events, actions } = run;
    tries.push({
      next,
      phase: status.phase,
      number: status.deployment?.number,
      told: events.filter((event) => event.includes(words)).length,
      statuses: actions.filter((action) => action === 'patch werfbundles/status my-app').length,
      ...(status.nextAttemptTime !== undefined && { at: Date.parse(status.nextAttemptTime) - NOW }),
    });
    t.match(status.lastErrorMessage, words);
    t.same(harness.kube.all(SECRETS).length, 1, 'the Secrets for it are deleted');
    if (next.kind !== 'after') break;
    await harness.wait(next.ms);
  }
  t.same(tries, [
    { next: { kind: 'after', ms: 30_000 }, phase: 'Syncing', number: 1, told: 1, statuses: 2, at: 30_000 },
    { next: { kind: 'after', ms: 120_000 }, phase: 'Syncing', number: 2, told: 1, statuses: 2, at: 150_000 },
    { next: { kind: 'after', ms: 480_000 }, phase: 'Syncing', number: 3, told: 1, statuses: 2, at: 630_000 },
    { next: { kind: 'await-change' }, phase: 'Failed', number: 4, told: 1, statuses: 2 },
  ]);
  t.same(harness.jobs(), []);
});

t.test('a Job is made when there is a place for it; what was decided is written at once', async (t) => {
  const harness = reconcileHarness(bundle(), { total: 1, perNamespace: 0 });
  const other = { namespace: 'ops', name: 'other-job' };
  harness.slots.jobChanged(other, true);
  await harness.run();
  harness.deliver(selected());
  const waiting = await harness.run();
  t.same(waiting.actions, ['patch werfbundles/status my-app', 'patch werfbundles/status my-app']);
  t.same(waiting.next, { kind: 'await-change' }, 'nobody polls for a place');
  const told = ({ phase, deployment, conditions }: WerfBundleStatus) => [
    ...[phase, deployment?.number],
    ...(conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`) ?? []),
  ];
  t.same(told(waiting.status), [
    ...['Syncing', 1, 'Ready Unknown Queued', 'Reconciling True Queued'],
    'RegistryReachable True Polled',
  ]);
  t.same((await harness.run()).actions, [], 'it says the same as long as it waits');
  harness.deliver(selected('v1.1.0', DIGEST_B));
  t.equal((await harness.run()).status.deployment?.tag, 'v1.1.0', 'what waits gives way to what is newer');
  harness.slots.jobChanged(other, false);
  t.same(harness.woken, [REF]);
  t.same((await harness.run()).actions.slice(0, 1), [`create jobs ${harness.jobs()[0]?.metadata.name}`]);
  t.equal(harness.jobs().length, 1);

  const rows = [
    { title: 'has a Job', change: {}, taken: true },
    { title: 'meets an obstacle', change: { converge: { serviceAccountName: 'nobody' } }, taken: false },
  ];
  for (const { title, change, taken } of rows) {
    const one = await offered(reconcileHarness(bundle(undefined, { spec: change }), { total: 1, perNamespace: 0 }));
    const status = { deployment: { ...harness.bundle()?.status?.deployment, number: 1, generation: 1 } };
    const stored = one.bundle();
    if (stored !== undefined)
      one.kube.seed(WERFBUNDLES, { ...stored, status: { ...stored.status, ...status } } as StoredBundle);
    await one.run();
    t.equal(one.slots.request({ namespace: 'ops', name: 'next' }, { namespace: 'ops', name: 'job' }), !taken, title);
  }
});

t.test('who can not make its Job now does not keep others from making theirs', async (t) => {
  const elsewhere = { converge: { targetNamespace: 'production', serviceAccountName: 'werf' } };
  const dismissed = { deletionPolicy: 'Dismiss' } as const;
  const webhookDown = new KubeError('unavailable', 'patch: failed calling webhook: 500', { status: 500 });
  const finalizer = { verb: 'patch', plural: 'werfbundles', subresource: '' } as const;
  const create = { verb: 'create', plural: 'jobs' } as const;
  const rows: readonly {
    title: string;
    given: Partial<WerfBundleSpec>;
    call: { verb: 'patch' | 'create'; plural: string };
    error: KubeError;
    kept?: boolean;
  }[] = [
    { title: 'the finalizer is refused, with Dismiss', given: dismissed, call: finalizer, error: webhookDown },
    { title: 'the finalizer is refused, elsewhere', given: elsewhere, call: finalizer, error: webhookDown },
    { title: 'the Job is not taken now', given: {}, call: create, error: webhookDown },
    {
      title: 'nobody knows whether there is a Job',
      given: {},
      call: create,
      kept: true,
      error: new KubeError('timeout', 'create: no answer in 30 s'),
    },
    {
      title: 'nor with an answer of such a kind',
      given: {},
      call: create,
      kept: true,
      error: new KubeError('timeout', 'create: 504', { status: 504 }),
    },
  ];
  for (const { title, given, call, error, kept = false } of rows) {
    const harness = reconcileHarness(bundle(undefined, { spec: given }), { total: 1, perNamespace: 0 });
    acceptsBundles(harness);
    await offered(harness);
    harness.kube.failNext(call, error, 3);
    for (let run = 0; run < 3; run += 1) t.same((await harness.run()).next, { kind: 'backoff' }, title);
    const next = [
      { namespace: 'ops', name: 'next' },
      { namespace: 'ops', name: 'job' },
    ] as const;
    t.equal(harness.slots.request(...next), !kept, title);
    t.match(harness.bundle()?.status, { deployment: { number: 1 }, phase: 'Syncing' }, title);
  }
});

t.test('events are read where nothing else tells, and only once the usual time is over', async (t) => {
  const harness = await offered();
  await harness.run();
  const { uid = '' } = harness.jobs()[0]?.metadata ?? {};
  const about = (regarding: string, note: string) =>
    harness.kube.seed(EVENTS, {
      metadata: { namespace: 'ops', name: note.slice(0, 5) },
      type: 'Warning',
      reason: 'FailedCreate',
      note,
      regarding: { uid: regarding },
    });
  about(uid, 'Error creating: pods "x-1" is forbidden: exceeded quota');
  about('another', 'other words');
  const early = await harness.run();
  t.same([early.actions, early.next], [[], { kind: 'after', ms: 10_000 }]);
  await harness.wait(10_000);
  const late = await harness.run();
  const message = (status: WerfBundleStatus) => status.conditions?.find(({ type }) => type === 'Ready')?.message;
  t.equal(message(late.status), 'deploying v1.0.0 (NewTag): FailedCreate: the Pod is forbidden: exceeded quota');
  t.same(late.next, { kind: 'after', ms: 30_000 });
  harness.kube.failNext({ verb: 'list', plural: 'events' }, new KubeError('forbidden', 'list events: forbidden'));
  const blind = await harness.run();
  t.equal(message(blind.status), `deploying v1.0.0 (NewTag): NoPod: Job ${JOB_1} has no Pod yet; see its events`);
  await harness.wait(30 * 60_000);
  const { status, actions } = await harness.run();
  t.ok(actions.includes(`delete jobs ${JOB_1}`), 'nobody else ends such a Job');
  t.equal(
    status.lastErrorMessage,
    `Job ${JOB_1} did not start within 30m: FailedCreate: the Pod is forbidden: exceeded quota`,
  );
});

t.test('what gives way leaves nothing behind, and what was started after all stays', async (t) => {
  const waiting = (uid: string): Pod => ({
    metadata: {
      namespace: 'ops',
      name: 'waiting',
      labels: { 'batch.kubernetes.io/controller-uid': uid },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: JOB_1, uid }],
    },
    status: {
      phase: 'Pending',
      containerStatuses: [
        { name: 'werf', state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } },
      ],
    },
  });
  const started: Pod['status'] = {
    phase: 'Running',
    containerStatuses: [{ name: 'werf', state: { running: { startedAt: '2026-11-23T10:00:00Z' } } }],
  };
  const stuck = async () => {
    const harness = await offered();
    await harness.run();
    const { uid = '' } = harness.jobs()[0]?.metadata ?? {};
    harness.kube.seed(PODS, waiting(uid));
    t.equal((await harness.run()).status.conditions?.[0]?.reason, 'WaitingForJob');
    harness.deliver(selected('v1.1.0', DIGEST_B));
    return harness;
  };
  const harness = await stuck();
  const { actions, status } = await harness.run();
  const next = status.deployment?.jobName ?? '';
  t.same(actions, [
    `delete jobs ${JOB_1}`,
    `delete secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
    'patch werfbundles/status my-app',
    `create secrets ${next}-values`,
    `create jobs ${next}`,
    `patch secrets ${next}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.same(status.history?.[0], {
    number: 1,
    tag: 'v1.0.0',
    digest: DIGEST_A,
    checksum: status.history?.[0]?.checksum,
    reason: 'NewTag',
    jobName: JOB_1,
    startedAt: iso(0),
    finishedAt: iso(0),
    result: 'Superseded',
    message: `Job ${JOB_1} gave way before werf was started: v1.1.0 is wanted now`,
  });

  const late = await stuck();
  const pods = late.kube.all(PODS);
  // The watch has not brought it yet.
  late.kube.before({ verb: 'list', plural: 'pods' }, () =>
    late.kube.seed(PODS, { ...waiting(''), ...pods[0], status: started }),
  );
  const looked = await late.run();
  t.same([looked.actions, looked.next, looked.log], [[], { kind: 'backoff' }, []]);

  const unseen = await offered();
  await unseen.run();
  unseen.deliver(selected('v1.1.0', DIGEST_B));
  const { uid = '' } = unseen.jobs()[0]?.metadata ?? {};
  // Nor even that there is one.
  unseen.kube.before({ verb: 'list', plural: 'pods' }, () =>
    unseen.kube.seed(PODS, { ...waiting(uid), status: started }),
  );
  const asked = await unseen.run();
  t.same([asked.actions, asked.next, asked.log], [[], { kind: 'backoff' }, []], 'a Pod of which no watch has told');
  t.same(brief((await late.run()).status), {
    phase: 'Syncing',
    number: 1,
    history: undefined,
    lastJobStatus: 'Running',
  });
});

t.test('a value that changed its source between two tries is delivered all the same', async (t) => {
  const valuesFrom = [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'database' } }];
  const twoSources = bundle(undefined, { spec: { converge: { valuesFrom } } });
  const sources = ({ kube }: ReconcileHarness, settings: string, password: string): void => {
    kube.seed(CONFIGMAPS, { metadata: { namespace: 'ops', name: 'settings' }, data: { 'v.yaml': settings } });
    const data = { 'v.yaml': Buffer.from(password).toString('base64') };
    kube.seed(SECRETS, { metadata: { namespace: 'ops', name: 'database' }, data });
  };
  const delivered = ({ kube, jobs }: ReconcileHarness) => {
    const values = kube.read(SECRETS, { namespace: 'ops', name: `${JOB_1}-values` })?.data;
    const file = Buffer.from(values?.['values.yaml'] ?? '', 'base64').toString('utf8');
    const [container] = (jobs()[0]?.spec?.template.spec?.['containers'] ?? []) as { args: string[] }[];
    return { args: container?.args.filter((arg) => arg.startsWith('--set')), file: JSON.parse(file) };
  };
  /** The Secret was made, the Job was not; then all values are found in the Secret. */
  const moved = async (): Promise<ReconcileHarness> => {
    const harness = reconcileHarness(twoSources);
    sources(harness, 'image: nginx', 'password: correct horse');
    await offered(harness);
    const unavailable = new KubeError('unavailable', 'create: 503', { status: 503 });
    harness.kube.failNext({ verb: 'create', plural: 'jobs' }, unavailable);
    await harness.run();
    t.strictSame(delivered(harness), { args: undefined, file: { password: 'correct horse' } });
    sources(harness, '{}', '{image: nginx, password: correct horse}');
    return harness;
  };
  const replaced = await moved();
  t.same((await replaced.run()).actions, [
    `create secrets ${JOB_1}-values`,
    `delete secrets ${JOB_1}-values`,
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.strictSame(
    delivered(replaced),
    { args: [], file: { image: 'nginx', password: 'correct horse' } },
    'the checksum is the same, and the Secret a new one',
  );

  const twin = reconcileHarness(twoSources);
  sources(twin, 'image: nginx', 'password: correct horse');
  await (await offered(twin)).run();
  const [job] = twin.jobs();
  const late = await moved();
  late.kube.before({ verb: 'create', plural: 'secrets' }, () =>
    late.kube.seed(JOBS, { ...job, metadata: { ...job?.metadata, resourceVersion: '' } }),
  );
  t.same((await late.run()).actions, [
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.strictSame(
    delivered(late),
    { args: ['--set-string=image=nginx'], file: { password: 'correct horse' } },
    'a Job that was made after all keeps what was made for it',
  );
});

t.test('values that change while a deployment waits are deployed once, and recorded as what they are', async (t) => {
  const password = ({ kube }: ReconcileHarness, text: string): void => {
    const data = { 'values.yaml': Buffer.from(`password: ${text}`).toString('base64') };
    kube.seed(SECRETS, { ...database, data });
  };
  const delivered = ({ kube, jobs }: ReconcileHarness): readonly unknown[] =>
    jobs().map(({ metadata }) => {
      const values = kube.read(SECRETS, { namespace: 'ops', name: `${metadata.name}-values` })?.data;
      return JSON.parse(Buffer.from(values?.['values.yaml'] ?? '', 'base64').toString('utf8')).password;
    });
  /** Synced with this many deployments, and none is to come of the values as they are. */
  const settlesWith = async (harness: ReconcileHarness, number: number, title: string): Promise<void> => {
    endJob(harness);
    harness.touch();
    await harness.wait(10_000);
    await harness.run();
    harness.deliver(selected());
    const { status } = await harness.run();
    const made = harness.jobs().at(-1)?.metadata.annotations?.['werf.io/checksum'];
    const { phase, deployment, appliedChecksum } = status;
    t.same(
      [phase, deployment?.number, deployment?.checksum, appliedChecksum, harness.jobs().length],
      ['Synced', number, made, made, number],
      title,
    );
  };
  const timeout = new KubeError('timeout', 'create: no answer in 30 s');
  const create = { verb: 'create', plural: 'jobs' } as const;

  const queued = reconcileHarness(bundle(undefined, { spec }), { total: 1, perNamespace: 0 });
  const other = { namespace: 'ops', name: 'other-job' };
  queued.slots.jobChanged(other, true);
  password(queued, 'first');
  await offered(queued);
  await queued.run();
  password(queued, 'second');
  queued.slots.jobChanged(other, false);
  const { actions, status } = await queued.run();
  t.same(actions.slice(0, 2), ['patch werfbundles/status my-app', `create secrets ${JOB_1}-values`], 'intent first');
  t.match([delivered(queued), status.deployment?.reason], [['second'], 'NewTag']);
  await settlesWith(queued, 1, 'after a wait for a place');

  const crashed = withDatabase();
  password(crashed, 'first');
  await offered(crashed);
  crashed.kube.failNext(create, timeout);
  await crashed.run();
  crashed.restart();
  password(crashed, 'second');
  t.same((await crashed.run()).actions, [
    'patch werfbundles/status my-app',
    `create secrets ${JOB_1}-values`,
    `delete secrets ${JOB_1}-values`,
    `create secrets ${JOB_1}-values`,
    `create jobs ${JOB_1}`,
    `patch secrets ${JOB_1}-values`,
    'patch werfbundles/status my-app',
  ]);
  t.same(delivered(crashed), ['second'], 'what an earlier try left is replaced');
  await settlesWith(crashed, 1, 'after a crash before the Job');

  const lost = withDatabase();
  password(lost, 'first');
  await offered(lost);
  lost.kube.loseAnswer(create, timeout);
  await lost.run();
  lost.restart();
  password(lost, 'second');
  t.same((await lost.run()).actions, ['patch werfbundles/status my-app'], 'a Job that was made is followed');
  t.same(delivered(lost), ['first']);
  endJob(lost);
  await lost.run();
  lost.deliver(selected());
  t.match((await lost.run()).status.deployment, { number: 2, reason: 'NewValues' }, 'what it did not have comes next');
  await settlesWith(lost, 2, 'after a crash after the Job');

  // Another process, which leads no more: what it had sent arrives late.
  const twin = withDatabase();
  password(twin, 'first');
  await (await offered(twin)).run();
  const [late] = twin.jobs();
  const supersededBy = withDatabase();
  password(supersededBy, 'first');
  await offered(supersededBy);
  supersededBy.kube.failNext(create, timeout);
  await supersededBy.run();
  password(supersededBy, 'second');
  supersededBy.kube.before(create, () =>
    supersededBy.kube.seed(JOBS, { ...late, metadata: { ...late?.metadata, resourceVersion: '' } }),
  );
  t.same((await supersededBy.run()).next, { kind: 'backoff' });
  const followed = await supersededBy.run();
  t.same(
    [followed.status.activeJobName, followed.status.deployment?.checksum, supersededBy.jobs().length],
    [JOB_1, late?.metadata.annotations?.['werf.io/checksum'], 1],
    'there is no second Job beside it, and what it was made of is recorded',
  );
  t.ok(
    supersededBy.kube.read(SECRETS, { namespace: 'ops', name: `${JOB_1}-values` }),
    'it is not robbed of its Secrets',
  );
});

t.test('caches that lag behind our own writes mislead nobody', async (t) => {
  const harness = await offered();
  harness.freezeCaches(true);
  t.same((await harness.run()).actions.length, 5);
  const again = await harness.run();
  t.same([again.actions, again.log], [[], []], 'the bundle is as our last write left it, and the Job is asked for');
  harness.freezeCaches(false);
  endJob(harness);
  harness.freezeCaches(true);
  t.same(brief((await harness.run()).status).history, ['1 Succeeded']);
  t.same((await harness.run()).actions, []);
});

t.test('a process that starts finds what the last one left undone', async (t) => {
  const harness = await offered();
  await harness.run();
  endJob(harness);
  harness.kube.failNext({ verb: 'delete', plural: 'secrets' }, new KubeError('timeout', 'delete: no answer'), 2);
  const ended = await harness.run();
  t.same(
    ended.log.map(({ message }) => message),
    ['a Secret of a finished Job could not be deleted', 'a Secret of a finished Job could not be deleted'],
  );
  harness.restart();
  t.same((await harness.run()).actions, [`delete secrets ${JOB_1}-values`]);
  t.same((await harness.run()).actions, []);
});

/** What somebody, or a restored backup, has made of a status. */
const overwrite = (harness: ReconcileHarness, status: WerfBundleStatus): void => {
  const { kube } = harness;
  harness.restart();
  const stored = harness.bundle();
  if (stored !== undefined) kube.seed(WERFBUNDLES, { ...stored, status });
};

t.test('a status that was lost is told again by the newest Job', async (t) => {
  const briefly = ({ deployment, history, lastAppliedTag }: WerfBundleStatus) => ({
    number: deployment?.number,
    history: history?.map(({ number, result }) => `${number} ${result}`),
    lastAppliedTag,
  });
  const deployed = async (): Promise<ReconcileHarness> => {
    const harness = await offered();
    await harness.run();
    return harness;
  };

  await t.test('while the Job runs: it is followed, and no second one is made', async (t) => {
    const harness = await deployed();
    overwrite(harness, { observedGeneration: -1 });
    const { status } = await harness.run();
    t.same([status.activeJobName, status.phase], [JOB_1, 'Syncing']);
    harness.deliver(selected());
    await harness.run();
    t.same(harness.jobs().length, 1);
    endJob(harness);
    t.same(briefly((await harness.run()).status), { number: 1, history: ['1 Succeeded'], lastAppliedTag: 'v1.0.0' });
    t.same((await harness.run()).actions, []);
  });

  await t.test('after the Job has ended: its result is recorded again, and nothing is deployed', async (t) => {
    const harness = await deployed();
    endJob(harness);
    await harness.run();
    overwrite(harness, {});
    await harness.wait(60_000);
    t.same(briefly((await harness.run()).status), { number: 1, history: ['1 Succeeded'], lastAppliedTag: 'v1.0.0' });
    harness.deliver(selected());
    const { status, actions } = await harness.run();
    t.same([status.phase, harness.jobs().length, actions], ['Synced', 1, ['patch werfbundles/status my-app']]);
    harness.kube.seed(SECRETS, {
      ...database,
      data: { 'values.yaml': Buffer.from('password: another').toString('base64') },
    });
    harness.deliver(selected());
    const { deployment } = (await harness.run()).status;
    t.same([deployment?.number, deployment?.reason, deployment?.jobName], [2, 'NewValues', JOB_2]);
  });

  await t.test('a status from a backup, older than the newest Job, goes on from there', async (t) => {
    const harness = await deployed();
    endJob(harness);
    const { status: backup } = await harness.run();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    await harness.run();
    overwrite(harness, backup);
    await harness.run();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    await harness.run();
    t.same(harness.jobs().length, 2, 'the second Job still runs, and is the one of v1.1.0');
    endJob(harness);
    const { status } = await harness.run();
    t.same(briefly(status), { number: 2, history: ['2 Succeeded', '1 Succeeded'], lastAppliedTag: 'v1.1.0' });
  });

  await t.test('what a Job is not named for is not believed, but its number is not used again', async (t) => {
    const harness = await deployed();
    const [ours] = harness.jobs();
    const annotations = { ...ours?.metadata.annotations, 'werf.io/deployment-number': '41' };
    harness.kube.seed(JOBS, {
      metadata: { namespace: 'ops', name: 'planted', labels: ours?.metadata.labels ?? {}, annotations },
    });
    harness.kube.vanish(JOBS, { namespace: 'ops', name: JOB_1 });
    overwrite(harness, { observedGeneration: -1 });
    await harness.run();
    harness.deliver(selected());
    const { status } = await harness.run();
    t.same([status.deployment?.number, status.deployment?.reason], [42, 'NewTag']);
  });
});

t.test('a bundle that goes is forgotten', async (t) => {
  const harness = await offered();
  harness.kube.before({ verb: 'patch', plural: 'werfbundles' }, () => harness.kube.vanish(WERFBUNDLES, REF));
  const meanwhile = await harness.run();
  t.same([meanwhile.next, meanwhile.log], [{ kind: 'await-change' }, []], 'a write that finds nothing is no fault');
  t.same((await harness.run()).next, { kind: 'await-change' });
  t.same([harness.interest(), harness.jobs()], [undefined, []]);
});

t.test('an event that can not be told is logged, and the deployment goes on', async (t) => {
  const harness = await offered();
  harness.kube.failNext(
    { verb: 'create', plural: 'events' },
    new KubeError('forbidden', 'create events: forbidden'),
    2,
  );
  const { log, next } = await harness.run();
  t.same(
    log.map(({ message, fields }) => [message, fields['reason']]),
    [
      ['an event could not be told', 'Deploying'],
      ['an event could not be told', 'ETagUnsupported'],
    ],
  );
  t.same([next.kind, harness.jobs().length], ['await-change', 1]);
});

t.test('an event that the apiserver had no time for is told later, once, and not for ever', async (t) => {
  const event = { type: 'Warning', reason: 'DeployFailed', message: 'pod failed with exit code 1' } as const;
  const create = { verb: 'create', plural: 'events' } as const;
  const telling = (fault: (kube: ReturnType<typeof createFakeKube>) => void) => {
    const kube = createFakeKube();
    const clock = createFakeClock(NOW);
    const log = recordLog();
    const stop = new AbortController();
    const events = new EventTeller({ client: kube, clock, log, instance: 'here' }, stop.signal);
    fault(kube);
    events.tell(bundle(), event);
    const outcome = () => [
      kube.all(EVENTS).length,
      kube.actions.length,
      ...log.entries.map(({ message, fields }) => `${message}: ${fields['error']}`),
    ];
    return { clock, events, stop, outcome };
  };
  const busy = new KubeError('too-many-requests', 'create: 429', { status: 429, retryAfterMs: 5_000 });
  const asked = telling((kube) => kube.failNext(create, busy));
  await asked.clock.advance(4_999);
  t.same(asked.outcome(), [0, 1]);
  await asked.clock.advance(1);
  t.same(asked.outcome(), [1, 2], 'when the apiserver wants to be asked again');

  const lost = telling((kube) => kube.loseAnswer(create, new KubeError('unavailable', 'create: socket hang up')));
  await lost.clock.advance(1_000);
  t.same(lost.outcome(), [1, 2], 'it was there, though the answer was lost');

  const away = telling((kube) => kube.failNext(create, new KubeError('unavailable', 'create: 503'), 9));
  await away.clock.advance(60_000);
  t.same(away.outcome(), [0, 5, 'an event could not be told: create: 503']);

  const stopped = telling((kube) => kube.failNext(create, new KubeError('unavailable', 'create: 503'), 9));
  await stopped.clock.advance(500);
  stopped.stop.abort();
  await stopped.events.settled();
  const ending = 'an event could not be told: create events.events.k8s.io ops/my-app';
  t.match(stopped.outcome(), [0, 1, ending], 'a process that ends waits for none');
});

t.test('an event is as long as Kubernetes allows, which counts bytes', async (t) => {
  const kube = createFakeKube();
  const clock = createFakeClock(NOW);
  const teller = new EventTeller(
    { client: kube, clock, log: recordLog(), instance: 'here' },
    new AbortController().signal,
  );
  for (const message of ['x'.repeat(2_000), `x${'ошибка '.repeat(200)}`, 'short'])
    teller.tell(bundle(), { type: 'Warning', reason: 'DeployFailed', message });
  await teller.settled();
  const notes = kube.all(EVENTS).map(({ note }) => note);
  t.same(notes, ['x'.repeat(1_024), `x${'ошибка '.repeat(200)}`.slice(0, 551), 'short']);
  t.same(
    notes.map((note = '') => Buffer.byteLength(note)),
    [1_024, 1_023, 5],
  );
});

t.test('what the controller may not read is told, and looked at again', async (t) => {
  const registry = { url: 'registry.example/acme/app', secretRef: { name: 'creds' } };
  const converge = { targetNamespace: 'production', serviceAccountName: 'werf' };
  const rows = [
    { title: 'the target namespace', plural: 'namespaces', given: { converge }, placed: false },
    { title: 'the credentials', plural: 'secrets', given: { registry }, placed: false },
    { title: 'whether the Job of an intent is there', plural: 'jobs', given: {}, placed: true },
    { title: 'and no place is kept from others meanwhile', plural: 'namespaces', given: { converge }, placed: true },
  ];
  for (const { title, plural, given, placed } of rows) {
    const status = placed ? syncedStatus({ deployment: deployment({ number: 2, jobName: 'other' }) }) : undefined;
    const harness = reconcileHarness(bundle(status, { spec: given }), { total: 1, perNamespace: 0 });
    harness.kube.failNext({ verb: 'get', plural }, () => new KubeError('forbidden', `get ${plural} x: forbidden`), 9);
    await harness.run();
    harness.deliver(selected());
    const { next, status: now } = await harness.run();
    t.same(
      [now.phase, now.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`).slice(0, 2), next],
      ['Failed', ['Ready False RightsMissing', 'Stalled True RightsMissing'], { kind: 'after', ms: 30_000 }],
      title,
    );
    t.equal(now.lastErrorMessage, `the controller lacks a right: get ${plural} x: forbidden`, title);
    t.ok(harness.slots.request({ namespace: 'ops', name: 'other' }, { namespace: 'ops', name: 'x' }), title);
  }

  const harness = await offered(reconcileHarness());
  harness.kube.failNext({ verb: 'create', plural: 'jobs' }, new KubeError('timeout', 'create: no answer in 30 s'));
  await harness.run();
  harness.freezeCaches(true);
  harness.kube.failNext({ verb: 'get', plural: 'jobs' }, new KubeError('forbidden', 'get jobs x: forbidden'));
  const blind = await harness.run();
  t.same(
    [blind.actions, blind.status.conditions?.[0]?.reason, blind.status.deployment?.number, harness.jobs()],
    [['patch werfbundles/status my-app'], 'RightsMissing', 1, []],
    'whoever does not know whether there is a Job makes none',
  );
  harness.freezeCaches(false);
  const { actions } = await harness.run();
  t.same(actions[0], `create jobs ${JOB_1}`, 'with the right, the same intent is carried out');
});

t.test('what the controller may not take away is told, and nothing is begun beside it', async (t) => {
  const calls = [
    { verb: 'delete', plural: 'jobs' },
    { verb: 'delete', plural: 'secrets' },
  ] as const;
  for (const call of calls) {
    const harness = await offered();
    await harness.run();
    harness.deliver(selected('v1.1.0', DIGEST_B));
    const words = `delete ${call.plural} x: forbidden`;
    harness.kube.failNext(call, () => new KubeError('forbidden', words, { status: 403 }), 2);
    const first = await harness.run();
    const { deployment, history, lastErrorMessage } = first.status;
    t.same(
      [deployment?.number, history, lastErrorMessage, first.next],
      [1, undefined, `the controller lacks a right: ${words}`, { kind: 'after', ms: 30_000 }],
      words,
    );
    t.match(first.events, [`Warning RightsMissing: the controller lacks a right: ${words}`]);
    const again = await harness.run();
    t.same([again.actions.filter((action) => action.includes('status')), again.events], [[], []], 'once');
    await harness.run();
    t.match(harness.bundle()?.status, { deployment: { tag: 'v1.1.0' } }, 'with the right it goes on');
  }
});

t.test('of several reads that fail the first in order is told, whichever fails first', async (t) => {
  const late = Promise.resolve().then(() => Promise.reject(new Error('the first')));
  await t.rejects(allInOrder([1, late, Promise.reject(new Error('the second'))]), { message: 'the first' });
  t.same(await allInOrder([1, Promise.resolve('a')]), [1, 'a']);
});

t.test('an event has a name that Kubernetes allows, whatever the bundle is called', async (t) => {
  const rows = [
    { title: 'a short name', name: 'my-app', want: 'my-app' },
    { title: 'a name that is cut at a dot and a dash', name: 'a.b-'.repeat(63), want: `${'a.b-'.repeat(54)}a.b` },
  ];
  for (const { title, name, want } of rows) {
    const kube = createFakeKube();
    const clock = createFakeClock(NOW);
    const events = new EventTeller({ client: kube, clock, log: recordLog(), instance: 'here' }, AbortSignal.any([]));
    events.tell(bundle(undefined, { metadata: { name } }), { type: 'Normal', reason: 'Deployed', message: 'deployed' });
    await events.settled();
    t.same(
      kube.actions.map((action) => action.name),
      [`${want}.${NOW.toString(16)}0001`],
      title,
    );
  }
});

t.test('a fault of our own is thrown, for the queue to log with its stack', async (t) => {
  const harness = await offered();
  harness.kube.before({ verb: 'create', plural: 'jobs' }, () => {
    throw new TypeError('a bug');
  });
  await t.rejects(harness.run(), new TypeError('a bug'));
});

t.test(
  'beside what werf waited for in vain stands why: a Pod\u2019s own reason, and nothing of a Secret in it',
  async (t) => {
    const harness = await offered(withDatabase());
    await harness.run();
    endJob(harness, 1);
    const late = 'release install: failed release "my-app" (namespace: "ops"): track resource "ops/Deployment/web"';
    const log = `Error: ${late}: context deadline exceeded\n`;
    harness.kube.setPodLog({ namespace: 'ops', name: `${JOB_1}-pod` }, 'werf', log);
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry/correct horse"' };
    harness.kube.seed(PODS, {
      metadata: {
        namespace: 'ops',
        name: 'web-5d4f-x7f2k',
        labels: { 'pod-template-hash': '5d4f' },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'u', controller: true }],
      },
      status: { phase: 'Pending', containerStatuses: [{ name: 'app', state: { waiting } }] },
    });
    await harness.wait(1_000);
    const { status } = await harness.run();
    const why = 'Pod web-5d4f-x7f2k is not ready: ImagePullBackOff: Back-off pulling image "registry/***"';
    t.equal(status.lastErrorMessage, `pod failed with exit code 1: ${late}: context deadline exceeded; ${why}`);
  },
);

t.test('a tag is looked at again when its Job has succeeded, and deployed again if it has moved: once', async (t) => {
  const harness = await offered();
  await harness.run();
  endJob(harness);
  await harness.wait(1_000);
  await harness.run();
  t.same(harness.interest()?.due, { kind: 'at', time: NOW + 1_000 }, 'the registry is asked at once');
  harness.deliver(selected(), NOW + 900);
  await harness.run();
  t.same(harness.interest()?.due.kind, 'at', 'a scan that began before the Job ended says nothing of that');
  harness.deliver(selected('v1.0.0', DIGEST_B), NOW + 1_100);
  const { status } = await harness.run();
  t.same([status.deployment?.number, status.deployment?.reason], [2, 'MovedTag']);
  endJob(harness);
  const ended = await harness.run();
  t.same([ended.status.phase, harness.interest()?.due], ['Synced', { kind: 'interval' }], 'the next look is the usual');
});

t.test('a bundle whose release is an older one\u2019s is Failed, and goes on when that one is gone', async (t) => {
  const harness = reconcileHarness(bundle(undefined, { metadata: { creationTimestamp: '2026-11-23T09:00:00Z' } }));
  const metadata = { name: 'first', uid: 'another', creationTimestamp: '2026-11-23T08:00:00Z' };
  harness.kube.seed(WERFBUNDLES, bundle(undefined, { spec: { converge: { releaseName: 'my-app' } }, metadata }));
  const { status, events } = await harness.run();
  const words = 'belongs to the older WerfBundle ops/first; a releaseName of its own is needed';
  t.match(
    status.lastErrorMessage,
    `spec.converge.releaseName: Invalid value: "my-app": release "my-app" in namespace "ops" ${words}`,
  );
  t.match([status.phase, harness.interest(), events.length], ['Failed', undefined, 1]);
  harness.kube.vanish(WERFBUNDLES, { namespace: 'ops', name: 'first' });
  t.same([(await harness.run()).status.phase, harness.interest()?.due.kind], ['Syncing', 'at']);
});

t.test('changed values are deployed once they have been quiet for ten seconds, without a scan', async (t) => {
  const harness = await offered();
  await harness.run();
  endJob(harness);
  await harness.run();
  const change = (password: string): void => {
    const data = { 'values.yaml': Buffer.from(`password: ${password}`).toString('base64') };
    harness.kube.seed(SECRETS, { ...database, data });
    harness.touch();
  };
  change('another');
  t.same((await harness.run()).next, { kind: 'after', ms: 10_000 });
  await harness.wait(6_000);
  change('and another');
  t.same((await harness.run()).next, { kind: 'after', ms: 10_000 });
  await harness.wait(10_000);
  const { deployment } = (await harness.run()).status;
  t.same([deployment?.number, deployment?.reason], [2, 'NewValues']);
  endJob(harness);
  t.same((await harness.run()).next, { kind: 'await-change' }, 'and that is all');
});

t.test('polls that fail are counted and told, and the scans are told when to come again', async (t) => {
  const harness = await offered();
  harness.deliver(failure());
  const first = await harness.run();
  t.same(first.events, [
    'Warning PollFailed: error polling registry: connection refused (failure 1 of 6, next try after 30s)',
  ]);
  t.same(harness.interest()?.due, { kind: 'at', time: Date.parse(first.status.nextAttemptTime ?? '') });
  harness.deliver(failure());
  t.same((await harness.run()).events, [], 'once');
  harness.deliver(selected('v1.1.0', DIGEST_B));
  const { status } = await harness.run();
  t.same([status.consecutiveFailures, status.deployment?.tag], [0, 'v1.1.0']);
});

t.test('a result that comes while a bundle is looked at is counted before it is acted on', async (t) => {
  const registry = { url: 'registry.example/acme/app', versionConstraint: '>=0.1.0', secretRef: { name: 'creds' } };
  const annotations = { 'werf.io/allow-downgrade': 'true' };
  const checksum = `k0:${'1'.repeat(64)}`;
  const deployed = syncedStatus({ appliedChecksum: checksum, deployment: deployment({ checksum }) });
  const harness = reconcileHarness(bundle(deployed, { spec: { registry }, metadata: { annotations } }));
  harness.kube.seed(SECRETS, {
    metadata: { namespace: 'ops', name: 'creds' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
  });
  for (let scan = 0; scan < 2; scan += 1) {
    harness.deliver(selected());
    await harness.run();
  }
  harness.kube.before({ verb: 'get', plural: 'secrets' }, () => harness.deliver(selected('v0.9.0', DIGEST_B)));
  await harness.run();
  const message = async () =>
    (await harness.run()).status.conditions?.find(({ type }) => type === 'Ready')?.message.split(': ')[1];
  t.equal(await message(), 'it is deployed when a second scan says the same', 'one lower offer is none');
  t.equal(harness.bundle()?.status?.deployment?.number, 1);
  harness.deliver(selected('v0.9.0', DIGEST_B));
  t.match((await harness.run()).status.deployment, { number: 2, reason: 'Downgrade' }, 'two are one');
});

t.test(
  'what scans told of a bundle that went says nothing of one that has its name, though no cache showed it gone',
  async (t) => {
    const nothing = { kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags } as const;
    const harness = reconcileHarness(bundle(syncedStatus()));
    await harness.run();
    harness.deliver(nothing);
    t.same((await harness.run()).status.phase, 'Synced', 'one list may be wrong');
    harness.kube.seed(WERFBUNDLES, bundle(syncedStatus(), { metadata: { uid: 'another', resourceVersion: '' } }));
    harness.deliver(nothing);
    t.same((await harness.run()).status.phase, 'Synced', 'for this bundle it is the first one');
    harness.deliver(nothing);
    t.same((await harness.run()).status.phase, 'Failed');
  },
);

t.test('that a first poll is held back is written once, and a synced bundle says nothing of it', async (t) => {
  const harness = reconcileHarness();
  await harness.run();
  harness.holdBack('breaker');
  const held = await harness.run();
  t.same([held.actions, held.events, held.log], [['patch werfbundles/status my-app'], [], []]);
  t.match(held.status.conditions?.at(-1), {
    type: 'RegistryReachable',
    status: 'Unknown',
    message: /polls are held back/,
  });
  await harness.wait(60_000);
  t.same((await harness.run()).actions, []);
  const synced = reconcileHarness(bundle(syncedStatus()));
  await synced.run();
  synced.holdBack('breaker');
  t.same((await synced.run()).actions, []);
});

t.test('a poll that comes in while an intent is carried out counts, whatever becomes of the Job', async (t) => {
  const create = { verb: 'create', plural: 'jobs' } as const;
  const interrupted = async (): Promise<ReconcileHarness> => {
    const harness = await offered();
    harness.kube.failNext(create, new KubeError('unavailable', 'create: 503 service unavailable', { status: 503 }));
    await harness.run();
    harness.restart();
    return harness;
  };
  const polled = ({ consecutiveFailures, lastETag, conditions }: WerfBundleStatus) => [
    ...[consecutiveFailures, lastETag],
    ...['Ready', 'RegistryReachable'].map((type) => conditions?.find((one) => one.type === type)?.reason),
  ];
  await t.test('which is refused', async (t) => {
    const harness = await interrupted();
    harness.kube.failNext(create, new KubeError('forbidden', 'create jobs.batch: forbidden: quota', { status: 403 }));
    harness.deliver(failure());
    const { status, events } = await harness.run();
    t.same(polled(status), [1, tags.etag, 'JobRefused', 'PollFailed']);
    t.match(events, [/^Warning JobRefused: .*quota/, /^Warning PollFailed: .*failure 1 of 6/]);
    t.equal(status.nextAttemptTime, iso(30_000), 'of the next poll');
  });
  await t.test('whose name is taken', async (t) => {
    const harness = await interrupted();
    harness.kube.seed(JOBS, { metadata: { namespace: 'ops', name: JOB_1, labels: { 'werf.io/bundle-uid': 'other' } } });
    const listed = { etag: '"abc"', etagSupported: true, count: 1 };
    harness.deliver({ kind: 'selected', tag: 'v1.0.0', digest: DIGEST_A, tags: listed });
    const { status } = await harness.run();
    t.same([status.deployment?.number, status.lastJobName], [2, JOB_2]);
    t.same(polled(status), [0, '"abc"', 'Deploying', 'Polled']);
  });
});
