import t from 'tap';
import type { Condition } from '../../api/objects.js';
import { FINDINGS } from '../../controller/decide/findings.js';
import { stateOf } from '../../controller/decide/guards.js';
import type { Observation } from '../../controller/decide/observation.js';
import { accountPoll } from '../../controller/decide/poll.js';
import type { State } from '../../controller/decide/state.js';
import {
  bundle,
  DIGEST_B,
  delivery,
  deployment,
  failure,
  iso,
  jobInputs,
  NOW,
  observation,
  platform,
  selected,
  slot,
  syncedStatus,
  tags,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';
import { failedStatus, failing, openStatus, present, runningStatus } from '../kit/deciding-statuses.js';
import { checkedStatus, drifted, dueCheck } from '../kit/drift-statuses.js';
import { lossOf, offered, plan, planJob, plannedStatus, planning } from '../kit/plan-statuses.js';

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

const NOT_READY: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'DeployFailed',
  message: 'pod failed with exit code 1',
  observedGeneration: 1,
  lastTransitionTime: iso(0),
};

/** No tag satisfies; so many scans in a row have said so. */
const nothing = (sameScans: number) => ({
  delivery: delivery({ kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags }),
  sameScans,
});

const BLOCKER = { kind: 'blocker', reason: 'CredentialsInvalid', message: 'Secret creds does not exist' } as const;
const OLD_KEY = 'k0:1';
const RETURNING = { spec: { converge: { onFailure: 'Return' } } } as const;
const ELSEWHERE = { targetNamespace: 'production', serviceAccountName: 'werf' };
const CHECKED = checkedStatus(drifted('False'));

/** A bundle in each state, and what follows: its Ready, what is done, and when it is looked at again. */
const STATES: {
  readonly [K in State['kind']]: {
    readonly title: string;
    readonly seen: Observation;
    readonly want: readonly string[];
  };
} = {
  deleting: {
    title: 'it is being deleted',
    seen: observation(bundle(syncedStatus(), { metadata: { deletionTimestamp: iso(0) } })),
    want: ['True Deployed', 'on-change'],
  },
  active: {
    title: 'its Job runs',
    seen: observation(bundle(runningStatus), { job: present(runningStatus) }),
    want: ['Unknown Deploying', 'at'],
  },
  concluded: {
    title: 'its Job has ended',
    seen: observation(bundle(runningStatus), { job: present(runningStatus, { exitCode: 0 }) }),
    want: ['True Deployed', 'now'],
  },
  recovered: {
    title: 'a Job tells of a deployment that the status has lost',
    seen: observation(bundle(syncedStatus()), { jobs: { highest: 2, newest: deployment({ number: 2 }) } }),
    want: ['True Deployed', 'now'],
  },
  unreadable: {
    title: 'nobody may look at its Job',
    seen: observation(bundle(runningStatus), { job: { ...BLOCKER, reason: 'RightsMissing' } }),
    want: ['False RightsMissing', 'at'],
  },
  suspended: {
    title: 'it is suspended',
    seen: observation(bundle(syncedStatus(), { spec: { suspend: true } })),
    want: ['True Deployed', 'on-change'],
  },
  'spec-invalid': {
    title: 'its spec breaks a rule',
    seen: observation(bundle(syncedStatus(), { spec: { registry: { url: 'https://x/y' } } })),
    want: ['False SpecInvalid', 'on-change'],
  },
  blocked: {
    title: 'the registry’s credentials are missing',
    seen: observation(bundle(syncedStatus()), { access: BLOCKER }),
    want: ['False CredentialsInvalid', 'at'],
  },
  'finalizer-missing': {
    title: 'a deployment is written down, and it could still go unseen',
    seen: observation(bundle(openStatus, { spec: { deletionPolicy: 'Dismiss' } }), { jobInputs: jobInputs() }),
    want: ['Unknown Deploying', 'add finalizer', 'now'],
  },
  queued: {
    title: 'a deployment is written down, and as many Jobs run as may',
    seen: observation(bundle(openStatus), { slot: slot(bundle(openStatus), 'waiting') }),
    want: ['Unknown Queued', 'on-change'],
  },
  'intent-outdated': {
    title: 'values have changed since its deployment was written down',
    seen: observation(bundle(openStatus), { jobInputs: jobInputs({ checksum: 'k1:2' }) }),
    want: ['Unknown Deploying', 'now'],
  },
  'job-due': {
    title: 'a deployment is written down, and all is there that its Job needs',
    seen: observation(bundle(openStatus), { jobInputs: jobInputs() }),
    want: ['Unknown Deploying', 'create-job', 'on-change'],
  },
  'values-refused': {
    title: 'the schema of what the registry offers refuses the values',
    seen: observation(bundle(syncedStatus()), {
      delivery: delivery(selected('v1.1.0', DIGEST_B)),
      jobInputs: jobInputs(),
      chart: { digest: DIGEST_B, verdict: { kind: 'refuses', chart: 'app 1.1.0', problems: ['replicas: no number'] } },
    }),
    want: ['False ValuesRefused', 'on-change'],
  },
  'plan-decided': {
    title: 'the registry offers something new, which is to be planned first',
    seen: offered(syncedStatus()),
    want: ['Unknown Planning', 'now'],
  },
  'plan-obsolete': {
    title: 'the registry does not offer any more what was planned',
    seen: offered(plannedStatus(), { delivery: delivery(selected()) }),
    want: ['True Deployed', 'now'],
  },
  'plan-finalizer-missing': {
    title: 'a plan is to be made in another namespace, and it could still go unseen',
    seen: offered(plannedStatus(), {}, ELSEWHERE),
    want: ['Unknown Planning', 'add finalizer', 'now'],
  },
  'plan-queued': {
    title: 'a plan is to be made, and as many Jobs run as may',
    seen: offered(plannedStatus(), { slot: { kind: 'waiting', jobName: plan().jobName } }),
    want: ['Unknown Queued', 'on-change'],
  },
  'plan-due': {
    title: 'a plan is to be made, and all is there that its Job needs',
    seen: offered(plannedStatus(), { slot: { kind: 'granted', jobName: plan().jobName } }),
    want: ['Unknown Planning', 'create-plan', 'on-change'],
  },
  planning: {
    title: 'the Job of a plan runs',
    seen: offered(plannedStatus(), { plans: [planJob(plan())] }),
    want: ['Unknown Planning', 'at'],
  },
  'approval-awaited': {
    title: 'its plan would delete a volume, and deletions are held',
    seen: offered(plannedStatus(lossOf('delete PersistentVolumeClaim/data')), {}, { deletions: 'Hold' }),
    want: ['False ApprovalAwaited', 'on-change'],
  },
  'plan-withheld': {
    title: 'no plan could be made, and deletions are held',
    seen: offered(plannedStatus({ result: 'Failed', message: 'no' }), {}, { deletions: 'Hold' }),
    want: ['False PlanFailed', 'on-change'],
  },
  'plan-ended': {
    title: 'the Job of a plan has ended',
    seen: offered(plannedStatus(), { plans: [planJob(plan(), { exitCode: 2 })] }),
    want: ['Unknown Planning', 'now'],
  },
  'intent-unplanned': {
    title: 'values have changed since its deployment was written down, and are to be planned first',
    seen: observation(bundle(openStatus, planning()), { jobInputs: jobInputs({ checksum: 'k1:2' }) }),
    want: ['Unknown Planning', 'now'],
  },
  'return-impossible': {
    title: 'what was deployed before can not be deployed again',
    seen: observation(bundle(failedStatus('Failed'), RETURNING), {
      jobInputs: jobInputs(),
      tagNow: { kind: 'absent', tag: 'v1.0.0' },
    }),
    want: ['False DeployFailed', 'keep', 'now'],
  },
  'return-awaited': {
    title: 'the registry does not say whether what was deployed before can be deployed again',
    seen: observation(bundle(failedStatus('Failed'), RETURNING), {
      jobInputs: jobInputs(),
      tagNow: { kind: 'unknown', tag: 'v1.0.0', why: 'error polling registry: 503' },
    }),
    want: ['False DeployFailed', 'keep', 'at'],
  },
  'deployment-due': {
    title: 'the registry offers something new',
    seen: observation(bundle(syncedStatus()), {
      delivery: delivery(selected('v1.1.0', DIGEST_B)),
      jobInputs: jobInputs(),
      chart: { digest: DIGEST_B, verdict: { kind: 'accepts' } },
    }),
    want: ['Unknown Deploying', 'now'],
  },
  'registry-unasked': {
    title: 'what was in the way is gone, and what the registry offers is not known',
    seen: observation(bundle(decided(observation(bundle(syncedStatus()), { access: BLOCKER })).status), {
      jobInputs: jobInputs(),
    }),
    want: ['Unknown FirstScan', 'on-change'],
  },
  'record-outdated': {
    title: 'what is deployed was recorded with another key',
    seen: observation(
      bundle(syncedStatus({ appliedChecksum: OLD_KEY, deployment: deployment({ checksum: OLD_KEY }) })),
      { delivery: delivery(selected()), jobInputs: jobInputs() },
    ),
    want: ['True Deployed', 'now'],
  },
  'check-finalizer-missing': {
    title: 'a check is due in another namespace, and it could still go unseen',
    seen: observation(
      bundle(
        { ...CHECKED, lastDriftCheckTime: iso(-3_600_000) },
        { spec: { converge: { ...ELSEWHERE, driftDetection: { enabled: true } } } },
      ),
      { jobInputs: jobInputs() },
    ),
    want: ['True Deployed', 'add finalizer', 'now'],
  },
  'check-impossible': {
    title: 'a check is due that its werf does not know',
    seen: dueCheck(CHECKED, {}, { platform: { ...platform, werfImage: 'registry.example/werf:2.40.0' } }),
    want: ['True Deployed', 'now'],
  },
  'check-queued': {
    title: 'a check is due, and as many Jobs run as may',
    seen: dueCheck(CHECKED, {}, { slot: slot(bundle(CHECKED), 'waiting') }),
    want: ['True Deployed', 'on-change'],
  },
  'check-due': {
    title: 'a check is due',
    seen: dueCheck(CHECKED),
    want: ['True Deployed', 'create-plan', 'on-change'],
  },
  settled: {
    title: 'the registry offers what is deployed',
    seen: observation(bundle(syncedStatus()), { delivery: delivery(selected()), jobInputs: jobInputs() }),
    want: ['True Deployed', 'on-change'],
  },
};

t.test(
  `a bundle is in one of ${Object.keys(STATES).length} states, and from each follows what is done and told`,
  async (t) => {
    for (const [kind, { title, seen, want }] of Object.entries(STATES)) {
      const { ready, actions, recheck } = told(seen);
      const held = decided(seen).finalizer === 'add' ? ['add finalizer'] : [];
      t.equal(stateOf({ seen, polled: accountPoll(seen) }).kind, kind, `${title}: ${kind}`);
      t.strictSame([ready, ...actions, ...held, recheck], want, `${title}: what follows`);
    }
  },
);

t.test(
  'in each situation phase, conditions and events tell what is the matter, and when it is looked at again',
  async (t) => {
    const rows: readonly { title: string; seen: Observation; want: Partial<ReturnType<typeof told>> }[] = [
      {
        title: 'a new bundle is Syncing, Ready is Unknown, which asks for a poll',
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
        seen: observation(
          bundle(syncedStatus({ lastAppliedTag: 'v1.2.0', deployment: deployment({ tag: 'v1.2.0' }) })),
          {
            delivery: delivery(selected('v1.1.0', DIGEST_B)),
            jobInputs: jobInputs(),
          },
        ),
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
  },
);

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
