import t from 'tap';
import type { Job, KubeEvent, Pod } from '../../api/objects.js';
import { projectJob } from '../../controller/cache/projections.js';
import { buildJob } from '../../controller/deploy/job.js';
import type { JobResult } from '../../controller/deploy/job-result.js';
import { jobResult, withErrorLine } from '../../controller/deploy/result.js';
import { needsWords, type WaitingWords, withWords, wordsOf } from '../../controller/deploy/waiting.js';
import { PROOF } from '../kit/builders.js';
import { SIMPLE } from '../kit/job-parameters.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();
const jobWith = (status: Job['status'] = {}): Job => {
  const job = buildJob(SIMPLE);
  return { ...job, metadata: { ...job.metadata, creationTimestamp: at(-60) }, status };
};
/** Its Pod is late by now. */
const suspendedJob = (): Job => {
  const { spec, ...job } = jobWith();
  if (spec === undefined) throw new Error('a Job has a spec');
  return { ...job, spec: { ...spec, suspend: true } };
};
const ended = (type: string, reason: string, seconds = 0): Job =>
  jobWith({ conditions: [{ type, status: 'True', reason, lastTransitionTime: at(seconds) }] });
type PodStatus = NonNullable<Pod['status']>;
type State = NonNullable<NonNullable<PodStatus['containerStatuses']>[number]['state']>;
const podWith = (status: PodStatus, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { namespace: 'ops', name: 'pod-1', ...metadata },
  status,
});
const werf = (state: State, status: PodStatus = {}): Pod =>
  podWith({
    phase: 'Running',
    ...status,
    containerStatuses: [
      { name: 'sidecar', state: {} },
      { name: 'werf', state },
    ],
  });
const exit = (exitCode: number, more: object = {}): State => ({
  terminated: { exitCode, finishedAt: at(-5), ...more },
});
const failed = (
  reason: 'OOMKilled' | 'ExitCode' | 'Timeout' | 'Error',
  message: string,
  finishedAt = NOW - 5_000,
): JobResult => ({
  kind: 'failed',
  reason,
  message,
  podName: 'pod-1',
  finishedAt,
});
const TIMEOUT =
  'pod failed with DeadlineExceeded: not done after 30m; set spec.converge.timeout to more, if it needs more';

/** The Pod is new: until then nothing is unusual. */
const SOON = NOW + 10_000;

const RESULTS: readonly { title: string; job?: Job; pod?: Pod; want: JobResult }[] = [
  {
    title: 'exit code 0 is success, before the Job says so',
    pod: werf(exit(0)),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW - 5_000 },
  },
  {
    title: '... though somebody suspends the Job meanwhile',
    job: suspendedJob(),
    pod: werf(exit(0)),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW - 5_000 },
  },
  {
    title: '... and so is a Pod that succeeded, whatever became of its containers',
    pod: podWith({ phase: 'Succeeded' }),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW },
  },
  {
    title: '... even if the Pod was evicted later',
    pod: werf(exit(0), { phase: 'Failed', reason: 'Evicted' }),
    want: { kind: 'succeeded', podName: 'pod-1', finishedAt: NOW - 5_000 },
  },
  {
    title: 'exit code 1 is failure',
    pod: werf(exit(1, { reason: 'Error', message: 'a secret' })),
    want: failed('ExitCode', 'pod failed with exit code 1'),
  },
  {
    title: '... though the Pod is being deleted now',
    pod: { ...werf(exit(1)), metadata: { namespace: 'ops', name: 'pod-1', deletionTimestamp: at(0) } },
    want: failed('ExitCode', 'pod failed with exit code 1'),
  },
  {
    title: 'out of memory says what to do',
    pod: werf(exit(137, { reason: 'OOMKilled' })),
    want: failed(
      'OOMKilled',
      'pod failed with OOMKilled: memory limit 1Gi; set spec.converge.resourceLimits.memory to 2Gi',
    ),
  },
  {
    title: 'killed by somebody else',
    pod: werf(exit(137, { reason: 'Error' })),
    want: failed('ExitCode', 'pod failed with exit code 137'),
  },
  {
    title: 'a command that does not exist',
    pod: werf(exit(128, { reason: 'StartError', message: 'exec: "werf":\n not found' })),
    want: failed('Error', 'pod failed with exit code 128: StartError: exec: "werf": not found'),
  },
  {
    title: "the Pod's own deadline",
    pod: podWith({ phase: 'Failed', reason: 'DeadlineExceeded' }),
    want: failed('Timeout', TIMEOUT, NOW),
  },
  {
    title: '... with the exit code of its end',
    pod: werf(exit(137), { phase: 'Failed', reason: 'DeadlineExceeded' }),
    want: failed('Timeout', TIMEOUT),
  },
  {
    title: "the Job's deadline, which deletes the Pod",
    job: ended('Failed', 'DeadlineExceeded', -2),
    want: { kind: 'failed', reason: 'Timeout', message: TIMEOUT, finishedAt: NOW - 2_000 },
  },
  {
    title: 'evicted',
    pod: podWith({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on\nresource' }),
    want: { kind: 'lost', message: 'Pod pod-1 was ended: Evicted: The node was low on resource' },
  },
  {
    title: 'evicted while it ran',
    pod: werf(exit(137), { phase: 'Failed', reason: 'Evicted' }),
    want: { kind: 'lost', message: 'Pod pod-1 was ended: Evicted' },
  },
  {
    title: 'preempted',
    pod: werf(exit(143), {
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
    }),
    want: { kind: 'lost', message: 'Pod pod-1 was ended: PreemptionByScheduler' },
  },
  {
    title: 'drained: deleted, and told to stop',
    pod: { ...werf(exit(143)), metadata: { namespace: 'ops', name: 'pod-1', deletionTimestamp: at(-9) } },
    want: { kind: 'lost', message: 'Pod pod-1 was deleted while it ran' },
  },
  {
    title: 'failed without a word',
    pod: podWith({ phase: 'Failed' }),
    want: { kind: 'lost', message: 'Pod pod-1 failed without an exit code' },
  },
  {
    title: 'a Job that is complete, its Pod gone',
    job: { ...ended('Complete', ''), status: { ...ended('Complete', '').status, completionTime: at(-7) } },
    want: { kind: 'succeeded', finishedAt: NOW - 7_000 },
  },
  {
    title: 'a Job that failed, its Pod gone',
    job: ended('Failed', 'BackoffLimitExceeded'),
    want: { kind: 'lost', message: 'Job my-app-11111111-22222222 ended without a result: its Pod is gone' },
  },
  {
    title: 'a Job that failed just now, its Pod not seen ended yet',
    job: ended('Failed', 'BackoffLimitExceeded', -3),
    pod: werf({ running: {} }),
    want: { kind: 'running', podName: 'pod-1', recheckAt: NOW + 7_000 },
  },
  {
    title: '... and ten seconds later still not',
    job: ended('Failed', 'BackoffLimitExceeded', -10),
    pod: werf({ running: {} }),
    want: { kind: 'lost', message: 'Job my-app-11111111-22222222 ended without a result: Pod pod-1 has no exit code' },
  },
  { title: 'running', pod: werf({ running: {} }), want: { kind: 'running', podName: 'pod-1' } },
  {
    title: 'an image that cannot be pulled',
    pod: werf({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"' } }, { phase: 'Pending' }),
    want: { kind: 'waiting', reason: 'ImagePullBackOff', message: 'Back-off pulling image "x"', recheckAt: SOON },
  },
  {
    title: '... which the kubelet says in two ways in turn',
    pod: werf({ waiting: { reason: 'ErrImagePull', message: 'rpc error: not found' } }, { phase: 'Pending' }),
    want: { kind: 'waiting', reason: 'ImagePullBackOff', message: 'rpc error: not found', recheckAt: SOON },
  },
  {
    title: 'about to start',
    pod: werf({ waiting: { reason: 'ContainerCreating' } }, { phase: 'Pending' }),
    want: { kind: 'waiting', reason: 'ContainerCreating', message: '', recheckAt: SOON },
  },
  {
    title: 'no node for it',
    pod: podWith({
      phase: 'Pending',
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' },
      ],
    }),
    want: { kind: 'waiting', reason: 'Unschedulable', message: '0/3 nodes are available', recheckAt: SOON },
  },
  {
    title: 'on a node, nothing known yet',
    pod: podWith({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] }),
    want: { kind: 'waiting', reason: 'Pending', message: '', recheckAt: SOON },
  },
  {
    title: 'a new Pod of which nothing is known',
    pod: podWith({}),
    want: { kind: 'waiting', reason: 'Pending', message: '', recheckAt: SOON },
  },
  {
    title: 'no Pod after a minute',
    want: {
      kind: 'waiting',
      reason: 'NoPod',
      recheckAt: NOW + 30_000,
      message: 'Job my-app-11111111-22222222 has no Pod yet; see its events',
    },
  },
  {
    title: 'no Pod after four seconds',
    job: { ...jobWith(), metadata: { ...jobWith().metadata, creationTimestamp: at(-4) } },
    want: { kind: 'waiting', reason: 'NoPod', message: '', recheckAt: NOW + 6_000 },
  },
  ...[
    { title: 'a Job that somebody suspended before it had a Pod', pod: undefined },
    {
      title: 'one whose Pod was ended by that',
      pod: {
        ...werf(exit(143)),
        metadata: { namespace: 'ops', name: 'pod-1', creationTimestamp: at(-60), deletionTimestamp: at(-1) },
      },
    },
  ].map(({ title, pod }) => ({
    title,
    ...(pod && { pod }),
    job: suspendedJob(),
    want: {
      kind: 'waiting' as const,
      reason: 'Suspended',
      recheckAt: NOW + 30_000,
      message: 'Job my-app-11111111-22222222 is suspended (its spec.suspend is true), and not by this controller',
    },
  })),
];

t.test('a Job that a queue of Kueue has suspended says which, if that is a name', (t) => {
  const SUSPENDED = 'Job my-app-11111111-22222222 is suspended (its spec.suspend is true), and not by this controller';
  const QUEUED = `${SUSPENDED}; by its kueue.x-k8s.io/queue-name it waits for LocalQueue "team-a" of Kueue`;
  const queue = (value: string) => ({ 'kueue.x-k8s.io/queue-name': value });
  const rows = [
    { title: 'by label', labels: queue('team-a'), want: QUEUED },
    { title: 'by annotation, as it once was', annotations: queue('team-a'), want: QUEUED },
    { title: 'the label counts', labels: queue('team-a'), annotations: queue('b'), want: QUEUED },
    { title: 'by nothing', want: SUSPENDED },
    { title: 'by an empty name', labels: queue(''), want: SUSPENDED },
    { title: 'by no name', annotations: queue('"; ignore all that\n'), want: SUSPENDED },
    { title: 'by a name that is too long', annotations: queue('a'.repeat(254)), want: SUSPENDED },
  ];
  for (const { title, labels = {}, annotations = {}, want } of rows) {
    const { metadata, ...job } = suspendedJob();
    const marked = {
      ...job,
      metadata: {
        ...metadata,
        uid: 'job-1',
        resourceVersion: '1',
        labels: { ...metadata.labels, ...labels },
        annotations: { ...metadata.annotations, ...annotations },
      },
    };
    t.match(
      jobResult(projectJob(marked, PROOF), undefined, NOW),
      { kind: 'waiting', reason: 'Suspended', message: want },
      title,
    );
  }
  const unnoticed = jobWith({ conditions: [{ type: 'Suspended', status: 'True' }] });
  t.match(jobResult(unnoticed, undefined, NOW), {
    message: 'Job my-app-11111111-22222222 was suspended (its condition Suspended is True), and not by this controller',
  });
  t.end();
});

t.test('a Job that was resumed is not judged by the Pod that its suspension ended', (t) => {
  const old = podWith(
    { phase: 'Failed', containerStatuses: [{ name: 'werf', state: exit(143) }] },
    { creationTimestamp: at(-50), deletionTimestamp: at(-10) },
  );
  const resumed = jobWith({ startTime: at(-5), conditions: [{ type: 'Suspended', status: 'False' }] });
  const unnoticed = jobWith({ startTime: at(-60), conditions: [{ type: 'Suspended', status: 'True' }] });
  t.match(jobResult(resumed, old, NOW), { kind: 'waiting', reason: 'NoPod' });
  t.match(jobResult(unnoticed, old, NOW), { kind: 'waiting', reason: 'Suspended' });
  t.match(jobResult(jobWith({ startTime: at(-55) }), old, NOW), { kind: 'lost' }, 'one that never was suspended');
  t.end();
});

t.test("a Job's result is the exit code of container werf, and only without one what else is known", (t) => {
  for (const { title, job = jobWith(), pod, want } of RESULTS) t.strictSame(jobResult(job, pod, NOW), want, title);
  const exitCode = jobResult(jobWith(), werf(exit(1)), NOW);
  const outOfMemory = jobResult(jobWith(), werf(exit(137, { reason: 'OOMKilled' })), NOW);
  if (exitCode.kind !== 'failed' || outOfMemory.kind !== 'failed') throw new Error('both failed');
  t.equal(
    withErrorLine(exitCode, 'helm failed').message,
    'pod failed with exit code 1: helm failed',
    'with the last error line of the log',
  );
  t.strictSame(withErrorLine(exitCode, undefined), exitCode);
  t.strictSame(withErrorLine(outOfMemory, 'signal: killed'), outOfMemory);
  t.end();
});

t.test('what a Job waits for is told in the words of its last warning', (t) => {
  const warning = (reason: string, note: string, more: Partial<KubeEvent> = {}): KubeEvent => ({
    metadata: { namespace: 'ops', name: 'event', creationTimestamp: at(-60) },
    type: 'Warning',
    reason,
    note,
    ...more,
  });
  const quota = (pod: string) => `Error creating: pods "${pod}" is forbidden: exceeded quota: no-pods, used: pods=0`;
  const mount = 'MountVolume.SetUp failed for volume "ca" :\nsecret "x" not found';
  const rows: readonly { title: string; events: readonly KubeEvent[]; want: WaitingWords | undefined }[] = [
    { title: 'nothing', events: [], want: undefined },
    { title: 'nothing to worry about', events: [warning('Pulled', 'done', { type: 'Normal' })], want: undefined },
    ...['app-x7f2k', 'app-9q8zz'].map((pod) => ({
      title: `a Job that gets no Pod: the same words, whatever the Pod would have been called (${pod})`,
      events: [warning('FailedCreate', quota(pod))],
      want: { reason: 'FailedCreate', message: 'the Pod is forbidden: exceeded quota: no-pods, used: pods=0' },
    })),
    {
      title: 'no ServiceAccount',
      events: [warning('FailedCreate', 'Error creating: serviceaccount "werf" not found')],
      want: { reason: 'FailedCreate', message: 'serviceaccount "werf" not found' },
    },
    {
      title: 'the newest, by when it was last seen',
      events: [
        warning('FailedScheduling', 'no node', { deprecatedLastTimestamp: at(-50) }),
        warning('FailedMount', mount, { series: { lastObservedTime: at(-5) } }),
        warning('FailedScheduling', 'no node', { eventTime: at(-40) }),
      ],
      want: { reason: 'FailedMount', message: 'MountVolume.SetUp failed for volume "ca" : secret "x" not found' },
    },
    {
      title: 'an image that does not come: why, though the kubelet repeats the state\u2019s name after it',
      events: [
        warning('Failed', 'Failed to pull image "x": not found', { deprecatedLastTimestamp: at(-30) }),
        warning('Failed', 'Error: ErrImagePull', { deprecatedLastTimestamp: at(-30) }),
        warning('Failed', 'Error: ImagePullBackOff', { deprecatedLastTimestamp: at(-5) }),
      ],
      want: { reason: 'Failed', message: 'Failed to pull image "x": not found' },
    },
  ];
  for (const { title, events, want } of rows) t.strictSame(wordsOf(events), want, title);

  const waits = (reason: string, message: string) => ({ kind: 'waiting', reason, message, recheckAt: SOON }) as const;
  const words = { reason: 'Failed', message: 'Failed to pull image "x": not found' };
  t.strictSame(withWords(waits('NoPod', 'no Pod'), words), waits('Failed', words.message));
  t.strictSame(
    withWords(waits('ImagePullBackOff', 'Back-off'), words),
    waits('ImagePullBackOff', words.message),
    'an image that does not come is called so',
  );
  t.strictSame(withWords(waits('NoPod', 'no Pod'), undefined), waits('NoPod', 'no Pod'));
  t.same(
    [
      waits('Unschedulable', 'no node'),
      waits('ContainerCreating', ''),
      waits('NoPod', 'x'),
      waits('ImagePullBackOff', 'x'),
    ].map(needsWords),
    [false, true, true, true],
    'events are not asked where the Pod tells',
  );
  t.end();
});
