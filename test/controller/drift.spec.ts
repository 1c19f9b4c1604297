import t, { type Test } from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import { planJobNameOf } from '../../api/names.js';
import type { Secret } from '../../api/objects.js';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { projectJob } from '../../controller/cache/projections.js';
import { afterFailure } from '../../controller/decide/after-failure.js';
import { decide } from '../../controller/decide/decide.js';
import { nextCheckTime } from '../../controller/decide/drift-schedule.js';
import type { Observation, PlanJob } from '../../controller/decide/observation.js';
import { buildPlanJob, planInput } from '../../controller/deploy/plan-job.js';
import type { PlanFinding } from '../../controller/deploy/plan-summary.js';
import { KubeError } from '../../kube/client.js';
import { NAMESPACES, PODS, SECRETS, SERVICEACCOUNTS, WERFBUNDLES } from '../../kube/resources.js';
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
  secretNames,
  selected,
  settingsOf,
  slot,
  syncedStatus,
  UID,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';
import { type ReconcileHarness, type Run, reconcileHarness } from '../kit/reconcile-harness.js';

const MINUTE = 60_000;

const SECRETS_OF_DEPLOYMENT = secretNames(deployment().jobName);

const PLAN = /^my-app-plan-[0-9a-f]{8}-[0-9a-f]{8}$/;

type DriftSpec = NonNullable<NonNullable<WerfBundleSpec['converge']>['driftDetection']>;

const detecting = (change: DriftSpec = {}): { readonly spec: Partial<WerfBundleSpec> } => ({
  spec: { converge: { driftDetection: { enabled: true, ...change } } },
});

const drifted = (status: 'True' | 'False' | 'Unknown', since = '2026-11-23T09:40:00Z') =>
  ({
    type: 'Drifted',
    status,
    reason: { True: 'Drifted', False: 'InSync', Unknown: 'DriftCheckFailed' }[status],
    message: {
      True: 'applying v1.0.0 again would update ConfigMap/app',
      False: 'nothing differs from v1.0.0',
      Unknown: 'the last check for drift gave no result: pod failed with exit code 1',
    }[status],
    lastTransitionTime: since,
    observedGeneration: 1,
  }) as const;

const exhausted = {
  type: 'DriftCorrectionFailed',
  status: 'True',
  reason: 'DriftCorrectionFailed',
  message:
    'v1.0.0 was applied again 3 times in vain: find out what changes it or keeps it from being applied; ' +
    'it is tried again when the bundle is annotated with werf.io/reconcile-requested-at',
  lastTransitionTime: '2026-11-23T10:00:00Z',
  observedGeneration: 1,
} as const;

/** Deployed long ago, and checked a minute ago, if nothing else is said. */
const checkedStatus = (condition: ReturnType<typeof drifted>, change: WerfBundleStatus = {}): WerfBundleStatus =>
  syncedStatus({
    deployment: deployment({ startedAt: iso(-60 * MINUTE) }),
    history: [historyEntry('Succeeded', { startedAt: iso(-60 * MINUTE), finishedAt: iso(-59 * MINUTE) })],
    driftCheckCount: 4,
    lastDriftCheckTime: iso(-MINUTE),
    ...change,
    conditions: [...(syncedStatus().conditions ?? []), condition, ...(change.conditions ?? [])],
  });

const correction = { number: 2, reason: 'DriftCorrection', startedAt: iso(-30_000), jobName: 'my-app-1-2' } as const;

/** A correction that ended, or one that runs. */
const corrected = (result: 'Succeeded' | 'Failed' | 'running', attempts: number, change: WerfBundleStatus = {}) => {
  const made = correction;
  return checkedStatus(drifted('True'), {
    deployment: deployment(made),
    lastJobName: made.jobName,
    lastJobStatus: result === 'running' ? 'Running' : result,
    ...(result !== 'running' && {
      history: [historyEntry(result, { ...made, finishedAt: iso(-10_000) }), historyEntry('Succeeded')],
    }),
    driftCorrectionAttempts: attempts,
    ...change,
  });
};

/** What a check leaves in a status, that ended five seconds ago. */
const checked = (condition: ReturnType<typeof drifted>): WerfBundleStatus => ({
  lastDriftCheckTime: iso(-5_000),
  conditions: [...(syncedStatus().conditions ?? []), condition],
});

const planOf = (
  status: WerfBundleStatus,
  check: number,
  end?: { readonly exitCode: number; readonly reason?: string },
) => {
  const of = bundle(status);
  const { namespace, name, uid } = of.metadata;
  const applied = { tag: 'v1.0.0', digest: DIGEST_A, checksum: CHECKSUM, number: status.deployment?.number ?? 0 };
  const base = {
    bundle: { namespace, name, uid },
    settings: settingsOf(of),
    werfImage: 'registry.example/werf:3.2.0',
    valuesArgs: [],
    template: undefined,
    operatorVersion: '1',
    secrets: { values: false, dockerConfig: false, key: false, ca: false },
  };
  const built = buildPlanJob(planInput(base, applied, check));
  const given = { uid: 'plan-1', resourceVersion: '1', creationTimestamp: iso(-MINUTE) };
  const plan: PlanJob = {
    // As the cache has it.
    job: projectJob({ ...built, metadata: { ...built.metadata, ...given } }),
    pod: pod(end),
    log:
      end === undefined || end.exitCode === 0
        ? { kind: 'not-needed' }
        : { kind: 'read', finding: { kind: 'objects', words: 'update ConfigMap/app' }, errorLine: 'no such chart' },
  };
  return plan;
};

/** The same plan, made with another image. */
const runBy = (image: string, plan: PlanJob): PlanJob => ({
  ...plan,
  job: JSON.parse(JSON.stringify(plan.job).replace('registry.example/werf:3.2.0', image)),
});

/** The Job that a bundle asks a slot for, if it does. */
const slotAskedFor = (seen: Observation): string | undefined => {
  const outcome = decide({ ...seen, slot: undefined });
  return outcome.kind === 'needs' && outcome.what === 'job-slot' ? outcome.jobName : undefined;
};

/** The part of a decision that concerns drift, and what a person reads. */
const told = (seen: Observation) => {
  const { status, actions, recheck, events, finalizer, cleanup } = decided(seen);
  const condition = (type: string) => {
    const found = status.conditions?.find((one) => one.type === type);
    return found && `${found.status} ${found.reason}: ${found.message}`;
  };
  const { driftCheckCount, driftCorrectionAttempts, lastDriftCheckTime } = status;
  return {
    phase: status.phase,
    ready: condition('Ready'),
    drifted: condition('Drifted'),
    failed: condition('DriftCorrectionFailed'),
    counts: [driftCheckCount, driftCorrectionAttempts],
    checked: lastDriftCheckTime ?? 'never',
    actions: actions.map((action) => (action.kind === 'delete-job' ? `delete ${action.uid}` : action.kind)),
    recheck: recheck.kind === 'at' ? Math.round((recheck.time - NOW) / 1_000) : recheck.kind,
    events: events.map(({ type, reason }) => `${type} ${reason}`),
    reason: status.deployment?.reason,
    number: status.deployment?.number,
    finalizer,
    cleanedUp: cleanup.flatMap(({ names }) => names),
  };
};

interface Row {
  readonly title: string;
  readonly seen: Observation;
  readonly want: Partial<ReturnType<typeof told>>;
}

const check = (t: Test, rows: readonly Row[]): void => {
  for (const { title, seen, want } of rows) {
    const got = told(seen);
    const chosen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
    t.strictSame(chosen, want, title);
  }
};

/** A check is due, and all that its Job needs is known. */
const due = (status: WerfBundleStatus, change: DriftSpec = {}, more: Partial<Observation> = {}): Observation =>
  observation(bundle({ ...status, lastDriftCheckTime: iso(-60 * MINUTE) }, detecting(change)), {
    jobInputs: jobInputs(),
    ...more,
  });

const SYNCED = { phase: 'Synced', ready: 'True Deployed: deployed v1.0.0 to namespace ops' } as const;

t.test('a check is begun when it is due, and everything else goes first', async (t) => {
  const status = checkedStatus(drifted('False'));
  check(t, [
    {
      title: 'when it is due its Job is made; nothing is said of it',
      seen: due(status),
      want: { ...SYNCED, actions: ['create-plan'], counts: [4, undefined], events: [], number: 1 },
    },
    {
      title: 'not before: the bundle is looked at when it is',
      seen: observation(bundle(status, detecting()), { jobInputs: jobInputs() }),
      want: { ...SYNCED, actions: [], recheck: 825 },
    },
    {
      title: 'a shorter interval takes effect at once',
      seen: observation(bundle(status, detecting({ interval: '1m' })), { jobInputs: jobInputs() }),
      want: { actions: ['create-plan'] },
    },
    {
      title: 'a request looks at once',
      seen: observation(
        bundle(status, { ...detecting(), metadata: { annotations: { 'werf.io/reconcile-requested-at': '1' } } }),
        { delivery: delivery(selected()), jobInputs: jobInputs() },
      ),
      want: { actions: ['create-plan'] },
    },
    {
      title: 'a werf that has no plan makes no Job: that is said instead',
      seen: due(status, {}, { platform: { ...platform, werfImage: 'registry.example/werf:2.52.0' } }),
      want: {
        ...SYNCED,
        drifted:
          'Unknown DriftCheckFailed: the last check for drift gave no result: werf 2.52.0 has no "bundle plan": 2.53 or later is needed',
        actions: [],
        counts: [5, undefined],
        checked: iso(0),
        events: ['Warning DriftCheckFailed'],
      },
    },
    {
      title: 'it waits for a place among the Jobs, and nothing is said of that',
      seen: due(status, {}, { slot: slot(bundle(status), 'waiting'), jobInputs: undefined }),
      want: { ...SYNCED, actions: [], recheck: 'on-change', counts: [4, undefined] },
    },
    {
      title: 'values that were changed are deployed, not checked',
      seen: due(status, {}, { jobInputs: jobInputs({ checksum: `k1:${'2'.repeat(64)}` }) }),
      want: { actions: [], reason: 'NewValues', number: 2 },
    },
    {
      title: 'a new tag is deployed first',
      seen: due(status, {}, { delivery: delivery(selected('v1.1.0', DIGEST_B)) }),
      want: { actions: [], reason: 'NewTag', number: 2 },
    },
    {
      title: 'while polls fail nothing is checked',
      seen: due(status, {}, { delivery: delivery(failure()) }),
      want: { phase: 'Syncing', actions: [] },
    },
    {
      title: 'while something is missing nothing is checked',
      seen: due(status, {}, { jobInputs: { kind: 'blocker', reason: 'ValuesInvalid', message: 'no ConfigMap' } }),
      want: { phase: 'Failed', actions: [] },
    },
    {
      title: 'what failed to be deployed is not checked',
      seen: due(checkedStatus(drifted('False'), { history: [historyEntry('Failed')], lastJobStatus: 'Failed' })),
      want: { phase: 'Failed', actions: [], recheck: 'on-change' },
    },
    {
      title: 'a changed spec is looked at first',
      seen: due(status, {}, { bundle: bundle(status, { ...detecting(), metadata: { generation: 2 } }) }),
      want: { phase: 'Syncing', actions: [] },
    },
    {
      title: 'one check at a time: what another left goes first',
      seen: due(status, {}, { plans: [planOf(status, 9)] }),
      want: { actions: ['delete plan-1'], recheck: 1 },
    },
    {
      title: 'turned off, nothing is checked, and nothing is said any more',
      seen: due(checkedStatus(drifted('True'), { driftCorrectionAttempts: 3, conditions: [exhausted] }), {
        enabled: false,
      }),
      want: {
        ...SYNCED,
        drifted: undefined,
        failed: undefined,
        counts: [undefined, undefined],
        checked: 'never',
        actions: [],
        recheck: 'on-change',
        events: [],
      },
    },
  ]);
});

t.test('a check is followed to its end, and what it finds is told', async (t) => {
  const status = checkedStatus(drifted('False'));
  const ended = (plan: PlanJob, given = status, change: DriftSpec = {}, more: Partial<Observation> = {}) =>
    observation(bundle(given, detecting(change)), { plans: [plan], ...more });
  const counts = [5, undefined];
  const inSync = 'False InSync: nothing differs from v1.0.0';
  const found = 'True Drifted: applying v1.0.0 again would update ConfigMap/app';
  const none = (why: string) => `Unknown DriftCheckFailed: the last check for drift gave no result: ${why}`;
  const unsaid = 'True Drifted: applying v1.0.0 again would change something; the log of the check does not say what';
  const unread: PlanJob['log'] = { kind: 'unreadable', why: 'timeout' };
  const logOf = (finding: PlanFinding): PlanJob['log'] => ({ kind: 'read', finding, errorLine: 'changes planned' });
  check(t, [
    {
      title: 'while it runs the bundle stays Synced, and its time is watched',
      seen: ended(planOf(status, 5)),
      want: { ...SYNCED, drifted: inSync, counts: [4, undefined], actions: [], recheck: 2_100, events: [] },
    },
    {
      title: 'exit code 0: it has not drifted',
      seen: ended(planOf(status, 5, { exitCode: 0 })),
      want: { ...SYNCED, drifted: inSync, counts, checked: iso(0), actions: [], recheck: 'now', events: [] },
    },
    {
      title: 'exit code 0 after drift: that is news',
      seen: ended(planOf(status, 5, { exitCode: 0 }), checkedStatus(drifted('True'))),
      want: { ...SYNCED, drifted: inSync, counts, events: ['Normal InSync'] },
    },
    {
      title: 'exit code 2: it has drifted; Ready stays as it was, for it is to be corrected next',
      seen: ended(planOf(status, 5, { exitCode: 2 })),
      want: { ...SYNCED, drifted: found, counts, recheck: 'now', events: ['Warning Drifted'], number: 1 },
    },
    {
      title: 'exit code 3: only the release would be recorded anew, and no object has drifted',
      seen: ended(planOf(status, 5, { exitCode: 3 })),
      want: { ...SYNCED, drifted: inSync, counts, checked: iso(0), actions: [], recheck: 'now', events: [] },
    },
    {
      title: 'exit code 3, whatever becomes of the log',
      seen: ended({ ...planOf(status, 5, { exitCode: 3 }), log: unread }),
      want: { drifted: inSync, counts },
    },
    {
      title: 'exit code 2 of werf 2, which says in its log that it is the release alone',
      seen: ended({ ...planOf(status, 5, { exitCode: 2 }), log: logOf({ kind: 'release-only' }) }),
      want: { ...SYNCED, drifted: inSync, counts, events: [] },
    },
    {
      title: 'exit code 3 of a werf that is not known: what it means is not guessed',
      seen: ended(runBy('w:custom', planOf(status, 5, { exitCode: 3 }))),
      want: {
        ...SYNCED,
        drifted: none(
          'werf ended with exit code 3, and what that means is not known: the tag of image "w:custom" does not tell which version of werf it has',
        ),
        counts,
        events: ['Warning DriftCheckFailed'],
      },
    },
    {
      title: '... unless its log says so',
      seen: ended({
        ...runBy('w:custom', planOf(status, 5, { exitCode: 3 })),
        log: logOf({ kind: 'release-only' }),
      }),
      want: { drifted: inSync, counts },
    },
    {
      title: '... or --werf-version tells of the platform\u2019s own image',
      seen: ended(
        runBy('w:custom', planOf(status, 5, { exitCode: 3 })),
        status,
        {},
        {
          platform: { ...platform, werfImage: 'w:custom', werfVersion: '3.2.0' },
        },
      ),
      want: { drifted: inSync, counts },
    },
    {
      title: 'exit code 2 with a log that does not say more',
      seen: ended({ ...planOf(status, 5, { exitCode: 2 }), log: logOf({ kind: 'unsaid' }) }),
      want: { drifted: unsaid, counts },
    },
    {
      title: 'without correction it is said where it is seen first, and the bundle stays Synced and Ready',
      seen: ended(planOf(status, 5, { exitCode: 2 }), status, { correct: false }),
      want: {
        phase: 'Synced',
        ready:
          'True Drifted: deployed v1.0.0 to namespace ops, and changed since: applying v1.0.0 again would update ConfigMap/app',
        drifted: found,
        events: ['Warning Drifted'],
      },
    },
    {
      title: 'drift that stays is told once',
      seen: ended(planOf(status, 5, { exitCode: 2 }), checkedStatus(drifted('True')), { correct: false }),
      want: { drifted: found, counts, events: [] },
    },
    {
      title: 'a log that can not be read is waited for',
      seen: ended({ ...planOf(status, 5, { exitCode: 2 }), log: unread }),
      want: { drifted: inSync, counts: [4, undefined], recheck: 1 },
    },
    {
      title: 'but not for ever',
      seen: ended({ ...planOf(status, 5, { exitCode: 2 }), log: unread }, status, {}, { now: NOW + 40_000 }),
      want: {
        drifted: unsaid,
        counts,
      },
    },
    {
      title: 'any other exit code: it is not known, and why',
      seen: ended(planOf(status, 5, { exitCode: 1 })),
      want: {
        ...SYNCED,
        drifted: none('pod failed with exit code 1: no such chart'),
        counts,
        checked: iso(0),
        events: ['Warning DriftCheckFailed'],
      },
    },
    {
      title: 'out of memory',
      seen: ended(planOf(status, 5, { exitCode: 137, reason: 'OOMKilled' })),
      want: {
        drifted: none('pod failed with OOMKilled: memory limit 1Gi; set spec.converge.resourceLimits.memory to 2Gi'),
      },
    },
    {
      title: 'a Pod that was evicted',
      seen: ended({ ...planOf(status, 5), pod: { ...pod(), status: { phase: 'Failed', reason: 'Evicted' } } }),
      want: { drifted: none('Pod my-app-pod was ended: Evicted') },
    },
    {
      title: 'a Job that does not end is given up by the controller itself',
      seen: ended(planOf(status, 5), status, {}, { now: NOW + 36 * MINUTE }),
      want: {
        drifted: none(`Job ${planOf(status, 5).job.metadata.name} did not end within spec.converge.timeout`),
        recheck: 'now',
      },
    },
    {
      title: 'once it is read its Job is deleted, and with it its Secrets',
      seen: ended(planOf(status, 5, { exitCode: 2 }), checkedStatus(drifted('True'), { driftCheckCount: 5 })),
      want: { actions: ['delete plan-1'], counts, events: [], recheck: 1, number: 1 },
    },
    {
      title: 'one that is going already is only waited for',
      seen: ended(going(planOf(status, 5)), checkedStatus(drifted('False'), { driftCheckCount: 5 })),
      want: { actions: [], recheck: 1 },
    },
    {
      title: 'a Job of another name is none of the check, whatever it says',
      seen: ended(renamed(planOf(status, 5, { exitCode: 0 }))),
      want: { counts: [4, undefined], actions: ['delete plan-1'] },
    },
  ]);

  const anew = { deployment: deployment({ number: 2, jobName: 'my-app-2-2', startedAt: iso(-30_000) }) };
  const others: readonly Row[] = [
    {
      title: 'to a new tag',
      seen: ended(
        planOf(status, 5),
        status,
        {},
        { delivery: delivery(selected('v1.1.0', DIGEST_B)), jobInputs: jobInputs() },
      ),
      want: { actions: ['delete plan-1'], reason: 'NewTag', number: 2, counts: [4, undefined] },
    },
    {
      title: 'to a deployment that was decided before',
      seen: ended(planOf(status, 5), { ...status, ...anew }, {}, { jobInputs: jobInputs() }),
      want: { actions: ['delete plan-1', 'create-job'] },
    },
    {
      title: 'to a changed spec',
      seen: ended(
        planOf(status, 5),
        status,
        {},
        { bundle: bundle(status, { ...detecting(), metadata: { generation: 2 } }) },
      ),
      want: { actions: ['delete plan-1'], counts: [4, undefined] },
    },
    {
      title: 'when the bundle is suspended; what is known of drift stays',
      seen: ended(
        planOf(status, 5),
        status,
        {},
        { bundle: bundle(status, { spec: { ...detecting().spec, suspend: true } }) },
      ),
      want: { phase: 'Synced', drifted: inSync, counts: [4, undefined], actions: ['delete plan-1'] },
    },
    {
      title: 'when the bundle is deleted',
      seen: ended(
        planOf(status, 5),
        status,
        {},
        {
          bundle: bundle(status, { ...detecting(), metadata: { deletionTimestamp: iso(0) } }),
        },
      ),
      want: { actions: ['delete plan-1'] },
    },
    {
      title: 'when drift detection is turned off',
      seen: ended(planOf(status, 5), status, { enabled: false }),
      want: { drifted: undefined, actions: ['delete plan-1'] },
    },
  ];
  t.test('a check that runs gives way', async (t) => check(t, others));
});

const going = (plan: PlanJob): PlanJob => ({
  ...plan,
  job: { ...plan.job, metadata: { ...plan.job.metadata, deletionTimestamp: iso(-1_000) } },
});

const renamed = (plan: PlanJob): PlanJob => ({
  ...plan,
  job: { ...plan.job, metadata: { ...plan.job.metadata, name: 'my-app-plan-x' } },
});

t.test('drift is corrected as often as the bundle says, and each correction is checked', async (t) => {
  const seen = (status: WerfBundleStatus, change: DriftSpec = {}, more: Partial<Observation> = {}) =>
    observation(bundle(status, detecting(change)), { jobInputs: jobInputs(), ...more });
  const request = { metadata: { annotations: { 'werf.io/reconcile-requested-at': '1' } } };
  const requested = (status: WerfBundleStatus) =>
    observation(bundle(status, { ...detecting(), ...request }), {
      jobInputs: jobInputs(),
      delivery: delivery(selected()),
    });
  const vain = checkedStatus(drifted('True'), { driftCorrectionAttempts: 3, conditions: [exhausted] });
  const failed = `True DriftCorrectionFailed: ${exhausted.message}`;
  const uncorrected =
    'True Drifted: deployed v1.0.0 to namespace ops, and changed since: applying v1.0.0 again would update ConfigMap/app';
  check(t, [
    {
      title: 'what is deployed is deployed again, as a deployment of its own, intent first',
      seen: seen(checkedStatus(drifted('True'))),
      want: {
        phase: 'Syncing',
        ready: 'Unknown Deploying: deploying v1.0.0 (DriftCorrection)',
        reason: 'DriftCorrection',
        number: 2,
        counts: [4, 1],
        actions: [],
        recheck: 'now',
        events: ['Normal Deploying'],
        failed: undefined,
      },
    },
    {
      title: 'not where the bundle does not want it: it is told, and that is all',
      seen: seen(checkedStatus(drifted('True')), { correct: false }),
      want: { phase: 'Synced', ready: uncorrected, number: 1, counts: [4, undefined], actions: [], events: [] },
    },
    {
      title: 'not on an old finding: something was deployed since',
      seen: seen(checkedStatus(drifted('True'), { lastDriftCheckTime: iso(-61 * MINUTE) })),
      want: { number: 1, actions: ['create-plan'] },
    },
    {
      title: 'a new tag goes first, and mends it as well',
      seen: seen(
        checkedStatus(drifted('True'), { driftCorrectionAttempts: 2 }),
        {},
        {
          delivery: delivery(selected('v1.1.0', DIGEST_B)),
        },
      ),
      want: { reason: 'NewTag', number: 2, counts: [4, undefined] },
    },
    {
      title: 'a correction that succeeded is checked at once',
      seen: seen(corrected('Succeeded', 1)),
      want: { ...SYNCED, actions: ['create-plan'], counts: [4, 1], events: [] },
    },
    {
      title: 'it took: the count begins anew',
      seen: observation(bundle(corrected('Succeeded', 1), detecting()), {
        plans: [planOf(corrected('Succeeded', 1), 5, { exitCode: 0 })],
      }),
      want: {
        ...SYNCED,
        drifted: 'False InSync: nothing differs from v1.0.0',
        counts: [5, undefined],
        events: ['Normal DriftCorrected'],
      },
    },
    {
      title: 'it did not take: once more',
      seen: seen(corrected('Succeeded', 1, { lastDriftCheckTime: iso(-5_000) })),
      want: { reason: 'DriftCorrection', number: 3, counts: [4, 2], failed: undefined },
    },
    {
      title: 'the last one that is allowed runs: nothing is known of it yet',
      seen: observation(bundle(corrected('running', 3), detecting()), {
        job: {
          kind: 'present',
          job: job(bundle(corrected('running', 3)), corrected('running', 3).deployment),
          pod: pod(),
          log: { kind: 'not-needed' },
        },
      }),
      want: { phase: 'Syncing', failed: undefined, counts: [4, 3] },
    },
    {
      title: 'the last one that is allowed is checked as well',
      seen: seen(corrected('Succeeded', 3)),
      want: { ...SYNCED, actions: ['create-plan'], failed: undefined },
    },
    {
      title: 'and then it is enough: the bundle is Synced, and says what to do',
      seen: seen(corrected('Succeeded', 3, { lastDriftCheckTime: iso(-5_000) })),
      want: {
        phase: 'Synced',
        ready: uncorrected,
        failed,
        number: 2,
        counts: [4, 3],
        actions: [],
        recheck: 880,
        events: ['Warning DriftCorrectionFailed'],
      },
    },
    {
      title: 'maxRetries: 1 is one correction',
      seen: seen(corrected('Succeeded', 1, { lastDriftCheckTime: iso(-5_000) }), { maxRetries: 1 }),
      want: { failed: failed.replace('3 times', 'once'), number: 2 },
    },
    {
      title: 'checks go on, without a correction',
      seen: seen({ ...vain, lastDriftCheckTime: iso(-20 * MINUTE) }),
      want: { actions: ['create-plan'], failed, ready: uncorrected, events: [] },
    },
    {
      title: 'a check that finds nothing ends it',
      seen: observation(bundle(vain, detecting()), { plans: [planOf(vain, 5, { exitCode: 0 })] }),
      want: { ...SYNCED, failed: undefined, counts: [5, undefined], events: ['Normal DriftCorrected'] },
    },
    {
      title: 'a request ends it, and it is corrected again',
      seen: requested(vain),
      want: { reason: 'DriftCorrection', failed: undefined, counts: [4, 1], number: 2 },
    },
    {
      title: 'more retries end it as well',
      seen: seen(vain, { maxRetries: 5 }),
      want: { reason: 'DriftCorrection', failed: undefined, counts: [4, 4] },
    },
    {
      title: 'so does correct: false',
      seen: seen(vain, { correct: false }),
      want: { ready: uncorrected, failed: undefined, number: 1 },
    },
    {
      title: 'a correction whose Job failed is a failed deployment, and the next check is waited for',
      seen: seen(corrected('Failed', 1)),
      want: { phase: 'Failed', actions: [], counts: [4, 1], failed: undefined, recheck: 825 },
    },
    {
      title: 'then it is checked: nobody knows what it has done',
      seen: seen(corrected('Failed', 1, { lastDriftCheckTime: iso(-20 * MINUTE) })),
      want: { phase: 'Failed', actions: ['create-plan'] },
    },
    {
      title: 'though the key of the checksums was changed since: what is deployed is recorded with the new one first',
      seen: seen(
        corrected('Failed', 1, {
          lastDriftCheckTime: iso(-20 * MINUTE),
          appliedChecksum: 'k0:1',
          deployment: deployment({ ...correction, checksum: 'k0:1' }),
        }),
      ),
      want: { phase: 'Failed', actions: [], recheck: 'now' },
    },
    {
      title: 'it still drifts: once more',
      seen: seen(corrected('Failed', 1, { lastDriftCheckTime: iso(-5_000) })),
      want: { reason: 'DriftCorrection', number: 3, counts: [4, 2] },
    },
    {
      title: 'nothing differs any more: what was asked for is deployed after all',
      seen: observation(bundle(corrected('Failed', 1), detecting()), {
        plans: [planOf(corrected('Failed', 1), 5, { exitCode: 0 })],
      }),
      want: { drifted: 'False InSync: nothing differs from v1.0.0', counts: [5, undefined], recheck: 'now' },
    },
    {
      title: 'and so it is Synced',
      seen: seen({ ...corrected('Failed', 0), ...checked(drifted('False')) }),
      want: { ...SYNCED, actions: [] },
    },
    {
      title: 'the last one that is allowed failed: it is enough',
      seen: seen(corrected('Failed', 3)),
      want: { phase: 'Failed', failed, events: ['Warning DeployFailed', 'Warning DriftCorrectionFailed'] },
    },
    {
      title: 'a retry of a failed correction is no other correction',
      seen: observation(
        bundle(corrected('Failed', 1), { spec: { converge: { retries: 1, driftDetection: { enabled: true } } } }),
        { jobInputs: jobInputs(), now: NOW + MINUTE },
      ),
      want: { reason: 'Retry', number: 3, counts: [4, 1] },
    },
  ]);
});

t.test('the next check follows from the status alone', async (t) => {
  const at = (status: WerfBundleStatus, change: DriftSpec = {}, more: Partial<Observation> = {}) => {
    const seen = observation(bundle(status, detecting(change)), more);
    return nextCheckTime({ ...seen, status });
  };
  const minutes = (time: number) => (time - NOW) / MINUTE;
  const within = (time: number, from: number, to: number, title: string) =>
    t.ok(from <= minutes(time) && minutes(time) <= to, `${title}: ${minutes(time)} is between ${from} and ${to}`);

  const uids = Array.from({ length: 200 }, (_, index) => `${UID.slice(0, -3)}${String(index).padStart(3, '0')}`);
  const spread = (status: WerfBundleStatus, more: Partial<Observation> = {}) =>
    uids.map((uid) => at(status, {}, { bundle: bundle(status, { ...detecting(), metadata: { uid } }), ...more }));
  const range = (times: readonly number[]) => [Math.min(...times), Math.max(...times)] as const;

  const clean = checkedStatus(drifted('False'), { lastDriftCheckTime: iso(0) });
  const [earliest, latest] = range(spread(clean));
  within(earliest, 13.5, 13.7, 'an interval after the last one, a tenth earlier');
  within(latest, 16.3, 16.5, 'or later');
  const [first, last] = range(spread(syncedStatus({ lastSyncTime: iso(0) })));
  within(first, 0, 0.5, 'the first one comes somewhere in the first interval');
  within(last, 14.5, 15, 'so that bundles that begin together are not checked together');
  within(at(clean, {}, { platform: { ...platform, timeScale: 60 } }), 0.22, 0.28, 'the time scale divides it');
  within(at(clean, { interval: '1h' }), 54, 66, 'another interval counts from the last check');

  const overdue = checkedStatus(drifted('False'), { lastDriftCheckTime: iso(-300 * MINUTE) });
  const [soonest, longest] = range(spread(overdue, { startedAt: NOW }));
  within(soonest, 0, 0.05, 'what became due while no controller ran');
  within(longest, 1.4, 1.5, 'is spread over a tenth of the interval');

  const waits: number[] = [];
  let status = checkedStatus(drifted('Unknown', iso(0).replace('.000', '')), { lastDriftCheckTime: iso(0) });
  for (let n = 0; n < 6; n += 1) {
    const next = at(status);
    waits.push(Math.round((next - Date.parse(status.lastDriftCheckTime ?? '')) / (15 * MINUTE)));
    status = { ...status, lastDriftCheckTime: new Date(next).toISOString() };
  }
  t.strictSame(waits.slice(0, 3), [1, 2, 4], 'after checks without result the wait doubles');
  t.ok(
    waits.slice(3).every((wait) => wait >= 7 && wait <= 9),
    `up to eight intervals: ${waits}`,
  );
  const daily = checkedStatus(drifted('Unknown', '2026-11-01T00:00:00Z'), { lastDriftCheckTime: iso(0) });
  within(
    at(daily, { interval: '24h' }),
    24 * 54,
    24 * 66,
    'never sooner than the interval, and else never more than a day',
  );
  within(at(daily, { interval: '12h' }), 24 * 54, 24 * 66, 'twelve hours: a day');

  t.equal(at(corrected('Succeeded', 1)), 0, 'a correction is checked at once');
});

t.test('a check keeps the place that it waits for, or was given, and no other one does', async (t) => {
  const status = checkedStatus(drifted('False'));
  t.equal(
    decided(due(status, {}, { slot: slot(bundle(status), 'waiting'), jobInputs: undefined })).keepsSlot,
    true,
    'it waits',
  );
  t.equal(decided(due(status)).keepsSlot, true, 'its Job is made');
  t.equal(decided(observation(bundle(status, detecting()))).keepsSlot, false, 'it is not due');
  t.match(slotAskedFor(due(status)), PLAN);
  t.equal(slotAskedFor(observation(bundle(status, detecting()))), undefined);
  t.equal(slotAskedFor(due(status, { enabled: false })), undefined);
});

t.test('what a check needs is looked up when it is due, and not before', async (t) => {
  const status = checkedStatus(drifted('False'));
  const rows = [
    { title: 'due', seen: due(status), want: true },
    { title: 'not due', seen: observation(bundle(status, detecting())), want: false },
    { title: 'it waits for a place', seen: due(status, {}, { slot: slot(bundle(status), 'waiting') }), want: false },
    { title: 'polls fail', seen: due({ ...status, consecutiveFailures: 1 }), want: false },
    { title: 'not wanted', seen: due(status, { enabled: false }), want: false },
    { title: 'one is under way', seen: due(status, {}, { plans: [planOf(status, 5)] }), want: false },
    { title: 'a correction', seen: observation(bundle(checkedStatus(drifted('True')), detecting())), want: true },
  ];
  for (const { title, seen, want } of rows)
    t.equal(needOf({ ...seen, jobInputs: undefined }) === 'job-inputs', want, title);
});

t.test('a bundle is held while a check of it runs in another namespace, and no longer', async (t) => {
  const status = checkedStatus(drifted('False'), { resolvedTargetNamespace: 'production' });
  const converge = { targetNamespace: 'production', serviceAccountName: 'werf', driftDetection: { enabled: true } };
  const elsewhere = (
    of: { readonly held: boolean; readonly due?: boolean; readonly spec?: Partial<WerfBundleSpec> },
    more: Partial<Observation> & { readonly metadata?: object } = {},
  ): Observation => {
    const { metadata, ...rest } = more;
    const finalizers = of.held ? [FINALIZER] : [];
    const given = { ...status, ...(of.due !== false && { lastDriftCheckTime: iso(-60 * MINUTE) }) };
    const whole = { spec: { converge, ...of.spec }, metadata: { finalizers, ...metadata } };
    return observation(bundle(given, whole), { slot: undefined, ...rest });
  };
  const ready = { jobInputs: jobInputs(), slot: slot(bundle(status), 'granted') };
  const plan = planOf(status, 5);
  const there: PlanJob = { ...plan, job: { ...plan.job, metadata: { ...plan.job.metadata, namespace: 'production' } } };
  const secretsOf = (tag: string, check: number) => {
    const name = planJobNameOf({ bundleName: 'my-app', uid: UID, tag, check });
    return secretNames(name);
  };
  const left = [...secretsOf('v1.0.0', 4), ...secretsOf('v1.0.0', 5)];
  const request = { annotations: { 'werf.io/reconcile-requested-at': '1' } };
  const rows: readonly Row[] = [
    { title: 'not before a check is due', seen: elsewhere({ held: false, due: false }), want: { finalizer: 'leave' } },
    {
      title: 'before its Job is made',
      seen: elsewhere({ held: false }),
      want: { finalizer: 'add', actions: [], recheck: 'now', phase: 'Synced', counts: [4, undefined] },
    },
    {
      title: 'when it waits for its place',
      seen: elsewhere({ held: true }, { slot: slot(bundle(status), 'waiting') }),
      want: { finalizer: 'leave', actions: [], recheck: 'on-change' },
    },
    {
      title: 'when its Job is made',
      seen: elsewhere({ held: true }, ready),
      want: { finalizer: 'leave', actions: ['create-plan'], cleanedUp: [] },
    },
    {
      title: 'while it runs',
      seen: elsewhere({ held: true }, { plans: [there] }),
      want: { finalizer: 'leave', actions: [] },
    },
    {
      title: 'while it goes',
      seen: elsewhere({ held: true, due: false }, { plans: [going(renamed(there))] }),
      want: { finalizer: 'leave', actions: [], cleanedUp: [] },
    },
    {
      title: 'not when it is gone; what a crash may have left goes first',
      seen: elsewhere({ held: true, due: false }),
      want: { finalizer: 'remove', cleanedUp: [...SECRETS_OF_DEPLOYMENT, ...left] },
    },
    {
      title: 'nor when nothing is checked any more',
      seen: elsewhere({ held: true, spec: { suspend: true } }),
      want: { finalizer: 'remove', cleanedUp: [...SECRETS_OF_DEPLOYMENT, ...left] },
    },
    {
      title: 'a request: until the registry has answered, so that it can be checked at once',
      seen: elsewhere({ held: false, due: false }, { metadata: request }),
      want: { finalizer: 'add', actions: [], recheck: 'now' },
    },
    {
      title: 'and it stays so long',
      seen: elsewhere({ held: true, due: false }, { metadata: request }),
      want: { finalizer: 'leave', actions: [] },
    },
    {
      title: 'deleted: its Job is stopped, and then the bundle goes',
      seen: elsewhere({ held: true }, { plans: [there], metadata: { deletionTimestamp: iso(0) } }),
      want: { finalizer: 'remove', actions: ['delete plan-1'], cleanedUp: [...SECRETS_OF_DEPLOYMENT, ...left] },
    },
    {
      title: 'another tag is deployed: nobody would come back to the names of this one',
      seen: elsewhere({ held: true }, { ...ready, delivery: delivery(selected('v1.1.0', DIGEST_B)) }),
      want: { finalizer: 'leave', reason: 'NewTag', cleanedUp: left },
    },
  ];
  check(t, rows);
  t.equal(slotAskedFor(elsewhere({ held: false })), undefined, 'no place is asked for before it is held');
  t.match(slotAskedFor(elsewhere({ held: true })), PLAN);
  const here = due(checkedStatus(drifted('False')));
  t.equal(decided(here).finalizer, 'leave', 'in its own namespace its Job goes with it');
});

t.test('a check that could not be begun is told, or begun under the next number', async (t) => {
  const seen = due(checkedStatus(drifted('False')));
  const planned = decided(seen);
  const refused = afterFailure(seen, planned, { kind: 'plan-refused', message: 'exceeded quota: no-jobs' });
  t.match(refused, {
    actions: [],
    recheck: { kind: 'now' },
    events: [{ type: 'Warning', reason: 'DriftCheckFailed' }],
    status: { phase: 'Synced', driftCheckCount: 5, lastDriftCheckTime: iso(0) },
  });
  t.match(
    refused?.status.conditions?.find(({ type }) => type === 'Drifted'),
    { status: 'Unknown', message: 'the last check for drift gave no result: exceeded quota: no-jobs' },
  );
  const taken = afterFailure(seen, planned, { kind: 'plan-taken', message: 'somebody has it' });
  t.match(taken, { actions: [], recheck: { kind: 'now' }, status: { driftCheckCount: 5 } });
  const [plan] = planned.actions;
  const name = plan?.kind === 'create-plan' ? plan.job.metadata.name : undefined;
  t.same(
    taken?.cleanup.map(({ names }) => names),
    [secretNames(name)],
    'what a crash left under that name goes',
  );
  t.equal(taken?.status.lastDriftCheckTime, seen.bundle.status?.lastDriftCheckTime, 'nothing was checked');
});

/** Secrets of the registry and of the values: the Job of a check has them as the Job of a deployment does. */
const database: Secret = {
  metadata: { namespace: 'ops', name: 'database' },
  data: { 'values.yaml': Buffer.from('password: correct horse').toString('base64') },
};

/** The last Job's Pod ends, as a kubelet and the Job controller would have it. */
const endJob = ({ kube, jobs }: ReconcileHarness, exitCode = 0, log = ''): void => {
  const { uid = '', name = '', namespace = '' } = jobs().at(-1)?.metadata ?? {};
  kube.seed(PODS, {
    metadata: {
      namespace,
      name: `${name}-pod`,
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    status: {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: 'werf', state: { terminated: { exitCode, finishedAt: '2026-11-23T10:00:00Z' } } }],
    },
  });
  kube.setPodLog({ namespace, name: `${name}-pod` }, 'werf', log);
};

const PLAN_LOG =
  'connects with correct horse\nUpdate ConfigMap/correct horse\n\nPlanned changes summary for release "my-app":\n- update: 1 resource(s)\n' +
  'Error: resource changes planned\n';

/** `ops/my-app`, deployed, and its first check due. */
const deployed = async (change: DriftSpec = {}): Promise<ReconcileHarness> => {
  const spec = {
    converge: { valuesFrom: [{ secretRef: { name: 'database' } }], driftDetection: { enabled: true, ...change } },
  };
  const harness = reconcileHarness(bundle(undefined, { spec }));
  harness.kube.seed(SECRETS, database);
  return untilItsCheck(harness);
};

/** Deploys, and lets time pass until the first check is due. */
const untilItsCheck = async (harness: ReconcileHarness): Promise<ReconcileHarness> => {
  await harness.run();
  harness.deliver(selected());
  await harness.run();
  endJob(harness);
  await harness.run();
  await harness.wait(16 * MINUTE);
  return harness;
};

/** Actions with the hashes of names taken out: `create jobs plan`, `create secrets plan-values`. */
const brief = ({ actions }: Run): readonly string[] =>
  actions.map((action) =>
    action.replace(/my-app-plan-[0-9a-f]{8}-[0-9a-f]{8}/, 'plan').replace(/my-app-[0-9a-f]{8}-[0-9a-f]{8}/, 'job'),
  );

const summaryOf = ({ status }: Run) => ({
  drifted: status.conditions?.find(({ type }) => type === 'Drifted')?.message,
  counts: [status.driftCheckCount, status.driftCorrectionAttempts],
  number: status.deployment?.number,
});

t.test('the life of a check: each write once, in order, and no word of it where nothing differs', async (t) => {
  const harness = await deployed();
  const begun = await harness.run();
  t.same(brief(begun), ['create secrets plan-values', 'create jobs plan', 'patch secrets plan-values']);
  t.match(harness.jobs().at(-1)?.metadata.name, PLAN);
  t.same(
    [begun.events, begun.status.phase, begun.status.lastJobName === begun.status.deployment?.jobName],
    [[], 'Synced', true],
  );
  t.same(brief(await harness.run()), [], 'it is waited for');
  endJob(harness);
  const read = await harness.run();
  t.same(brief(read), ['patch werfbundles/status my-app', 'delete jobs plan', 'delete secrets plan-values']);
  t.same(summaryOf(read), { drifted: 'nothing differs from v1.0.0', counts: [1, undefined], number: 1 });
  t.same(read.events, ['Normal InSync: nothing differs from v1.0.0']);
  t.notMatch(read.status.lastJobLogs, /plan/);
  const next = await harness.run();
  t.same(brief(next), [], 'and then there is nothing to do');
  t.equal(next.next.kind, 'after');
  await harness.wait(17 * MINUTE);
  await harness.run();
  endJob(harness);
  const second = await harness.run();
  t.same([second.events, second.status.driftCheckCount], [[], 2], 'the same again is no event');
  t.same(harness.counted(), ['check InSync', 'check InSync']);
});

t.test('drift is found, corrected, and the correction checked; nothing of a Secret is told', async (t) => {
  const harness = await deployed();
  await harness.run();
  endJob(harness, 2, PLAN_LOG);
  const found = await harness.run();
  t.same(summaryOf(found), {
    drifted: 'applying v1.0.0 again would update ConfigMap/***',
    counts: [1, undefined],
    number: 1,
  });
  t.same(found.events, ['Warning Drifted: applying v1.0.0 again would update ConfigMap/***']);
  await harness.wait(MINUTE);
  const correcting = await harness.run();
  t.same(brief(correcting).slice(0, 3), [
    'patch werfbundles/status my-app',
    'create secrets job-values',
    'create jobs job',
  ]);
  t.match(correcting.status, { deployment: { number: 2, reason: 'DriftCorrection' }, driftCorrectionAttempts: 1 });
  endJob(harness);
  const verifying = await harness.run();
  t.same(brief(verifying).slice(-3), ['create secrets plan-values', 'create jobs plan', 'patch secrets plan-values']);
  endJob(harness);
  const verified = await harness.run();
  t.same(summaryOf(verified), { drifted: 'nothing differs from v1.0.0', counts: [2, undefined], number: 2 });
  t.match(verified.events, [/^Normal DriftCorrected: /]);
  t.same(harness.counted(), ['check Drifted', 'correction Succeeded', 'check InSync']);
  t.same(
    harness.jobs().filter(({ metadata }) => PLAN.test(metadata.name ?? '')),
    [],
    'no Job of a check is left',
  );
});

t.test('a controller that ends in the middle of a check leaves one Job, and the next one reads it', async (t) => {
  const plans = (harness: ReconcileHarness) => harness.jobs().filter(({ metadata }) => PLAN.test(metadata.name ?? ''));
  const unavailable = new KubeError('timeout', 'no answer in 30 s');
  const cuts = [
    { verb: 'create', plural: 'secrets' },
    { verb: 'create', plural: 'jobs' },
    { verb: 'patch', plural: 'secrets' },
  ] as const;
  for (const call of cuts) {
    const harness = await deployed();
    harness.kube.loseAnswer(call, unavailable);
    t.same((await harness.run()).next, { kind: 'backoff' });
    harness.restart();
    await harness.wait(2 * MINUTE);
    await harness.run();
    t.same(plans(harness).length, 1, `after ${call.verb} ${call.plural}`);
    endJob(harness, 2, PLAN_LOG);
    harness.restart();
    t.match(summaryOf(await harness.run()), { counts: [1, undefined], drifted: /ConfigMap/ });
  }

  const harness = await deployed();
  await harness.run();
  endJob(harness);
  harness.kube.loseAnswer({ verb: 'patch', plural: 'werfbundles' }, unavailable);
  await harness.run();
  t.same(
    [plans(harness).length, harness.bundle()?.status?.driftCheckCount],
    [1, 1],
    'the result is written, the Job is there',
  );
  harness.restart();
  t.same(brief(await harness.run()), ['delete jobs plan', 'delete secrets plan-values'], 'it is not read again');

  const stale = await deployed();
  await stale.run();
  stale.kube.seed(WERFBUNDLES, {
    ...nonNull(stale.bundle()),
    status: { ...stale.bundle()?.status, driftCheckCount: 7 },
  });
  t.same(brief(await stale.run()), ['delete jobs plan', 'delete secrets plan-values'], 'nor is one of another time');
});

t.test('in another namespace a check leaves nothing either, whatever becomes of controller and bundle', async (t) => {
  const converge = {
    targetNamespace: 'production',
    serviceAccountName: 'werf',
    valuesFrom: [{ secretRef: { name: 'database' } }],
    driftDetection: { enabled: true },
  };
  const checking = async (): Promise<ReconcileHarness> => {
    const harness = reconcileHarness(bundle(undefined, { spec: { converge } }));
    const annotations = { 'werf.io/accept-bundles-from': 'ops' };
    harness.kube.seed(NAMESPACES, {
      metadata: { name: 'production', annotations },
      status: { phase: 'Active' },
    });
    harness.kube.seed(SERVICEACCOUNTS, { metadata: { namespace: 'production', name: 'werf' } });
    harness.kube.seed(SECRETS, database);
    return untilItsCheck(harness);
  };
  const left = ({ kube, bundle: stored }: ReconcileHarness) => [
    ...kube.all(SECRETS).map(({ metadata }) => metadata.name),
    ...(stored()?.metadata.finalizers ?? ['gone']),
  ];

  const whole = await checking();
  t.same(brief(await whole.run()), [
    'patch werfbundles my-app',
    'create secrets plan-values',
    'create jobs plan',
    'patch secrets plan-values',
  ]);
  t.same(whole.bundle()?.metadata.finalizers, [FINALIZER]);
  endJob(whole);
  t.same(brief(await whole.run()), [
    'patch werfbundles/status my-app',
    'delete jobs plan',
    'delete secrets plan-values',
  ]);
  t.same(brief(await whole.run()), ['patch werfbundles my-app']);
  t.same(left(whole), ['database']);

  const deleted = await checking();
  await deleted.run();
  await deleted.kube.delete(WERFBUNDLES, { namespace: 'ops', name: 'my-app' }, {}, AbortSignal.any([]));
  t.same(brief(await deleted.run()), [
    ...['delete jobs plan', 'patch werfbundles/status my-app', 'delete secrets plan-values'],
    'patch werfbundles my-app',
  ]);
  t.same(left(deleted), ['database', 'gone']);

  const crashed = await checking();
  crashed.kube.failNext({ verb: 'create', plural: 'jobs' }, new KubeError('timeout', 'create: no answer in 30 s'));
  await crashed.run();
  t.equal(left(crashed).length, 3, 'Secrets without their Job');
  crashed.restart();
  const stored = nonNull(crashed.bundle());
  crashed.kube.seed(WERFBUNDLES, { ...stored, spec: { ...stored.spec, suspend: true } });
  await crashed.run();
  t.same(left(crashed), ['database'], 'are swept with the finalizer');
});

const nonNull = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

t.test('a check that the apiserver refuses is told, and leaves nothing', async (t) => {
  const harness = await deployed();
  const quota = new KubeError('forbidden', 'create jobs.batch: forbidden: exceeded quota: no-jobs', { status: 403 });
  harness.kube.failNext({ verb: 'create', plural: 'jobs' }, quota);
  const run = await harness.run();
  t.match(run.events, [/^Warning DriftCheckFailed: .*exceeded quota: no-jobs$/]);
  t.match(summaryOf(run), { drifted: /exceeded quota/, counts: [1, undefined] });
  t.same(
    harness.kube.all(SECRETS).map(({ metadata }) => metadata.name),
    ['database'],
  );
  t.same(run.status.phase, 'Synced');
  t.same(brief(await harness.run()), [], 'the next check is waited for');
});
