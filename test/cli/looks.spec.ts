import t from 'tap';
import type { Pod } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { printHistory } from '../../cli/history/command.js';
import { type LogsOptions, printLog } from '../../cli/logs/command.js';
import { podStateOf } from '../../cli/logs/pod-state.js';
import { wrap } from '../../cli/output/wrap.js';
import { printStatus } from '../../cli/status/command.js';
import { KubeError } from '../../kube/client.js';
import { EVENTS, JOBS, PODS, WERFBUNDLES } from '../../kube/resources.js';
import { bundle, CHECKSUM, DIGEST_A, DIGEST_B, iso, NOW } from '../kit/builders.js';
import { createFakeClock } from '../kit/fake-clock.js';
import { createFakeKube } from '../kit/fake-kube.js';
import { createFakeTerminal, sessionOf } from '../kit/fake-terminal.js';

// The commands that show one bundle: status, history and logs.

const SYNCED: WerfBundleStatus = {
  observedGeneration: 1,
  phase: 'Synced',
  lastAppliedTag: 'v1.2.0',
  lastAppliedDigest: DIGEST_A,
  lastSyncTime: iso(-180_000),
  lastJobName: 'my-app-1-a',
  lastJobStatus: 'Succeeded',
  resolvedTargetNamespace: 'ops',
  deployment: {
    number: 1,
    tag: 'v1.2.0',
    digest: DIGEST_A,
    reason: 'NewTag',
    checksum: CHECKSUM,
    jobName: 'my-app-1-a',
    startedAt: iso(-240_000),
  },
  history: [
    {
      number: 1,
      tag: 'v1.2.0',
      digest: DIGEST_A,
      reason: 'NewTag',
      result: 'Succeeded',
      jobName: 'my-app-1-a',
      startedAt: iso(-240_000),
      finishedAt: iso(-180_000),
    },
  ],
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Deployed',
      message: 'deployed v1.2.0 to namespace ops',
      lastTransitionTime: iso(-180_000),
    },
  ],
};
const RUNNING: WerfBundleStatus = {
  ...SYNCED,
  phase: 'Syncing',
  activeJobName: 'my-app-2-b',
  lastJobStatus: 'Running',
  deployment: {
    number: 2,
    tag: 'v1.3.0',
    digest: DIGEST_B,
    reason: 'NewTag',
    checksum: CHECKSUM,
    jobName: 'my-app-2-b',
    startedAt: iso(-30_000),
  },
};

const podOf = (jobName: string, status: NonNullable<Pod['status']>) => ({
  metadata: {
    name: `${jobName}-pod`,
    namespace: 'ops',
    labels: { 'batch.kubernetes.io/job-name': jobName },
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: jobName, uid: `${jobName}-uid`, controller: true }],
    creationTimestamp: iso(0),
  },
  status,
});
const jobOf = (name: string) => ({ metadata: { name, namespace: 'ops', uid: `${name}-uid` } });
const containerStatus = (state: object) => ({ name: 'werf', image: '', restartCount: 0, state }) as never;
const RUNS = { phase: 'Running' as const, containerStatuses: [containerStatus({ running: {} })] };
const PULLS = {
  phase: 'Pending' as const,
  containerStatuses: [containerStatus({ waiting: { reason: 'ImagePullBackOff', message: 'no such image' } })],
};

const setUp = (status: WerfBundleStatus, columns?: number) => {
  const clock = createFakeClock(NOW);
  const kube = createFakeKube({ clock });
  const { metadata } = kube.seed(WERFBUNDLES, bundle(status));
  const terminal = createFakeTerminal({ clock, ...(columns !== undefined && { columns }) });
  const on = { terminal, session: sessionOf(kube, terminal) };
  const logs = (options: LogsOptions = {}) => printLog(on, 'my-app', options);
  return { kube, terminal, on, logs, uid: metadata.uid };
};

t.test('status says how a bundle is in lines of words, then its conditions and what has happened', async (t) => {
  const { kube, terminal, on, uid } = setUp(SYNCED);
  const event = (name: string, note: string, at: number) =>
    kube.seed(EVENTS, {
      metadata: { name, namespace: 'ops' },
      regarding: { uid },
      type: 'Normal',
      reason: 'Deployed',
      note,
      eventTime: iso(at),
    });
  event('b', 'deployed v1.2.0', -180_000);
  event('a', 'deploying v1.2.0', -240_000);
  await printStatus(on, 'wb/my-app', {});
  t.equal(
    terminal.taken(),
    `WerfBundle ops/my-app

Ready:     True (Deployed): deployed v1.2.0 to namespace ops
Phase:     Synced
Tag:       v1.2.0, sha256:aaaaaaaaaaaa, deployed 3m ago
Registry:  registry.example/acme/app, versionConstraint >=1.0.0, asked every 15m
Target:    release my-app in namespace ops
Job:       my-app-1-a Succeeded (deployment 1, v1.2.0, NewTag)

CONDITION   STATUS   REASON     SINCE
Ready       True     Deployed   3m

EVENT      TYPE     AGE   MESSAGE
Deployed   Normal   4m    deploying v1.2.0
Deployed   Normal   3m    deployed v1.2.0
`,
  );
  t.strictSame(terminal.ended, [0]);
});

t.test('status ends with 1 unless the bundle is ready for the spec as it is now', async (t) => {
  const cases: readonly { title: string; status: WerfBundleStatus; ended: number; says: RegExp }[] = [
    { title: 'ready', status: SYNCED, ended: 0, says: /^Ready: +True/m },
    {
      title: 'ready for an earlier spec',
      status: { ...SYNCED, observedGeneration: 0 },
      ended: 1,
      says: /^Not seen: +the controller has not looked at generation 1 yet; it has seen 0$/m,
    },
    {
      title: 'never looked at',
      status: { observedGeneration: -1 },
      ended: 1,
      says: /^Not seen: +the controller has not looked at generation 1 yet; it has seen none$/m,
    },
    {
      title: 'failed polls',
      status: { ...SYNCED, consecutiveFailures: 3, nextAttemptTime: iso(90_000), conditions: [] },
      ended: 1,
      says: /^Polls: +3 failed in a row\nNext: +a poll in about 90s$/m,
    },
  ];
  for (const { title, status, ended, says } of cases) {
    const { terminal, on } = setUp(status);
    await printStatus(on, 'my-app', {});
    t.match(terminal.taken(), says, title);
    t.strictSame(terminal.ended, [ended], title);
  }
});

t.test('status says what comes next by itself, and when, as far as anybody knows', async (t) => {
  const polled = (status: 'True' | 'False', reason = 'PollSucceeded') => ({
    type: 'RegistryReachable',
    status,
    reason,
    message: 'x',
    lastTransitionTime: iso(0),
  });
  const suspended = { ...polled('True'), type: 'Suspended' };
  const cases: readonly { title: string; status: WerfBundleStatus; next: string | undefined }[] = [
    {
      title: 'polls succeed, and which second comes next only the controller knows',
      status: { ...SYNCED, conditions: [polled('True')] },
      next: 'a poll within 16m30s',
    },
    { title: 'it was never polled', status: { ...SYNCED, conditions: [] }, next: undefined },
    { title: 'it is suspended', status: { ...SYNCED, conditions: [polled('True'), suspended] }, next: undefined },
    {
      title: 'polling has stopped',
      status: { ...SYNCED, consecutiveFailures: 6, conditions: [polled('False', 'PollingStopped')] },
      next: 'no poll: werfbundle reconcile my-app -n ops --failed begins anew',
    },
    {
      title: 'a Job is tried again',
      status: { ...SYNCED, nextAttemptTime: iso(30_000), conditions: [polled('True')] },
      next: 'the deployment is tried again in about 30s',
    },
    {
      title: 'the time has come',
      status: { ...SYNCED, consecutiveFailures: 1, nextAttemptTime: iso(-1) },
      next: 'a poll now',
    },
  ];
  for (const { title, status, next } of cases) {
    const { terminal, on } = setUp(status);
    await printStatus(on, 'my-app', {});
    t.equal(/^Next: +(.*)$/m.exec(terminal.taken())?.[1], next, title);
  }
});

t.test('events that may not be read are said to be so, and the rest is shown', async (t) => {
  const { kube, terminal, on } = setUp(SYNCED);
  kube.failNext(
    { verb: 'list', plural: 'events' },
    new KubeError('forbidden', 'list events: forbidden', { status: 403 }),
  );
  await printStatus(on, 'my-app', {});
  t.match(terminal.taken(), /^Ready: +True[\s\S]*\nIts events may not be read: list events: forbidden\n$/m);
  await printStatus(on, 'my-app', { output: 'json' });
  t.match(JSON.parse(terminal.taken()), { namespace: 'ops', name: 'my-app', ready: true, events: [] });
});

t.test('on a terminal a long message is broken between words', (t) => {
  t.equal(wrap('one two three four five six', { columns: 25, indent: 3 }), 'one two three four\n   five six');
  t.equal(wrap('x'.repeat(30), { columns: 25, indent: 0 }), 'x'.repeat(30), 'never within one');
  t.equal(wrap('one two', { columns: undefined, indent: 0 }), 'one two');
  t.end();
});

t.test('history lists what ended, and first the deployment that goes on', async (t) => {
  const { terminal, on } = setUp(RUNNING);
  await printHistory(on, 'my-app', { headers: true });
  t.equal(
    terminal.taken(),
    `NUMBER   TAG      REASON   RESULT      TOOK   AGE   MESSAGE
2        v1.3.0   NewTag   Running     30s    30s
1        v1.2.0   NewTag   Succeeded   60s    4m
`,
  );
  await printHistory(on, 'my-app', { headers: false, output: 'wide' });
  t.match(terminal.taken(), /^2 .* sha256:bbbbbbbbbbbb {3}my-app-2-b$/m);
  await printHistory(on, 'my-app', { headers: true, output: 'json' });
  t.match(JSON.parse(terminal.taken()), { history: [{ number: 2, result: 'Running' }, { number: 1 }] });

  const message = 'pod failed with OOMKilled: give it more than 1Gi';
  const narrow = setUp({ ...SYNCED, history: [{ ...SYNCED.history?.[0], result: 'Failed', message } as never] }, 60);
  await printHistory(narrow.on, 'my-app', { headers: false });
  t.match(narrow.terminal.taken(), /…$/m);
  await printHistory(narrow.on, 'my-app', { headers: false, output: 'wide' });
  t.match(narrow.terminal.taken(), /OOMKilled: give it more than 1Gi$/m);

  const none = setUp({ observedGeneration: 1 });
  await printHistory(none.on, 'my-app', { headers: true });
  t.strictSame([none.terminal.taken(), none.terminal.takenErrors()], ['', 'No deployment yet.\n']);
});

t.test('logs prints what the Pod of the Job that runs has said, else of the last one', async (t) => {
  const { kube, terminal, logs } = setUp(RUNNING);
  for (const name of ['my-app-1-a', 'my-app-2-b']) kube.seed(JOBS, jobOf(name) as never);
  kube.seed(PODS, podOf('my-app-1-a', { phase: 'Succeeded' }));
  kube.seed(PODS, podOf('my-app-2-b', RUNS));
  kube.setPodLog({ namespace: 'ops', name: 'my-app-1-a-pod' }, 'werf', 'old\n');
  kube.setPodLog({ namespace: 'ops', name: 'my-app-2-b-pod' }, 'werf', 'one\ntwo\n');
  await logs();
  t.equal(terminal.taken(), 'one\ntwo\n');
  await logs({ tail: 1 });
  t.equal(terminal.taken(), 'two\n');
  await logs({ number: 1 });
  t.equal(terminal.taken(), 'old\n');
  await t.rejects(logs({ number: 7 }), {
    message: 'WerfBundle ops/my-app has no deployment 7 with a Job; known are 1 (werfbundle history my-app -n ops)',
  });
});

t.test(
  'a Pod that somebody else has given the label, or of a Job of that name from before, is not printed',
  async (t) => {
    const { kube, logs } = setUp(RUNNING);
    kube.seed(JOBS, jobOf('my-app-2-b') as never);
    const made = podOf('my-app-2-b', RUNS);
    const [owner] = made.metadata.ownerReferences;
    const strangers = [[], [{ ...owner, uid: 'before' }], [{ ...owner, controller: false }]];
    for (const [index, ownerReferences] of strangers.entries()) {
      const name = `stranger-${index}`;
      kube.seed(PODS, { ...made, metadata: { ...made.metadata, name, ownerReferences } } as never);
      kube.setPodLog({ namespace: 'ops', name }, 'werf', 'of a stranger\n');
    }
    await t.rejects(logs(), { message: 'the Pod of Job ops/my-app-2-b is gone, and its log with it' });
  },
);

t.test('once the Pod is gone, what the status has kept is printed, and that it is only its end', async (t) => {
  const { terminal, logs } = setUp({ ...SYNCED, lastJobLogs: 'the end' });
  await logs();
  t.equal(terminal.taken(), 'the end\n');
  t.equal(
    terminal.takenErrors(),
    'werfbundle: the Pod of Job ops/my-app-1-a is gone; this is the end of its log, as the status has it\n',
  );
  await t.rejects(setUp(SYNCED).logs(), { message: 'the Pod of Job ops/my-app-1-a is gone, and its log with it' });
  await t.rejects(setUp({ observedGeneration: -1 }).logs(), { message: 'WerfBundle ops/my-app has had no Job yet' });
});

t.test('a Pod that waits is said to wait, with the words of Kubernetes', async (t) => {
  const { kube, terminal, logs } = setUp(RUNNING);
  kube.seed(JOBS, jobOf('my-app-2-b') as never);
  kube.seed(PODS, podOf('my-app-2-b', PULLS));
  await logs();
  t.strictSame(
    [terminal.taken(), terminal.takenErrors()],
    ['', 'werfbundle: Pod my-app-2-b-pod waits: ImagePullBackOff: no such image\n'],
  );
  const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' };
  const cases: readonly [NonNullable<Pod['status']>, object][] = [
    [
      { phase: 'Pending', conditions: [unscheduled] },
      { kind: 'waiting', why: 'Unschedulable: no node' },
    ],
    [{ phase: 'Pending' }, { kind: 'waiting', why: 'it has not started yet' }],
    [{ phase: 'Failed', reason: 'Evicted' }, { kind: 'ended' }],
    [RUNS, { kind: 'started' }],
    [{ containerStatuses: [containerStatus({ terminated: { exitCode: 0 } })] }, { kind: 'ended' }],
  ];
  for (const [status, state] of cases) t.strictSame(podStateOf(podOf('a', status)), state);
});

t.test('logs --follow waits for the Pod, says what for, and goes on to the end', async (t) => {
  const { kube, terminal, logs } = setUp(RUNNING);
  const following = logs({ follow: true });
  const told = async (): Promise<string> => {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const text = terminal.takenErrors();
      if (text !== '') return text;
    }
  };
  const pod = kube.seed(PODS, podOf('my-app-2-b', PULLS));
  t.equal(await told(), 'werfbundle: Pod my-app-2-b-pod waits: ImagePullBackOff: no such image\n');
  const ref = { namespace: 'ops', name: 'my-app-2-b-pod' };
  kube.setPodLog(ref, 'werf', 'one\n');
  await kube.mergePatch(PODS, ref, { status: RUNS }, { subresource: 'status' }, terminal.signal);
  await following;
  t.strictSame([terminal.taken(), terminal.ended], ['one\n', [0]]);
  t.ok(pod.metadata.uid);
});
