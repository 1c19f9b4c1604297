import t from 'tap';
import type { Condition, Pod, Stored } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { FINDINGS } from '../../controller/decide/finding.js';
import type { Observation } from '../../controller/decide/observation.js';
import { mergePatchOf } from '../../controller/decide/status-patch.js';
import { hasSeenValuesChange } from '../../controller/decide/values-change.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  failure,
  historyEntry,
  iso,
  job,
  jobInputs,
  NOW,
  observation,
  platform,
  pod,
  reachable,
  secretNames,
  selected,
  syncedStatus,
  tags,
  UID,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';

/** The part of a decision that a person reads. */
const told = (seen: Observation) => {
  const { status, actions, interest, recheck, events } = decided(seen);
  const condition = (type: string) => {
    const found = status.conditions?.find((one) => one.type === type);
    return found && `${found.status} ${found.reason}`;
  };
  return {
    phase: status.phase,
    ready: condition('Ready'),
    reconciling: condition('Reconciling'),
    stalled: condition('Stalled'),
    suspended: condition('Suspended'),
    reachable: condition('RegistryReachable'),
    due: interest?.due.kind,
    actions: actions.map(({ kind }) => kind),
    recheck: recheck.kind,
    events: events.map(({ reason }) => reason),
  };
};

const failing = (count: number, more: WerfBundleStatus = {}): WerfBundleStatus => ({
  observedGeneration: 1,
  phase: 'Syncing',
  consecutiveFailures: count,
  resolvedTargetNamespace: 'ops',
  ...more,
});

const failedStatus = (
  result: 'Failed' | 'Lost' | 'Refused' | 'Superseded',
  change: WerfBundleStatus = {},
): WerfBundleStatus =>
  syncedStatus({
    phase: 'Syncing',
    lastJobStatus: 'Failed',
    deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B }),
    history: [
      historyEntry(result, { number: 2, tag: 'v1.1.0', digest: DIGEST_B, message: 'pod failed with exit code 1' }),
      historyEntry('Succeeded'),
    ],
    ...change,
  });

const runningStatus = syncedStatus({
  phase: 'Syncing',
  deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, jobName: 'my-app-33333333-44444444' }),
  activeJobName: 'my-app-33333333-44444444',
  lastJobName: 'my-app-33333333-44444444',
  lastJobStatus: 'Running',
});

const NOT_READY: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'DeployFailed',
  message: 'pod failed with exit code 1',
  observedGeneration: 1,
  lastTransitionTime: iso(0),
};

const REQUEST = { 'werf.io/reconcile-requested-at': '1' };

const openStatus = syncedStatus({
  deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, jobName: 'my-app-33333333-44444444' }),
});

const present = (
  seen: WerfBundleStatus,
  ended?: { exitCode: number; reason?: string },
): Extract<Observation['job'], { kind: 'present' }> => ({
  kind: 'present',
  job: job(bundle(seen), seen.deployment),
  pod: pod(ended),
  log:
    ended === undefined
      ? { kind: 'not-needed' }
      : { kind: 'read', tail: 'the log\n', errorLine: 'Error: no such chart' },
});

/** No tag satisfies; so many scans in a row have said so. */
const nothing = (sameScans: number) => ({
  delivery: delivery({ kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags }),
  sameScans,
});

t.test('what is told: each row of the table of situations', async (t) => {
  const rows: readonly { title: string; seen: Observation; want: Partial<ReturnType<typeof told>> }[] = [
    {
      title: 'a new bundle is Syncing, Ready is Unknown, and the registry is asked at once',
      seen: observation(bundle()),
      want: {
        phase: 'Syncing',
        ready: 'Unknown FirstScan',
        reconciling: 'True FirstScan',
        stalled: undefined,
        reachable: 'Unknown FirstScan',
        due: 'at',
        events: [],
      },
    },
    {
      title: 'an invalid spec is Failed and stalled, and nothing is polled',
      seen: observation(bundle({}, { spec: { registry: { url: 'https://x/y' } } })),
      want: {
        phase: 'Failed',
        ready: 'False SpecInvalid',
        reconciling: undefined,
        stalled: 'True SpecInvalid',
        due: undefined,
        events: ['SpecInvalid'],
      },
    },
    {
      title: 'a bundle without its credentials is Failed and stalled, and is looked at again',
      seen: observation(bundle(syncedStatus()), {
        access: { kind: 'blocker', reason: 'CredentialsInvalid', message: 'Secret creds does not exist' },
      }),
      want: {
        phase: 'Failed',
        ready: 'False CredentialsInvalid',
        reconciling: undefined,
        stalled: 'True CredentialsInvalid',
        due: undefined,
        recheck: 'at',
        events: ['CredentialsInvalid'],
      },
    },
    {
      title: 'a missing ServiceAccount is Failed and stalled, and the registry is still polled',
      seen: observation(bundle(syncedStatus()), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: {
          kind: 'blocker',
          reason: 'ServiceAccountMissing',
          message: 'ServiceAccount werf-converge does not exist in namespace ops',
        },
      }),
      want: {
        phase: 'Failed',
        ready: 'False ServiceAccountMissing',
        stalled: 'True ServiceAccountMissing',
        reachable: 'True Polled',
        due: 'interval',
        recheck: 'at',
      },
    },
    {
      title: 'a running Job is Syncing',
      seen: observation(bundle(runningStatus), { job: present(runningStatus) }),
      want: {
        phase: 'Syncing',
        ready: 'Unknown Deploying',
        reconciling: 'True Deploying',
        stalled: undefined,
        actions: [],
        recheck: 'at',
        events: ['Deploying'],
      },
    },
    {
      title: 'the first failed poll of a new bundle is Syncing and retried',
      seen: observation(bundle(failing(0)), { delivery: delivery(failure()) }),
      want: {
        phase: 'Syncing',
        ready: 'False PollFailed',
        reconciling: 'True ProgressingWithRetry',
        stalled: undefined,
        reachable: 'False PollFailed',
        due: 'at',
        events: ['PollFailed'],
      },
    },
    {
      title: 'a failed poll of a deployed bundle leaves it Ready',
      seen: observation(bundle(syncedStatus()), { delivery: delivery(failure()) }),
      want: {
        phase: 'Syncing',
        ready: 'True PollFailed',
        reconciling: undefined,
        stalled: undefined,
        reachable: 'False PollFailed',
        due: 'at',
        events: ['PollFailed'],
      },
    },
    {
      title: 'the sixth failed poll is Failed and stalled, and polling stops',
      seen: observation(bundle(failing(5)), { delivery: delivery(failure()) }),
      want: {
        phase: 'Failed',
        ready: 'False PollingStopped',
        reconciling: undefined,
        stalled: 'True PollingStopped',
        reachable: 'False PollingStopped',
        due: 'never',
        events: ['PollingStopped'],
      },
    },
    {
      title: 'a failed Job with retries left is Syncing and retried',
      seen: observation(bundle(failedStatus('Failed'), { spec: { converge: { retries: 1 } } }), { now: NOW - 1_000 }),
      want: {
        phase: 'Syncing',
        ready: 'False DeployFailed',
        reconciling: 'True ProgressingWithRetry',
        stalled: undefined,
        actions: [],
        recheck: 'at',
      },
    },
    {
      title: 'a failed Job without retries is Failed and stalled',
      seen: observation(bundle(failedStatus('Failed'))),
      want: {
        phase: 'Failed',
        ready: 'False DeployFailed',
        reconciling: undefined,
        stalled: 'True DeployFailed',
        due: 'interval',
        recheck: 'on-change',
      },
    },
    {
      title: 'a lost Job is tried again by itself',
      seen: observation(bundle(failedStatus('Lost')), { now: NOW - 1_000 }),
      want: { phase: 'Syncing', ready: 'False JobLost', reconciling: 'True ProgressingWithRetry', recheck: 'at' },
    },
    {
      title: 'no matching tag is Failed and stalled when nothing is deployed',
      seen: observation(bundle(failing(0)), nothing(1)),
      want: {
        phase: 'Failed',
        ready: 'False NoMatchingTag',
        stalled: 'True NoMatchingTag',
        reachable: 'True Polled',
        due: 'interval',
      },
    },
    {
      title: 'no matching tag is not believed at once when something is deployed',
      seen: observation(bundle(syncedStatus()), nothing(1)),
      want: { phase: 'Synced', ready: 'True Deployed', stalled: undefined },
    },
    {
      title: 'no matching tag is believed the second time',
      seen: observation(bundle(syncedStatus()), nothing(2)),
      want: { phase: 'Failed', ready: 'False NoMatchingTag', stalled: 'True NoMatchingTag' },
    },
    {
      title: 'what two scans have said stays said after a restart, when the first one says it again',
      seen: observation(bundle(decided(observation(bundle(syncedStatus()), nothing(2))).status), nothing(1)),
      want: { phase: 'Failed', ready: 'False NoMatchingTag', stalled: 'True NoMatchingTag', events: [] },
    },
    {
      title: 'a lower version is held back: Synced and Ready, with an event',
      seen: observation(bundle(syncedStatus({ lastAppliedTag: 'v1.2.0', deployment: deployment({ tag: 'v1.2.0' }) })), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: {
        phase: 'Synced',
        ready: 'True DowngradeHeld',
        actions: [],
        events: ['DowngradeHeld'],
      },
    },
    {
      title: 'a suspended bundle that was deployed is Synced and keeps its Ready',
      seen: observation(bundle(syncedStatus(), { spec: { suspend: true } }), { access: { kind: 'not-needed' } }),
      want: {
        phase: 'Synced',
        ready: 'True Deployed',
        reconciling: undefined,
        due: undefined,
        suspended: 'True Suspended',
      },
    },
    {
      title: 'a suspended new bundle is Syncing and has no Ready: whoever waits for health is not held up by it',
      seen: observation(bundle({ observedGeneration: 1 }, { spec: { suspend: true } }), {
        access: { kind: 'not-needed' },
      }),
      want: {
        phase: 'Syncing',
        ready: undefined,
        reconciling: undefined,
        stalled: undefined,
        due: undefined,
        suspended: 'True Suspended',
      },
    },
    {
      title: 'nor does one that had failed before it was suspended',
      seen: observation(
        bundle(syncedStatus({ phase: 'Failed', conditions: [NOT_READY] }), { spec: { suspend: true } }),
        { access: { kind: 'not-needed' } },
      ),
      want: { phase: 'Synced', ready: undefined, stalled: undefined, suspended: 'True Suspended' },
    },
    {
      title: 'where the platform has suspended all bundles, a new one asks for something that it does not get',
      seen: observation(bundle({ observedGeneration: 1 }), {
        access: { kind: 'not-needed' },
        platform: { ...platform, suspendAll: true },
      }),
      want: { phase: 'Syncing', ready: 'False Suspended', reconciling: undefined, suspended: 'True Suspended' },
    },
    {
      title: 'and one that was deployed keeps its Ready',
      seen: observation(bundle(syncedStatus()), {
        access: { kind: 'not-needed' },
        platform: { ...platform, suspendAll: true },
      }),
      want: { phase: 'Synced', ready: 'True Deployed', suspended: 'True Suspended' },
    },
    {
      title: 'a bundle that goes keeps its phase and is reconciling',
      seen: observation(bundle(syncedStatus(), { metadata: { deletionTimestamp: iso(0) } }), {
        access: { kind: 'not-needed' },
      }),
      want: { phase: 'Synced', ready: 'True Deployed', reconciling: 'True Deleting', due: undefined },
    },
    {
      title: 'a deployed bundle with nothing to do stays Synced',
      seen: observation(bundle(syncedStatus()), { delivery: delivery(selected()), jobInputs: jobInputs() }),
      want: {
        phase: 'Synced',
        ready: 'True Deployed',
        reconciling: undefined,
        stalled: undefined,
        due: 'interval',
        actions: [],
        recheck: 'on-change',
        events: [],
      },
    },
    {
      title: 'a changed spec is looked at anew: the old failure says nothing of it',
      seen: observation(bundle(failedStatus('Failed'), { metadata: { generation: 2 } })),
      want: {
        phase: 'Syncing',
        ready: 'Unknown FirstScan',
        reconciling: 'True FirstScan',
        stalled: undefined,
        due: 'at',
      },
    },
  ];
  for (const { title, seen, want } of rows) {
    const got = told(seen);
    const chosen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
    t.strictSame(chosen, want, title);
  }
  t.equal(new Set(FINDINGS.map(({ kind }) => kind)).size, FINDINGS.length, 'no situation stands twice in the table');
});

t.test('the backoff of polls is the table of the guide', async (t) => {
  const waits = ['30s', '1m', '2m', '4m', '8m'];
  for (const [index, wait] of waits.entries()) {
    const { status } = decided(
      observation(bundle(failing(index)), { delivery: delivery(failure('401 unauthorized')) }),
    );
    t.equal(status.consecutiveFailures, index + 1, `failure ${index + 1} is counted`);
    t.equal(status.lastErrorMessage, 'error polling registry: 401 unauthorized');
    t.equal(status.lastErrorTime, iso(0));
    t.equal(
      Date.parse(status.nextAttemptTime ?? '') - NOW,
      ([30, 60, 120, 240, 480][index] as number) * 1000,
      `the next poll comes after ${wait}`,
    );
    t.match(
      status.conditions?.find(({ type }) => type === 'RegistryReachable')?.message,
      `failure ${index + 1} of 6, next try after ${wait}`,
    );
  }
  const sixth = decided(observation(bundle(failing(5)), { delivery: delivery(failure('404 not found')) })).status;
  t.equal(sixth.consecutiveFailures, 6);
  t.equal(sixth.nextAttemptTime, undefined, 'after the sixth there is no next poll');
  const later = decided(
    observation(bundle(failing(1)), {
      delivery: delivery(failure('429 too many requests', { retryAfterMs: 300_000 })),
    }),
  ).status;
  t.equal(later.nextAttemptTime, iso(300_000), 'a later Retry-After wins');
  const scaled = { ...platform, timeScale: 10 };
  const quick = decided(observation(bundle(failing(0)), { delivery: delivery(failure()), platform: scaled })).status;
  t.equal(quick.nextAttemptTime, iso(3_000), 'the time scale divides the wait');
});

/** Polling has stopped, with the credentials that {@link observation} has, unless the change says otherwise. */
const stopped = (change: WerfBundleStatus = {}): WerfBundleStatus => {
  const sixth = decided(
    observation(bundle(syncedStatus({ consecutiveFailures: 5 })), { delivery: delivery(failure()) }),
  );
  return { ...sixth.status, ...change };
};
const other = { kind: 'basic', username: 'robot', password: 'another' } as const;
const registry = { host: 'registry.example', repository: 'acme/app', insecure: false };
const withAccess = (target: object): Partial<Observation> => ({
  access: { kind: 'ready', target: { ...registry, ...target }, dockerConfig: undefined },
});
const hourly = { ...platform, failedRetryIntervalMs: 3_600_000 };
const annotated = (annotations: Readonly<Record<string, string>>) => ({ metadata: { annotations } });

t.test('ways out of a stop of polling', async (t) => {
  const rows: readonly {
    title: string;
    seen: Observation;
    failures: number;
    due: object | undefined;
  }[] = [
    { title: 'by itself nothing happens', seen: observation(bundle(stopped())), failures: 6, due: { kind: 'never' } },
    {
      title: 'a success that was meant for another bundle ends it',
      seen: observation(bundle(stopped()), { delivery: delivery(selected()), jobInputs: jobInputs() }),
      failures: 0,
      due: { kind: 'interval' },
    },
    {
      title: 'a changed spec is asked for at once, and counting begins anew',
      seen: observation(bundle(stopped(), { metadata: { generation: 2 } })),
      failures: 0,
      due: { kind: 'at', time: NOW },
    },
    {
      title: 'so are other credentials',
      seen: observation(bundle(stopped()), withAccess({ credential: other })),
      failures: 0,
      due: { kind: 'at', time: NOW },
    },
    {
      title: 'and another CA',
      seen: observation(bundle(stopped()), withAccess({ ca: 'PEM' })),
      failures: 0,
      due: { kind: 'at', time: NOW },
    },
    {
      title: 'a failure that comes with other credentials was that of the old ones',
      seen: observation(bundle(stopped()), { ...withAccess({ ca: 'PEM' }), delivery: delivery(failure()) }),
      failures: 0,
      due: { kind: 'at', time: NOW },
    },
    {
      title: 'another checksum key makes no credentials other ones',
      seen: observation(bundle(stopped({ failedCredentials: 'k0:123' }))),
      failures: 6,
      due: { kind: 'never' },
    },
    {
      title: 'a request asks once more, without counting anew',
      seen: observation(bundle(stopped(), annotated(REQUEST))),
      failures: 6,
      due: { kind: 'at', time: NOW },
    },
    {
      title: 'so does one in the way of Flux',
      seen: observation(bundle(stopped(), annotated({ 'reconcile.fluxcd.io/requestedAt': '1' }))),
      failures: 6,
      due: { kind: 'at', time: NOW },
    },
    {
      title: 'a request is answered by a failure, too',
      seen: observation(bundle(stopped(), annotated(REQUEST)), { delivery: delivery(failure()) }),
      failures: 6,
      due: { kind: 'never' },
    },
    {
      title: 'an empty value asks for nothing',
      seen: observation(bundle(stopped(), annotated({ 'werf.io/reconcile-requested-at': '' }))),
      failures: 6,
      due: { kind: 'never' },
    },
    {
      title: 'a counter that was set to 0 begins anew',
      seen: observation(bundle(stopped({ consecutiveFailures: 0 }))),
      failures: 0,
      due: { kind: 'at', time: NOW },
    },
    {
      title: '--failed-retry-interval asks again when it is over',
      seen: observation(bundle(stopped()), { platform: hourly }),
      failures: 6,
      due: { kind: 'at', time: NOW + 3_600_000 },
    },
    {
      title: 'divided by the time scale',
      seen: observation(bundle(stopped()), { platform: { ...hourly, timeScale: 60 } }),
      failures: 6,
      due: { kind: 'at', time: NOW + 60_000 },
    },
    {
      title: 'a time that was written when the flag was set does not count without it',
      seen: observation(bundle(stopped({ nextAttemptTime: iso(1_000) }))),
      failures: 6,
      due: { kind: 'never' },
    },
    {
      title: 'a credential that was missing and is there asks at once, and counting begins anew',
      seen: observation(
        bundle(
          decided(
            observation(bundle(stopped()), {
              access: { kind: 'blocker', reason: 'CredentialsInvalid', message: 'Secret creds does not exist' },
            }),
          ).status,
        ),
      ),
      failures: 0,
      due: { kind: 'at', time: NOW },
    },
  ];
  for (const { title, seen, failures, due } of rows) {
    const { status, interest } = decided(seen);
    t.strictSame({ failures: status.consecutiveFailures, due: interest?.due }, { failures, due }, title);
    const again = decided({ ...seen, bundle: { ...seen.bundle, status }, delivery: undefined, jobInputs: undefined });
    t.strictSame(again.status, status, `${title}: and that holds`);
  }
  const end = 'polling has stopped; mend the cause, then set status.consecutiveFailures to 0';
  const told = (seen: Observation) =>
    decided(seen).status.conditions?.find(({ type }) => type === 'RegistryReachable')?.message;
  const sixth = { delivery: delivery(failure()) };
  t.equal(
    told(observation(bundle(stopped()), sixth)),
    `error polling registry: connection refused (failure 6 of 6: ${end})`,
  );
  t.equal(
    told(observation(bundle(stopped()), { ...sixth, platform: hourly })),
    `error polling registry: connection refused (failure 6 of 6: ${end}, next try after 1h)`,
  );
  const well = decided(
    observation(bundle(stopped(), annotated(REQUEST)), {
      delivery: delivery(selected('v1.1.0', DIGEST_B)),
      jobInputs: jobInputs(),
    }),
  );
  t.equal(well.status.deployment?.reason, 'NewTag', 'what a success has found is deployed');
});

t.test('while polls fail with a Secret, it is looked at every 30 s', async (t) => {
  const secretRef = { spec: { registry: { url: 'registry.example/acme/app', secretRef: { name: 'creds' } } } };
  const caRef = { spec: { registry: { url: 'registry.example/acme/app', caSecretRef: { name: 'ca' } } } };
  const waits = (seen: Observation) => {
    const { recheck } = decided(seen);
    return recheck.kind === 'at' ? recheck.time - NOW : recheck.kind;
  };
  t.equal(waits(observation(bundle(stopped(), secretRef))), 30_000);
  t.equal(waits(observation(bundle(stopped(), caRef))), 30_000);
  t.equal(waits(observation(bundle(stopped()), { platform: { ...platform, defaultRegistrySecret: 'all' } })), 30_000);
  t.equal(waits(observation(bundle(stopped(), secretRef), { platform: { ...platform, timeScale: 60 } })), 500);
  t.equal(waits(observation(bundle(stopped()))), 'on-change', 'without one there is nothing to look at');
  t.equal(waits(observation(bundle(syncedStatus(), secretRef))), 'on-change', 'nor while all is well');
});

/** v1.2.0 is deployed, and the registry offers v1.1.0. */
const lowered = (
  given: {
    readonly scans?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly registry?: object;
    readonly generation?: number;
    readonly applied?: string;
    readonly offered?: string;
  } = {},
): Observation => {
  const { scans = 1, annotations = {}, registry = {}, generation = 1, applied = 'v1.2.0', offered = 'v1.1.0' } = given;
  const status = syncedStatus({
    lastAppliedTag: applied,
    deployment: deployment({ tag: applied }),
    observedGeneration: generation,
  });
  const spec = { registry: { url: 'registry.example/acme/app', versionConstraint: '>=1.0.0', ...registry } };
  return observation(bundle(status, { spec, metadata: { generation, annotations } }), {
    delivery: delivery(selected(offered, DIGEST_B)),
    jobInputs: jobInputs(),
    sameScans: scans,
  });
};

const ALLOWED = { 'werf.io/allow-downgrade': 'true' };
const downgrade = { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Downgrade' };

const downgrades: readonly { title: string; seen: Observation; want: object | undefined }[] = [
  {
    title: 'a lower version is held back, however often it is offered',
    seen: lowered({ scans: 9 }),
    want: undefined,
  },
  {
    title: 'and so it is at the first scan, though the annotation allows it',
    seen: lowered({ annotations: ALLOWED }),
    want: undefined,
  },
  {
    title: 'two scans and the annotation deploy a lower version',
    seen: lowered({ scans: 2, annotations: ALLOWED }),
    want: downgrade,
  },
  {
    title: 'no other value of the annotation allows it',
    seen: lowered({ scans: 2, annotations: { 'werf.io/allow-downgrade': 'yes' } }),
    want: undefined,
  },
  {
    title: 'a constraint that leaves out the deployed tag means the lower one, and is told as what it is',
    seen: lowered({ registry: { versionConstraint: '~1.1' } }),
    want: downgrade,
  },
  {
    title: 'so does a pattern',
    seen: lowered({ registry: { tagPattern: '^v1[.]1' } }),
    want: downgrade,
  },
  {
    title: 'so does a tag that is named',
    seen: lowered({ registry: { versionConstraint: undefined, tag: 'v1.1.0' } }),
    want: downgrade,
  },
  {
    title: 'by tagOrder Number the lower number is held back',
    seen: lowered({
      registry: { versionConstraint: undefined, tagOrder: 'Number' },
      applied: '10',
      offered: '9',
    }),
    want: undefined,
  },
  {
    title: 'a tag of another kind is neither lower nor higher',
    seen: lowered({ registry: { versionConstraint: undefined, tag: 'stable' }, offered: 'stable' }),
    want: { number: 2, attempt: 1, tag: 'stable', digest: DIGEST_B, reason: 'NewTag' },
  },
  {
    title: 'equal versions under another name are no downgrade',
    seen: lowered({ offered: '1.2.0' }),
    want: { number: 2, attempt: 1, tag: '1.2.0', digest: DIGEST_B, reason: 'NewTag' },
  },
];

const DEPLOY = { 'werf.io/deploy-requested-at': 'today' };
const requested = (
  status: WerfBundleStatus,
  change: Partial<Observation> = {},
  annotations: Readonly<Record<string, string>> = DEPLOY,
): Observation => observation(bundle(status, { metadata: { annotations } }), { jobInputs: jobInputs(), ...change });

const deployRequests: readonly { title: string; seen: Observation; want: object | undefined }[] = [
  {
    title: 'a deployment that is asked for deploys the same again',
    seen: requested(syncedStatus(), { delivery: delivery(selected()) }),
    want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Requested' },
  },
  {
    title: 'or what is new, for that reason',
    seen: requested(syncedStatus(), { delivery: delivery(selected('v1.1.0', DIGEST_B)) }),
    want: { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'NewTag' },
  },
  {
    title: 'it waits until the registry was asked',
    seen: requested(syncedStatus()),
    want: undefined,
  },
  {
    title: 'but not until the registry answers: then the last tag is deployed again',
    seen: requested(syncedStatus(), { delivery: delivery(failure()) }),
    want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Requested' },
  },
  {
    title: 'at once where polling has stopped',
    seen: requested(
      syncedStatus({
        consecutiveFailures: 6,
        conditions: [{ ...reachable, status: 'False', reason: 'PollingStopped', message: 'x' }],
      }),
    ),
    want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'Requested' },
  },
  {
    title: 'but never a tag that the spec does not take any more',
    seen: observation(
      bundle(syncedStatus({ observedGeneration: 2 }), {
        metadata: { annotations: DEPLOY, generation: 2 },
        spec: { registry: { url: 'registry.example/acme/app', versionConstraint: '>=2' } },
      }),
      {
        jobInputs: jobInputs({ checksum: 'k1:changed' }),
        delivery: delivery({ kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'none', tags }),
      },
    ),
    want: undefined,
  },
  {
    title: 'it counts once',
    seen: requested(syncedStatus({ lastHandledDeployRequest: 'today' }), { delivery: delivery(selected()) }),
    want: undefined,
  },
  {
    title: 'an empty value asks for nothing',
    seen: requested(
      syncedStatus(),
      { delivery: delivery(selected()) },
      {
        'werf.io/deploy-requested-at': '',
      },
    ),
    want: undefined,
  },
  {
    title: 'where nothing was ever deployed, what is found is deployed as what it is',
    seen: requested(failing(0), { delivery: delivery(selected()) }),
    want: { number: 1, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewTag' },
  },
  {
    title: 'a lower version is held back all the same: the deployed one is deployed again',
    seen: { ...lowered({ annotations: DEPLOY }) },
    want: { number: 2, attempt: 1, tag: 'v1.2.0', digest: DIGEST_A, reason: 'Requested' },
  },
];

t.test('when something is deployed, and why', async (t) => {
  const rows: readonly { title: string; seen: Observation; want: object | undefined }[] = [
    {
      title: 'the first tag of a new bundle',
      seen: observation(bundle(failing(0)), { delivery: delivery(selected()), jobInputs: jobInputs() }),
      want: { number: 1, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewTag' },
    },
    {
      title: 'another tag takes the next number',
      seen: observation(bundle(syncedStatus()), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'NewTag' },
    },
    {
      title: 'the same tag with another digest has moved',
      seen: observation(bundle(syncedStatus()), {
        delivery: delivery(selected('v1.0.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_B, reason: 'MovedTag' },
    },
    {
      title: 'other values are deployed with the same tag',
      seen: observation(bundle(syncedStatus()), {
        delivery: delivery(selected()),
        jobInputs: jobInputs({ checksum: 'k1:2' }),
      }),
      want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewValues' },
    },
    {
      title: 'another spec is told from other values by the generation',
      seen: observation(bundle(syncedStatus({ observedGeneration: 2 }), { metadata: { generation: 2 } }), {
        delivery: delivery(selected()),
        jobInputs: jobInputs({ checksum: 'k1:2' }),
      }),
      want: { number: 2, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewSpec' },
    },
    {
      title: 'the same again is nothing',
      seen: observation(bundle(syncedStatus()), { delivery: delivery(selected()), jobInputs: jobInputs() }),
      want: undefined,
    },
    {
      title: 'what failed for good is not tried again',
      seen: observation(bundle(failedStatus('Failed')), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: undefined,
    },
    {
      title: 'what failed is deployed when the registry offers something newer',
      seen: observation(bundle(failedStatus('Failed')), {
        delivery: delivery(selected('v1.2.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { number: 3, attempt: 1, tag: 'v1.2.0', digest: DIGEST_B, reason: 'NewTag' },
    },
    {
      title: 'after a failure the tag deployed before is deployed again when it is wanted again',
      seen: observation(bundle(failedStatus('Failed')), { delivery: delivery(selected()), jobInputs: jobInputs() }),
      want: { number: 3, attempt: 1, tag: 'v1.0.0', digest: DIGEST_A, reason: 'NewTag' },
    },
    {
      title: 'what failed for good is tried anew once the spec was changed, be it only the memory limit',
      seen: observation(bundle(failedStatus('Failed', { observedGeneration: 2 }), { metadata: { generation: 2 } }), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { number: 3, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'NewSpec' },
    },
    {
      title: 'what failed for good is tried anew when somebody asks for a look',
      seen: observation(bundle(failedStatus('Refused'), { metadata: { annotations: REQUEST } }), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { number: 3, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Requested' },
    },
    {
      title: 'a request counts once',
      seen: observation(
        bundle(failedStatus('Failed', { lastHandledRequest: '1' }), { metadata: { annotations: REQUEST } }),
        {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
          jobInputs: jobInputs(),
        },
      ),
      want: undefined,
    },
    {
      title: 'a request deploys nothing again that did not fail',
      seen: observation(bundle(syncedStatus(), { metadata: { annotations: REQUEST } }), {
        delivery: delivery(selected()),
        jobInputs: jobInputs(),
      }),
      want: undefined,
    },
    {
      title: 'a retry comes when its time has come',
      seen: observation(bundle(failedStatus('Failed'), { spec: { converge: { retries: 2 } } }), {
        jobInputs: jobInputs(),
      }),
      want: { number: 3, attempt: 2, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Retry' },
    },
    {
      title: 'and not before',
      seen: observation(bundle(failedStatus('Failed'), { spec: { converge: { retries: 2 } } }), {
        jobInputs: jobInputs(),
        now: NOW - 1,
      }),
      want: undefined,
    },
    {
      title: 'retries end',
      seen: observation(
        bundle(
          failedStatus('Failed', {
            deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, attempt: 3 }),
          }),
          { spec: { converge: { retries: 2 } } },
        ),
        { jobInputs: jobInputs(), now: NOW + 3_600_000 },
      ),
      want: undefined,
    },
    {
      title: 'a lost Job is tried again after 30s',
      seen: observation(bundle(failedStatus('Lost')), { jobInputs: jobInputs() }),
      want: { number: 3, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'JobLost' },
    },
    {
      title: 'after the fourth Job in a row without a result a person must act',
      seen: observation(
        bundle(failedStatus('Lost', { history: [2, 3, 4, 5].map(() => historyEntry('Lost', { number: 2 })) })),
        {
          jobInputs: jobInputs(),
          now: NOW + 3_600_000,
        },
      ),
      want: undefined,
    },
    {
      title: 'a lower version is deployed when the spec was changed since',
      seen: observation(
        bundle(
          syncedStatus({ lastAppliedTag: 'v1.2.0', deployment: deployment({ tag: 'v1.2.0' }), observedGeneration: 2 }),
          { metadata: { generation: 2 } },
        ),
        {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
          jobInputs: jobInputs(),
        },
      ),
      want: { number: 2, attempt: 1, tag: 'v1.1.0', digest: DIGEST_B, reason: 'Downgrade' },
    },
    ...downgrades,
    ...deployRequests,
    {
      title: 'a delivery that arrives with a changed spec answers the old one',
      seen: observation(bundle(syncedStatus(), { metadata: { generation: 2 } }), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
      }),
      want: undefined,
    },
    {
      title: 'what is deployed by an older operator is recorded, not deployed',
      seen: observation(bundle({ observedGeneration: 1, lastAppliedTag: 'v1.0.0', resolvedTargetNamespace: 'ops' }), {
        delivery: delivery(selected()),
        jobInputs: jobInputs(),
      }),
      want: undefined,
    },
  ];
  for (const { title, seen, want } of rows) {
    const before = seen.bundle.status?.deployment?.number ?? 0;
    const { deployment: next } = decided(seen).status;
    if (want === undefined) {
      t.equal(next?.number ?? 0, before, title);
      continue;
    }
    const { number, attempt, tag, digest, reason } = next ?? {};
    t.strictSame({ number, attempt, tag, digest, reason }, want, title);
    if (seen.bundle.metadata.annotations?.['werf.io/deploy-requested-at'] === 'today')
      t.equal(decided(seen).status.lastHandledDeployRequest, 'today', `${title}: and it is answered`);
    t.strictSame(decided(seen).actions, [], `${title}: the intent is written before anything is created`);
    t.equal(decided(seen).recheck.kind, 'now', `${title}: and carried out at once`);
  }
  const inVain = deployRequests.find(({ title }) => title.startsWith('but never a tag'))?.seen;
  t.equal(
    inVain && decided(inVain).status.lastHandledDeployRequest,
    'today',
    'what can not be deployed is no reason to ask the registry for ever',
  );
  const old = decided(
    observation(bundle({ observedGeneration: 1, lastAppliedTag: 'v1.0.0', resolvedTargetNamespace: 'ops' }), {
      delivery: delivery(selected()),
      jobInputs: jobInputs(),
    }),
  ).status;
  t.strictSame(
    [old.appliedChecksum, old.lastAppliedDigest, old.phase],
    [CHECKSUM, DIGEST_A, 'Synced'],
    'its checksum and digest are recorded',
  );
  const settled = decided(
    observation(bundle(syncedStatus({ observedGeneration: 2 }), { metadata: { generation: 2 } }), {
      delivery: delivery(selected()),
      jobInputs: jobInputs(),
    }),
  ).status;
  t.equal(
    settled.deployment?.generation,
    2,
    'a spec for which the registry offers the same is settled: a lower version that comes later is no consequence of it',
  );
  const rekeyed = decided(
    observation(bundle(syncedStatus({ appliedChecksum: 'k0:1', deployment: deployment({ checksum: 'k0:1' }) })), {
      delivery: delivery(selected()),
      jobInputs: jobInputs(),
    }),
  ).status;
  t.strictSame(
    [rekeyed.appliedChecksum, rekeyed.deployment?.checksum, rekeyed.deployment?.number],
    [CHECKSUM, CHECKSUM, 1],
    'a checksum of another key is replaced, not acted on',
  );
});

t.test('a checksum of another key is replaced wherever it stands, and nowhere else', async (t) => {
  const [old, other] = ['k0:1', 'k0:2'];
  const last = { number: 2, tag: 'v1.1.0', digest: DIGEST_B } as const;
  const rows: readonly { title: string; given: WerfBundleStatus; offer: 'v1.0.0' | 'v1.1.0'; want: unknown }[] = [
    {
      title: 'a correction that failed was of what is deployed',
      given: syncedStatus({
        appliedChecksum: old,
        lastJobStatus: 'Failed',
        deployment: deployment({ number: 2, checksum: old, reason: 'DriftCorrection' }),
        history: [historyEntry('Failed', { number: 2, checksum: old }), historyEntry('Succeeded', { checksum: old })],
      }),
      offer: 'v1.0.0',
      want: [CHECKSUM, [2, 'v1.0.0', DIGEST_A, CHECKSUM], [CHECKSUM, CHECKSUM]],
    },
    {
      title: 'what gave way says nothing of what is deployed, and stays as it was',
      given: syncedStatus({
        appliedChecksum: old,
        lastJobStatus: 'Failed',
        deployment: deployment({ ...last, checksum: other }),
        history: [
          historyEntry('Superseded', { ...last, checksum: other }),
          historyEntry('Succeeded', { checksum: old }),
        ],
      }),
      offer: 'v1.0.0',
      want: [CHECKSUM, [2, 'v1.1.0', DIGEST_B, other], [other, CHECKSUM]],
    },
    {
      title: 'another tag that failed was not what is deployed',
      given: syncedStatus({
        appliedChecksum: old,
        lastJobStatus: 'Failed',
        deployment: deployment({ ...last, checksum: other }),
        history: [historyEntry('Failed', { ...last, checksum: other }), historyEntry('Succeeded', { checksum: old })],
      }),
      offer: 'v1.1.0',
      want: [old, [2, 'v1.1.0', DIGEST_B, CHECKSUM], [CHECKSUM, old]],
    },
  ];
  for (const { title, given, offer, want } of rows) {
    const offered = offer === 'v1.0.0' ? selected() : selected(offer, DIGEST_B);
    const seen = observation(bundle(given), { delivery: delivery(offered), jobInputs: jobInputs() });
    const { status } = decided(seen);
    const { number, tag, digest, checksum } = status.deployment ?? {};
    const checksums = status.history?.map((entry) => entry.checksum);
    t.strictSame([status.appliedChecksum, [number, tag, digest, checksum], checksums], want, title);
    const again = decided({ ...seen, bundle: bundle(status) });
    t.equal(mergePatchOf(status, again.status), undefined, `${title}: once`);
  }
});

t.test('values that were touched are looked at after ten seconds of quiet', async (t) => {
  const touched = (agoMs: number, change: Partial<Observation> = {}, status = syncedStatus()) =>
    observation(bundle(status), { valuesChangedAt: NOW - agoMs, ...change });
  const waits = (seen: Observation) => {
    const { recheck } = decided(seen);
    return recheck.kind === 'at' ? recheck.time - NOW : recheck.kind;
  };
  t.strictSame([needOf(touched(9_999)) === 'job-inputs', waits(touched(9_999))], [false, 1]);
  t.equal(needOf(touched(10_000)) === 'job-inputs', true);
  t.equal(
    needOf(touched(200, { platform: { ...platform, timeScale: 60 } })) === 'job-inputs',
    true,
    'over the time scale',
  );
  const other = decided(touched(10_000, { jobInputs: jobInputs({ checksum: 'k1:2' }) }));
  t.strictSame([other.status.deployment?.reason, other.status.deployment?.tag], ['NewValues', 'v1.0.0']);
  const same = decided(touched(10_000, { jobInputs: jobInputs() }));
  t.equal(mergePatchOf(syncedStatus(), same.status), undefined, 'what is the same writes nothing');
  t.equal(
    needOf(touched(10_000, {}, failing(0))) === 'job-inputs',
    false,
    'where nothing is deployed there is nothing to compare',
  );
  const running = touched(10_000, { job: present(runningStatus) }, runningStatus);
  t.strictSame(
    [needOf(running) === 'job-inputs', hasSeenValuesChange(running)],
    [false, false],
    'a Job that runs comes first',
  );
  t.equal(hasSeenValuesChange(touched(9_999, { jobInputs: jobInputs() })), false, 'who looks too soon looks again');
  t.equal(hasSeenValuesChange(touched(10_000, { jobInputs: jobInputs() })), true);
  t.equal(hasSeenValuesChange(touched(10_000, {}, failing(0))), true);
});

t.test('what is suspended is left alone, whatever is known of it', async (t) => {
  const offered = {
    delivery: delivery(selected('v1.1.0', DIGEST_B)),
    jobInputs: jobInputs(),
  };
  const own = observation(bundle(syncedStatus(), { spec: { suspend: true } }), offered);
  const all = observation(bundle(syncedStatus()), { ...offered, platform: { ...platform, suspendAll: true } });
  for (const seen of [own, all]) {
    const { actions, status, recheck, interest } = decided(seen);
    t.same([actions, status.deployment, recheck, interest], [[], deployment(), { kind: 'on-change' }, undefined]);
    t.equal(needOf({ ...seen, jobInputs: undefined, slot: undefined }), undefined, 'nothing is looked up');
  }
  const { status } = decided(observation(bundle(syncedStatus()), offered));
  t.equal(status.deployment?.tag, 'v1.1.0', 'the same is deployed where nobody suspends it');
});

t.test('carrying out and following', async (t) => {
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
  const secrets = { 'werf.io/secrets': 'j-values,j-docker' };
  const withSecrets = { ...made, metadata: { ...made.metadata, annotations: secrets } };
  const names = [{ kind: 'delete-secrets', namespace: 'ops', names: ['j-values', 'j-docker'], bundleUid: UID }];
  const ended = { kind: 'present', job: withSecrets, pod: pod({ exitCode: 0 }), log: { kind: 'not-needed' } } as const;
  t.strictSame(decided(observation(bundle(runningStatus), { job: ended })).cleanup, names);
  t.strictSame(
    decided(observation(bundle(syncedStatus()))).cleanup,
    [],
    'once they are known to be gone nothing is left',
  );
  t.strictSame(decided(observation(bundle(syncedStatus()), { cleanupPending: withSecrets })).cleanup, names);
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

t.test('a status is patched as little as possible', async (t) => {
  const rows: readonly { title: string; before: object; after: object; want: object | undefined }[] = [
    {
      title: 'equal statuses need no patch',
      before: { a: 1, b: { c: [1] } },
      after: { b: { c: [1] }, a: 1 },
      want: undefined,
    },
    { title: 'a field that goes is null', before: { a: 1, b: 2 }, after: { a: 1 }, want: { b: null } },
    {
      title: 'a map is patched inside',
      before: { a: { b: 1, c: 2 } },
      after: { a: { b: 1, c: 3 } },
      want: { a: { c: 3 } },
    },
    { title: 'a list is replaced whole', before: { a: [1, 2] }, after: { a: [1] }, want: { a: [1] } },
    { title: 'undefined is the same as absent', before: { a: undefined }, after: {}, want: undefined },
  ];
  for (const { title, before, after, want } of rows) t.strictSame(mergePatchOf(before, after), want, title);
  const quiet = observation(bundle(syncedStatus()), { delivery: delivery(selected()), jobInputs: jobInputs() });
  t.equal(
    mergePatchOf(quiet.bundle.status ?? {}, decided(quiet).status),
    undefined,
    'an unchanged scan writes nothing',
  );
});

t.test('deciding twice on what was decided changes nothing', async (t) => {
  const starts: readonly Observation[] = [
    observation(bundle()),
    observation(bundle(failing(0)), { delivery: delivery(failure()) }),
    observation(bundle(failing(5)), { delivery: delivery(failure()) }),
    observation(bundle(failedStatus('Failed'))),
    observation(bundle(runningStatus), { job: present(runningStatus, { exitCode: 1 }) }),
    observation(bundle(runningStatus), { job: present(runningStatus, { exitCode: 0 }) }),
    observation(bundle(syncedStatus(), { spec: { suspend: true } }), { access: { kind: 'not-needed' } }),
  ];
  for (const seen of starts) {
    const { status } = decided(seen);
    const again = decided({
      ...seen,
      bundle: { ...seen.bundle, status },
      delivery: undefined,
      job: { kind: 'absent' },
    });
    t.strictSame(again.status, status, `${status.phase}: ${status.conditions?.[0]?.message}`);
    t.strictSame(again.events, [], 'and announces nothing');
  }
});

t.test('a first look that is held back says why, without numbers, and is no failure', async (t) => {
  const first = (status: WerfBundleStatus, heldBack: Observation['heldBack'], change: Partial<Observation> = {}) =>
    decided(observation(bundle(status), { ...change, heldBack })).status;
  const messages = ({ conditions = [] }: WerfBundleStatus) => [...new Set(conditions.map(({ message }) => message))];
  const asked = first({ observedGeneration: -1 }, undefined);
  const rows = [
    ['rate', 'more polls wait for the registry than it may be asked in a second'],
    [
      'breaker',
      'the registry did not answer when it was asked last, for this bundle or others, and is left alone for a while',
    ],
    ['retry-after', 'the registry wants to be left alone for a while (Retry-After)'],
  ] as const;
  for (const [why, words] of rows) {
    const held = first(asked, why);
    t.strictSame(messages(held), [`the registry has not been asked yet: polls are held back, for ${words}`], why);
    t.strictSame([held.phase, held.consecutiveFailures, held.lastErrorMessage], ['Syncing', 0, undefined]);
    t.strictSame(first(held, why, { now: NOW + 60_000 }), held, 'it stands');
    t.strictSame(first(held, undefined), asked, 'and goes, as after a restart');
    t.strictSame(first(held, why, { delivery: delivery(selected()) }).conditions?.at(-1)?.message, reachable.message);
  }
  const anew = decided(observation(bundle(syncedStatus(), { metadata: { generation: 2 } }), { heldBack: 'breaker' }));
  t.match(messages(anew.status), [/^the registry has not been asked yet: polls are held back/]);
  t.strictSame(anew.events, [], 'no event');
  const synced = observation(bundle(syncedStatus()), { heldBack: 'breaker' });
  t.equal(
    mergePatchOf(syncedStatus(), decided(synced).status),
    undefined,
    'who is deployed and well has nothing to say',
  );
  const failed = decided(observation(bundle(syncedStatus()), { delivery: delivery(failure()) })).status;
  t.strictSame(first(failed, 'breaker'), failed, 'nor has one whose polls fail');
});
