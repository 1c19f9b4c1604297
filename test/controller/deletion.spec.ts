import t from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import type { Namespace, Pod, ServiceAccount, Stored } from '../../api/objects.js';
import type { StoredBundle, WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Dismissal, Observation } from '../../controller/decide/observation.js';
import { KubeError } from '../../kube/client.js';
import { JOBS, NAMESPACES, PODS, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
import {
  bundle,
  DIGEST_B,
  deployment,
  historyEntry,
  iso,
  job,
  jobInputs,
  NOW,
  observation,
  pod,
  secretNames,
  selected,
  syncedStatus,
  UID,
} from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { REF, reconcileHarness } from '../kit/reconcile-harness.js';

const RELEASE = 'release my-app in namespace ops';

const going = (
  status: WerfBundleStatus,
  change: { readonly spec?: Partial<WerfBundleSpec>; readonly metadata?: object } = {},
): StoredBundle =>
  bundle(status, {
    spec: { deletionPolicy: 'Dismiss', ...change.spec },
    metadata: { deletionTimestamp: iso(-60_000), finalizers: [FINALIZER], ...change.metadata },
  });

const possible: Dismissal = { kind: 'possible' };

/** The status after so many tries to uninstall, the last of them half a minute ago. */
const afterTries = (...results: readonly ('Failed' | 'Lost' | 'Refused' | 'Succeeded')[]): WerfBundleStatus => {
  const tries = results.map((result, index) =>
    historyEntry(result, {
      number: index + 2,
      reason: 'Dismiss',
      jobName: `dismiss-${index + 1}`,
      finishedAt: iso(-30_000),
      ...(result !== 'Succeeded' && { message: `pod failed with exit code 1: try ${index + 1}` }),
    }),
  );
  const last = deployment({ number: results.length + 1, reason: 'Dismiss', jobName: `dismiss-${results.length}` });
  return syncedStatus({
    deployment: last,
    lastJobName: last.jobName,
    lastJobStatus: 'Failed',
    history: [...tries.toReversed(), historyEntry('Succeeded')],
  });
};

const OPEN_JOB = 'my-app-33333333-44444444';

const running = (reason: 'NewTag' | 'Dismiss' = 'NewTag'): WerfBundleStatus => {
  const open = deployment({ number: 2, reason, jobName: OPEN_JOB });
  return syncedStatus({
    deployment: open,
    activeJobName: open.jobName,
    lastJobName: open.jobName,
    lastJobStatus: 'Running',
  });
};

/** Its only deployment ended so. */
const neverApplied = (result: 'Failed' | 'Refused'): WerfBundleStatus => {
  const { lastAppliedTag: _, ...rest } = syncedStatus({ lastJobStatus: 'Failed', history: [historyEntry(result)] });
  return rest;
};

/** Its only deployment that is told of was refused just now. */
const justRefused = (number: number): WerfBundleStatus => ({
  ...neverApplied('Refused'),
  deployment: deployment({ number }),
  history: [historyEntry('Refused', { number, finishedAt: iso(0) })],
});

const present = (
  status: WerfBundleStatus,
  ended?: { exitCode: number },
  metadata: object = {},
): Extract<Observation['job'], { kind: 'present' }> => {
  const made = job(bundle(status), status.deployment);
  return {
    kind: 'present',
    job: { ...made, metadata: { ...made.metadata, ...metadata } },
    pod: pod(ended),
    log: { kind: 'not-needed' },
  };
};

const hidden: Extract<Observation['job'], { kind: 'blocker' }> = {
  kind: 'blocker',
  reason: 'RightsMissing',
  message: 'the controller lacks a right: get jobs.batch ops/x: forbidden',
};

const waitingPod: Stored<Pod> = {
  ...pod(),
  status: { phase: 'Pending', containerStatuses: [{ name: 'werf', state: { waiting: { reason: 'ErrImagePull' } } }] },
};

/** What is done, and what a person reads of it. */
const outcomeOf = (seen: Observation) => {
  const { actions, cleanup, finalizer, events, finalEvent, status, recheck } = decided(seen);
  return {
    actions: actions.map((action) =>
      action.kind === 'delete-job' ? `delete-job ${action.propagation ?? 'Background'}` : action.kind,
    ),
    cleanup: cleanup.flatMap(({ names }) => names),
    finalizer,
    events: [...events, ...(finalEvent === undefined ? [] : [finalEvent])].map(
      ({ type, reason, message }) => `${type} ${reason}: ${message}`,
    ),
    message: status.conditions?.find(({ type }) => type === 'Reconciling')?.message,
    phase: status.phase,
    number: status.deployment?.number,
    recheck,
  };
};

const SYNCED_JOB = deployment().jobName;
const LET_GO = {
  actions: [],
  cleanup: secretNames(SYNCED_JOB),
  finalizer: 'remove',
  events: [],
  number: 1,
  message: 'the bundle is being deleted',
  phase: 'Synced',
  recheck: { kind: 'on-change' },
};
const UNINSTALLING = {
  message: `uninstalling ${RELEASE}`,
  cleanup: [],
  events: [],
  finalizer: 'leave',
  phase: 'Synced',
};
const notUninstalled = (why: string) => `Warning DismissFailed: ${RELEASE} was not uninstalled: ${why}`;

t.test('a bundle that goes: each way on, and each way out', async (t) => {
  const required = { metadata: { annotations: { 'werf.io/dismiss-required': 'true' } } };
  const rows: readonly { title: string; seen: Observation; want: Readonly<Record<string, unknown>> }[] = [
    {
      title: 'without our finalizer nothing is to be done: the bundle goes by itself, and its Jobs with it',
      seen: observation(going(syncedStatus(), { metadata: { finalizers: ['someone.example/else'] } })),
      want: { ...LET_GO, cleanup: [], finalizer: 'leave' },
    },
    {
      title: 'Orphan: nothing is uninstalled',
      seen: observation(going(syncedStatus(), { spec: { deletionPolicy: 'Orphan' } })),
      want: LET_GO,
    },
    {
      title: 'Dismiss, and nothing was ever deployed: it goes by itself',
      seen: observation(going({ observedGeneration: 1 }, { metadata: { finalizers: [] } }), { dismissal: possible }),
      want: { actions: [], cleanup: [], finalizer: 'leave', events: [], number: undefined },
    },
    {
      title: 'Dismiss, and the status was lost: the finalizer says that something was deployed',
      seen: observation(going({ observedGeneration: 1 }), { dismissal: possible }),
      want: { ...UNINSTALLING, phase: undefined, actions: [], number: 2, recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss, and the only Job since the status was lost was refused: that says nothing of those before',
      seen: observation(going(justRefused(2)), { dismissal: possible }),
      want: { ...UNINSTALLING, actions: [], number: 3, recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss, and the only Job was refused: let go at once',
      seen: observation(going(neverApplied('Refused')), { dismissal: possible }),
      want: LET_GO,
    },
    {
      title: 'Dismiss: a try to uninstall is written down like a deployment, with the next number',
      seen: observation(going(syncedStatus()), { dismissal: possible }),
      want: { ...UNINSTALLING, actions: [], number: 2, recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss, after a deployment that failed: something may be there',
      seen: observation(going(neverApplied('Failed')), { dismissal: possible }),
      want: { ...UNINSTALLING, actions: [], number: 2 },
    },
    {
      title: 'Dismiss: then its Job is made',
      seen: observation(going({ ...running('Dismiss'), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' }), {
        dismissal: possible,
      }),
      want: { ...UNINSTALLING, actions: ['create-job'], number: 2, recheck: { kind: 'on-change' } },
    },
    {
      title: 'Dismiss: and followed',
      seen: observation(going(running('Dismiss')), { job: present(running('Dismiss')), dismissal: possible }),
      want: {
        ...UNINSTALLING,
        actions: [],
        number: 2,
        recheck: { kind: 'at', time: NOW - 60_000 + 16 * 60_000 },
      },
    },
    {
      title: 'Dismiss: a Job that never starts is ended after ten minutes',
      seen: observation(going(running('Dismiss')), {
        job: { ...present(running('Dismiss')), pod: waitingPod },
        dismissal: possible,
        now: NOW + 9 * 60_000,
      }),
      want: { ...UNINSTALLING, actions: ['delete-job Background'], recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss: when it has succeeded the bundle is let go, with an event',
      seen: observation(going(afterTries('Succeeded')), { dismissal: possible }),
      want: {
        ...LET_GO,
        cleanup: secretNames('dismiss-1'),
        number: 2,
        events: [`Normal Dismissed: ${RELEASE} is uninstalled`],
      },
    },
    {
      title: 'Dismiss: the second try comes 30s after the first',
      seen: observation(going(afterTries('Failed')), { dismissal: possible }),
      want: { ...UNINSTALLING, actions: [], number: 3, recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss: the third 2m after the second; meanwhile it is told why',
      seen: observation(going(afterTries('Failed', 'Lost')), { dismissal: possible }),
      want: {
        actions: [],
        finalizer: 'leave',
        events: [],
        number: 3,
        message: `${RELEASE} could not be uninstalled: pod failed with exit code 1: try 2`,
        recheck: { kind: 'at', time: NOW + 90_000 },
      },
    },
    {
      title: 'Dismiss: after the third failure the bundle is let go, with an event',
      seen: observation(going(afterTries('Failed', 'Refused', 'Failed')), { dismissal: possible }),
      want: {
        ...LET_GO,
        cleanup: secretNames('dismiss-3'),
        number: 4,
        events: [notUninstalled('pod failed with exit code 1: try 3')],
      },
    },
    {
      title: 'required: it is not let go, but tried again after 8m, and again',
      seen: observation(going(afterTries('Failed', 'Failed', 'Failed', 'Failed'), required), { dismissal: possible }),
      want: {
        actions: [],
        finalizer: 'leave',
        events: [],
        number: 5,
        message: `${RELEASE} could not be uninstalled: pod failed with exit code 1: try 4`,
        recheck: { kind: 'at', time: NOW + 450_000 },
      },
    },
    {
      title: 'its namespace goes: let go at once, even where the uninstall is required',
      seen: observation(going(syncedStatus(), required), {
        dismissal: { kind: 'pointless', why: 'namespace ops is gone or being deleted' },
      }),
      want: { ...LET_GO, events: [notUninstalled('namespace ops is gone or being deleted')] },
    },
    {
      title: 'what must not be uninstalled is let go, with an event',
      seen: observation(going(syncedStatus()), { dismissal: { kind: 'blocked', why: 'no consent' } }),
      want: { ...LET_GO, events: [notUninstalled('no consent')] },
    },
    {
      title: 'required: it is waited for who can mend that',
      seen: observation(going(syncedStatus(), required), { dismissal: { kind: 'blocked', why: 'no consent' } }),
      want: {
        actions: [],
        finalizer: 'leave',
        events: [],
        number: 1,
        message: `${RELEASE} could not be uninstalled: no consent`,
        recheck: { kind: 'at', time: NOW + 30_000 },
      },
    },
    {
      title: 'a Job that waits gives way at once, and nothing of it is left',
      seen: observation(going(running()), { job: { ...present(running()), pod: waitingPod }, dismissal: possible }),
      want: { actions: ['delete-job Background', 'delete-secrets'], finalizer: 'leave', recheck: { kind: 'now' } },
    },
    {
      title: 'an intent without a Job is not carried out any more',
      seen: observation(going({ ...running(), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' }), {
        dismissal: possible,
      }),
      want: { actions: ['delete-secrets'], finalizer: 'leave', recheck: { kind: 'now' } },
    },
    {
      title: 'Orphan: a Job that runs is stopped, wherever it runs',
      seen: observation(going(running(), { spec: { deletionPolicy: 'Orphan' } }), { job: present(running()) }),
      want: { actions: ['delete-job Background', 'delete-secrets'], finalizer: 'leave', recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss: a Job that runs is stopped, and its end is waited for',
      seen: observation(going(running()), { job: present(running()), dismissal: possible }),
      want: {
        actions: ['delete-job Foreground'],
        finalizer: 'leave',
        number: 2,
        message: 'stops Job my-app-33333333-44444444, then the bundle goes',
        recheck: { kind: 'at', time: NOW + 120_000 },
      },
    },
    {
      title: 'Dismiss: that it runs is written down first, if it was not',
      seen: observation(going({ ...running(), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' }), {
        job: present(running()),
        dismissal: possible,
      }),
      want: { actions: [], finalizer: 'leave', number: 2, recheck: { kind: 'now' } },
    },
    {
      title: 'Dismiss: it is told to stop once',
      seen: observation(going(running()), {
        job: present(running(), undefined, { deletionTimestamp: iso(-10_000) }),
        dismissal: possible,
      }),
      want: { actions: [], recheck: { kind: 'at', time: NOW + 110_000 } },
    },
    {
      title: 'Dismiss: a Pod whose node is gone is not waited for longer than two minutes',
      seen: observation(going(running()), {
        job: present(running(), undefined, { deletionTimestamp: iso(-121_000) }),
        dismissal: possible,
      }),
      want: { actions: ['delete-job Background', 'delete-secrets'], recheck: { kind: 'now' } },
    },
    {
      title: 'a Job that has ended meanwhile is recorded, and then the bundle goes its way',
      seen: observation(going(running()), { job: present(running(), { exitCode: 0 }), dismissal: possible }),
      want: { actions: [], finalizer: 'leave', recheck: { kind: 'now' } },
    },
    {
      title: 'a Job that may not be looked at keeps no bundle: an event says what is left',
      seen: observation(going(running(), { spec: { deletionPolicy: 'Orphan' } }), { job: hidden }),
      want: {
        actions: [],
        cleanup: secretNames(OPEN_JOB),
        finalizer: 'remove',
        recheck: { kind: 'on-change' },
        events: [
          `Warning RightsMissing: Job ${OPEN_JOB} in namespace ops could not be stopped and tidied up: ${hidden.message}`,
        ],
      },
    },
    {
      title: 'without our finalizer it goes by itself all the same',
      seen: observation(going(running(), { metadata: { finalizers: [] } }), { job: hidden }),
      want: { actions: [], finalizer: 'leave', events: [], recheck: { kind: 'on-change' } },
    },
    {
      title: 'Dismiss: its release is uninstalled if that can be done',
      seen: observation(going(running()), { job: hidden, dismissal: possible }),
      want: { actions: [], finalizer: 'leave', events: [], recheck: { kind: 'now' } },
    },
    {
      title: 'required: it is waited for who gives the right',
      seen: observation(going(running(), required), { job: hidden, dismissal: possible }),
      want: {
        actions: [],
        finalizer: 'leave',
        events: [],
        message: `Job ${OPEN_JOB} in namespace ops could not be stopped and tidied up: ${hidden.message}`,
        recheck: { kind: 'at', time: NOW + 30_000 },
      },
    },
    {
      title: 'Dismiss: the Job that uninstalls may not be looked at',
      seen: observation(going(running('Dismiss')), { job: hidden, dismissal: possible }),
      want: { actions: [], finalizer: 'remove', events: [notUninstalled(hidden.message)] },
    },
    {
      title: 'required: and that is waited for, too',
      seen: observation(going(running('Dismiss'), required), { job: hidden, dismissal: possible }),
      want: {
        actions: [],
        finalizer: 'leave',
        events: [],
        recheck: { kind: 'at', time: NOW + 30_000 },
        message: `${RELEASE} could not be uninstalled: ${hidden.message}`,
      },
    },
    {
      title: 'a suspended bundle goes as any other',
      seen: observation(going(syncedStatus(), { spec: { suspend: true } }), { dismissal: possible }),
      want: { ...UNINSTALLING, actions: [], number: 2 },
    },
  ];
  for (const { title, seen, want } of rows) {
    const got = outcomeOf(seen);
    const chosen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
    t.strictSame(chosen, want, title);
  }
});

t.test('a bundle has the finalizer as long as it must not go unseen, and no longer', async (t) => {
  const elsewhere = { converge: { targetNamespace: 'production', serviceAccountName: 'werf' } };
  const open = { ...running(), lastJobName: SYNCED_JOB, lastJobStatus: 'Succeeded' } as const;
  const held = { metadata: { finalizers: [FINALIZER] } };
  const rows: readonly { title: string; of: StoredBundle; want: [string, string[]] }[] = [
    { title: 'Orphan, deployed', of: bundle(syncedStatus()), want: ['leave', []] },
    { title: 'Orphan, deploying into its own namespace', of: bundle(open), want: ['leave', ['create-job']] },
    {
      title: 'Dismiss, nothing deployed',
      of: bundle(undefined, { spec: { deletionPolicy: 'Dismiss' } }),
      want: ['leave', []],
    },
    {
      title: 'Dismiss, before its first Job is made',
      of: bundle(open, { spec: { deletionPolicy: 'Dismiss' } }),
      want: ['add', []],
    },
    {
      title: 'Dismiss, deploying',
      of: bundle(open, { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['leave', ['create-job']],
    },
    {
      title: 'Dismiss, set after it was deployed',
      of: bundle(syncedStatus(), { spec: { deletionPolicy: 'Dismiss' } }),
      want: ['add', []],
    },
    {
      title: 'Dismiss, and the status was lost',
      of: bundle(undefined, { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['leave', []],
    },
    {
      title: 'Dismiss, and the only Job was refused',
      of: bundle(justRefused(1), { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['remove', []],
    },
    {
      title: 'Dismiss, and the only Job since the status was lost was refused',
      of: bundle(justRefused(2), { spec: { deletionPolicy: 'Dismiss' }, ...held }),
      want: ['leave', []],
    },
    { title: 'no more Dismiss', of: bundle(syncedStatus(), held), want: ['remove', []] },
    { title: 'another namespace, before the Job is made', of: bundle(open, { spec: elsewhere }), want: ['add', []] },
    {
      title: 'another namespace, deploying',
      of: bundle(open, { spec: elsewhere, ...held }),
      want: ['leave', ['create-job']],
    },
    {
      title: 'another namespace, deployed',
      of: bundle(syncedStatus(), { spec: elsewhere, ...held }),
      want: ['remove', []],
    },
  ];
  for (const { title, of, want } of rows) {
    const { finalizer, actions } = decided(observation(of, { jobInputs: jobInputs() }));
    t.strictSame([finalizer, actions.map(({ kind }) => kind)], want, title);
  }
});

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

t.test('what stands in the way of an uninstall', async (t) => {
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
      want: 'namespace production does not accept bundles from namespace ops: annotate it with werf.io/accept-bundles-from=ops',
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
