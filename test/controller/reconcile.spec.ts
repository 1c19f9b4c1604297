import t from 'tap';
import type { Job, ObjectMeta, ObjectRef, Pod } from '../../api/objects.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { KubeError, type ResourceType } from '../../kube/client.js';
import { JOBS, NAMESPACES, PODS, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, DIGEST_A, DIGEST_B, iso, NOW, selected } from '../kit/builders.js';
import { brief, endJob, JOB_1, JOB_2, offered, withDatabase } from '../kit/offered-bundle.js';
import { REF, type ReconcileHarness, reconcileHarness } from '../kit/reconcile-harness.js';

/** Namespace production takes what ops deploys into it. */
const acceptsBundles = ({ kube }: ReconcileHarness): void => {
  const annotations = { 'werf.io/accept-bundles-from': 'ops' };
  kube.seed(NAMESPACES, { metadata: { name: 'production', annotations }, status: { phase: 'Active' } });
  kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'werf' } });
};

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
        t.same([first.log.length, harness.counted()], [1, ['interrupted']], 'it is logged once, and counted');
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

t.test(
  'a Job that a webhook of the cluster changes beyond recognition counts as refused, and is not made again and again',
  async (t) => {
    const harness = await offered();
    const { kube } = harness;
    const create = kube.create.bind(kube) as (type: unknown, object: Job, signal: AbortSignal) => Promise<never>;
    const changed = ({ spec, ...rest }: Job) => ({ ...rest, ...(spec && { spec: withoutAnnotations(spec) }) });
    const withoutAnnotations = ({ template, ...spec }: NonNullable<Job['spec']>) => ({
      ...spec,
      template: { spec: template.spec },
    });
    Object.assign(kube, {
      create: (type: unknown, object: Job, signal: AbortSignal) =>
        create(type, type === JOBS ? changed(object) : object, signal),
    });
    const { actions, status, events } = await harness.run();
    t.same(
      actions.filter((action) => action.includes(' jobs ')),
      [`create jobs ${JOB_1}`, `delete jobs ${JOB_1}`],
    );
    t.same([harness.jobs(), status.history?.map(({ result }) => result)], [[], ['Refused']]);
    t.match(events.join(), /JobRefused: Job .* was changed as it was created/);
  },
);

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
    one.storeStatus({ ...one.bundle()?.status, ...status } as WerfBundleStatus);
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

t.test('a bundle that goes is forgotten', async (t) => {
  const harness = await offered();
  harness.kube.before({ verb: 'patch', plural: 'werfbundles' }, () => harness.kube.vanish(WERFBUNDLES, REF));
  const meanwhile = await harness.run();
  t.same([meanwhile.next, meanwhile.log], [{ kind: 'await-change' }, []], 'a write that finds nothing is no fault');
  t.same((await harness.run()).next, { kind: 'await-change' });
  t.same([harness.interest(), harness.jobs()], [undefined, []]);
});

t.test('a fault of our own is thrown, for the queue to log with its stack', async (t) => {
  const harness = await offered();
  harness.kube.before({ verb: 'create', plural: 'jobs' }, () => {
    throw new TypeError('a bug');
  });
  await t.rejects(harness.run(), new TypeError('a bug'));
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
