import t from 'tap';
import type { Pod, Stored } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  historyEntry,
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
import { decided, needOf } from '../kit/decided.js';
import { failedStatus, openStatus, present, runningStatus } from '../kit/deciding-statuses.js';

t.test('what was written down is carried out under its name, and its Job followed to the result', async (t) => {
  const seen = observation(bundle(openStatus), { jobInputs: jobInputs() });
  t.equal(needOf({ ...seen, slot: undefined }), 'job-slot', 'for an intent without a Job a slot is asked for');
  const another = { kind: 'granted', jobName: 'another' } as const;
  t.equal(needOf({ ...seen, slot: another }), 'job-slot', 'one that was given for another Job is none');
  t.equal(needOf({ ...seen, jobInputs: undefined }), 'job-inputs', 'and then everything is looked up');
  const [action] = decided(seen).actions;
  t.equal(action?.kind, 'create-job', 'an intent without a Job is carried out');
  t.equal(
    action?.kind === 'create-job' && action.job.metadata.name,
    openStatus.deployment?.jobName,
    'under the name that was written down',
  );
  t.strictSame(
    [decided(seen).status.activeJobName, decided(seen).status.lastJobStatus, decided(seen).status.lastAppliedTag],
    [openStatus.deployment?.jobName, 'Running', 'v1.0.0'],
    'and told as running; the tag deployed is still the old one',
  );
  const succeeded = decided(observation(bundle(runningStatus), { job: present(runningStatus, { exitCode: 0 }) }));
  t.strictSame(
    (({
      phase,
      lastAppliedTag,
      lastAppliedDigest,
      appliedChecksum,
      lastSyncTime,
      activeJobName,
      lastJobStatus,
      lastJobLogs,
      lastErrorMessage,
    }) => ({
      phase,
      lastAppliedTag,
      lastAppliedDigest,
      appliedChecksum,
      lastSyncTime,
      activeJobName,
      lastJobStatus,
      lastJobLogs,
      lastErrorMessage,
    }))(succeeded.status),
    {
      phase: 'Synced',
      lastAppliedTag: 'v1.1.0',
      lastAppliedDigest: DIGEST_B,
      appliedChecksum: CHECKSUM,
      lastSyncTime: '2026-11-23T09:59:58Z',
      activeJobName: undefined,
      lastJobStatus: 'Succeeded',
      lastJobLogs: 'the log\n',
      lastErrorMessage: undefined,
    },
    'exit code 0 makes the tag the applied one',
  );
  t.equal(succeeded.status.history?.length, 2);
  t.strictSame(
    succeeded.events.map(({ reason, message }) => `${reason}: ${message}`),
    ['Deployed: deployed v1.1.0 to namespace ops'],
  );

  const failed = decided(
    observation(bundle(runningStatus), { job: present(runningStatus, { exitCode: 1, reason: 'Error' }) }),
  ).status;
  t.strictSame(
    [failed.phase, failed.lastAppliedTag, failed.lastAttemptedTag, failed.lastJobStatus, failed.lastErrorMessage],
    ['Failed', 'v1.0.0', 'v1.1.0', 'Failed', 'pod failed with exit code 1: Error: no such chart'],
    'exit code 1 leaves the applied tag and tells werf\u2019s last error line',
  );
  const oom = decided(
    observation(bundle(runningStatus), { job: present(runningStatus, { exitCode: 137, reason: 'OOMKilled' }) }),
  ).status;
  t.equal(
    oom.lastErrorMessage,
    'pod failed with OOMKilled: memory limit 1Gi; set spec.converge.resourceLimits.memory to 2Gi',
  );
  const lost = decided(observation(bundle(runningStatus)));
  t.strictSame(
    [lost.status.history?.[0]?.result, lost.status.lastJobStatus],
    ['Lost', 'Failed'],
    'a Job that was there and is gone is lost',
  );
  t.equal(
    decided(observation(bundle(openStatus), { jobInputs: jobInputs() })).status.history?.[0]?.result,
    'Succeeded',
    'one that was never seen is not',
  );

  const unreadable = {
    ...present(runningStatus, { exitCode: 0 }),
    log: { kind: 'unreadable', why: 'timeout' },
  } as const;
  t.equal(
    decided(observation(bundle(runningStatus), { job: unreadable })).status.lastJobStatus,
    'Running',
    'a log that can\u2019t be read is waited for',
  );
  t.equal(
    decided(observation(bundle(runningStatus), { job: unreadable, now: NOW + 60_000 })).status.lastJobStatus,
    'Succeeded',
    'but not for long',
  );

  const late = decided(
    observation(bundle(runningStatus), { job: { ...present(runningStatus), pod: undefined }, now: NOW + 40 * 60_000 }),
  );
  t.strictSame(
    [late.status.lastErrorMessage, late.actions.map(({ kind }) => kind)],
    [
      `Job ${runningStatus.deployment?.jobName} did not start within 30m: NoPod: Job ${runningStatus.deployment?.jobName} has no Pod yet; see its events`,
      ['delete-job'],
    ],
    'a Job that never gets a Pod is ended after the timeout',
  );
});

t.test('what has not begun gives way to what is wanted now', async (t) => {
  const pending: Stored<Pod> = {
    ...pod(),
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'werf', state: { waiting: { reason: 'Unschedulable' } } }],
    },
  };
  const newer = delivery(selected('v1.2.0', DIGEST_A));
  const waiting = { ...present(runningStatus), pod: pending };
  const jobName = runningStatus.deployment?.jobName;
  const gone = (why: string) => `Job ${jobName} gave way before werf was started: ${why}`;
  const rows: readonly { title: string; seen: Observation; want: string | undefined }[] = [
    {
      title: 'a Job whose image is still pulled',
      seen: observation(bundle(runningStatus), { job: waiting }),
      want: undefined,
    },
    {
      title: 'a Job whose Pod waits, for a newer tag',
      seen: observation(bundle(runningStatus), { job: waiting, delivery: newer }),
      want: gone('v1.2.0 is wanted now'),
    },
    {
      title: 'a Job that has no Pod, for the same tag, published again',
      seen: observation(bundle(runningStatus), {
        job: { ...waiting, pod: undefined },
        delivery: delivery(selected('v1.1.0', DIGEST_A)),
      }),
      want: gone('v1.1.0 was published again'),
    },
    {
      title: 'a Job whose Pod waits, for another spec',
      seen: observation(bundle(runningStatus, { metadata: { generation: 2 } }), { job: waiting }),
      want: gone('the spec was changed'),
    },
    {
      title: 'a Job whose Pod waits, when the bundle is suspended',
      seen: observation(bundle(runningStatus, { spec: { suspend: true } }), { job: waiting }),
      want: gone('the bundle was suspended'),
    },
    {
      title: 'a Job whose Pod waits, when the platform\u2019s policy forbids the bundle',
      seen: observation(bundle(runningStatus), { job: waiting, spec: { kind: 'invalid', problems: [] } }),
      want: gone('the spec is not allowed any more'),
    },
    {
      title: 'not for a lower tag: a list of tags may be incomplete',
      seen: observation(bundle(runningStatus), { job: waiting, delivery: delivery(selected()) }),
      want: undefined,
    },
    {
      title: 'not a Job that was started',
      seen: observation(bundle(runningStatus), { job: present(runningStatus), delivery: newer }),
      want: undefined,
    },
    {
      title: 'nor one whose node does not answer: it may run',
      seen: observation(bundle(runningStatus), {
        job: { ...waiting, pod: { ...pod(), status: { phase: 'Unknown' } } },
        delivery: newer,
      }),
      want: undefined,
    },
    {
      title: 'an intent without a Job',
      seen: observation(bundle(openStatus), { delivery: newer, jobInputs: jobInputs() }),
      want: 'no Job was made: v1.2.0 is wanted now',
    },
  ];
  for (const { title, seen, want } of rows) {
    const { status, actions, recheck } = decided(seen);
    const [last] = status.history ?? [];
    if (want === undefined) {
      t.equal(last?.number, 1, title);
      continue;
    }
    t.same([last?.number, last?.result, last?.message, recheck.kind], [2, 'Superseded', want, 'now'], title);
    const job = seen.job.kind === 'present' ? ['delete-job'] : [];
    t.same(
      actions.map(({ kind }) => kind),
      [...job, 'delete-secrets'],
      `${title}: nothing of it is left`,
    );
    t.equal(status.lastAppliedTag, 'v1.0.0', `${title}: what is deployed stays what it was`);
  }

  const after = (change: WerfBundleStatus, more: Partial<Observation>, spec = {}) =>
    decided(observation(bundle(failedStatus('Superseded', change), spec), { jobInputs: jobInputs(), ...more })).status;
  const v3 = deployment({ number: 3, tag: 'v1.2.0', digest: DIGEST_B });
  const overFailed = {
    deployment: v3,
    history: [
      historyEntry('Superseded', { number: 3, tag: 'v1.2.0', digest: DIGEST_B }),
      historyEntry('Failed', { number: 2, tag: 'v1.1.0', digest: DIGEST_B }),
    ],
  };
  t.same(
    after({}, { delivery: delivery(selected('v1.1.0', DIGEST_B)) }).deployment?.reason,
    'NewTag',
    'what gave way is deployed when it is wanted after all',
  );
  t.same(after({}, { delivery: delivery(selected()) }).deployment?.number, 2, 'and nothing, if it is what is deployed');
  t.same(
    after(overFailed, { delivery: delivery(selected('v1.1.0', DIGEST_B)) }).deployment?.number,
    3,
    'what failed for good before it stays failed',
  );
  t.same(
    after(
      { ...overFailed, observedGeneration: 2 },
      { delivery: delivery(selected('v1.1.0', DIGEST_B)) },
      { metadata: { generation: 2 } },
    ).deployment?.reason,
    'NewSpec',
    'unless the spec was changed',
  );
  const retried = {
    ...overFailed.history[1],
    ...historyEntry('Superseded', { number: 3, tag: 'v1.1.0', digest: DIGEST_B }),
  };
  const retry = deployment({ number: 3, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Retry', attempt: 2 });
  const { reason, attempt } =
    after({ deployment: retry, history: [retried, ...overFailed.history.slice(1)] }, {}).deployment ?? {};
  t.same([reason, attempt], ['Retry', 2], 'a retry that gave way is the same retry later');
  const asked = { number: 3, reason: 'Requested' } as const;
  t.match(
    after(
      { deployment: deployment(asked), history: [historyEntry('Superseded', asked), historyEntry('Succeeded')] },
      {},
    ),
    { deployment: { number: 4, tag: 'v1.0.0', reason: 'Requested' } },
    'a deployment that was asked for is still owed, though the same is deployed',
  );
});

t.test('what a Job needed is deleted when its result is recorded, and again by the next process', async (t) => {
  const made = job(bundle(syncedStatus()));
  const own = ['values', 'docker', 'key', 'ca', 'kept'].map((what) => `${made.metadata.name}-${what}`);
  const saying = (secrets: string | undefined) => {
    const annotations = secrets === undefined ? {} : { 'werf.io/secrets': secrets };
    return { ...made, metadata: { ...made.metadata, annotations } };
  };
  const withSecrets = saying(own.slice(0, 2).join(','));
  const names = [{ kind: 'delete-secrets', namespace: 'ops', names: own.slice(0, 2), bundleUid: UID }];
  const ended = { kind: 'present', job: withSecrets, pod: pod({ exitCode: 0 }), log: { kind: 'not-needed' } } as const;
  t.strictSame(decided(observation(bundle(runningStatus), { job: ended })).cleanup, names);
  t.strictSame(
    decided(observation(bundle(syncedStatus()))).cleanup,
    [],
    'once they are known to be gone nothing is left',
  );
  t.strictSame(decided(observation(bundle(syncedStatus()), { cleanupPending: withSecrets })).cleanup, names);
  const all = secretNames(own[0]?.slice(0, -'-values'.length));
  const rows: readonly { title: string; said: string | undefined; deleted: readonly string[] }[] = [
    { title: 'none', said: '', deleted: [] },
    { title: 'it does not say', said: undefined, deleted: all },
    { title: "others' names", said: `database,${own[1]}`, deleted: own.slice(1, 2) },
    { title: 'too many to be read', said: 'x,'.repeat(46_000), deleted: all },
  ];
  for (const { title, said, deleted } of rows) {
    const [cleanup] = decided(observation(bundle(syncedStatus()), { cleanupPending: saying(said) })).cleanup;
    t.strictSame(cleanup?.names, deleted, title);
  }
});

t.test('Secrets whose Job something stands in the way of go after ten minutes', async (t) => {
  const supplied = { kind: 'blocker', reason: 'ServiceAccountMissing', message: 'no ServiceAccount' } as const;
  const access = { kind: 'blocker', reason: 'CredentialsInvalid', message: 'no Secret' } as const;
  const jobName = openStatus.deployment?.jobName;
  const names = secretNames(jobName);
  const began = Date.parse(openStatus.deployment?.startedAt ?? '');
  for (const blocker of [{ jobInputs: supplied }, { access }]) {
    const after = (ms: number) => decided(observation(bundle(openStatus), { ...blocker, now: began + ms })).cleanup;
    t.strictSame(after(10 * 60_000 - 1), [], 'another process may be at it');
    t.strictSame(after(10 * 60_000), [{ kind: 'delete-secrets', namespace: 'ops', names, bundleUid: UID }]);
  }
});
