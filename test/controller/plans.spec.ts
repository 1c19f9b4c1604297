import t, { type Test } from 'tap';
import type { Plan } from '../../api/werfbundle.js';
import type { Observation, PlanJob } from '../../controller/decide/observation.js';
import { plannedChanges, withNamesHidden } from '../../controller/deploy/plan-changes.js';
import { planWords } from '../../controller/deploy/plan-words.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_A,
  DIGEST_B,
  delivery,
  deployment,
  historyEntry,
  iso,
  jobInputs,
  NOW,
  observation,
  platform,
  secretNames,
  selected,
  slot,
  syncedStatus,
} from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { failedStatus, REQUEST } from '../kit/deciding-statuses.js';
import { checkedStatus, drifted, planOf } from '../kit/drift-statuses.js';
import { changes, logOf, lossOf, offered, plan, planJob, plannedStatus, planning } from '../kit/plan-statuses.js';

t.test('of a log all is read that would be deleted or recreated, and nothing is taken for less than it may be', (t) => {
  const summary = (...lines: readonly string[]) =>
    `Planned changes summary for release "x" (namespace: "y"):\n${lines.join('\n')}\n`;
  const counts = { create: 0, update: 0, recreate: 0, delete: 0 };
  const rows = [
    {
      title: 'by kind, name and namespace',
      log: logOf(
        'create Secret/a',
        'update ConfigMap/b',
        'delete PersistentVolumeClaim/data',
        'delete Job/c (namespace=other)',
        'recreate StatefulSet/db',
      ),
      want: {
        counts: { create: 1, update: 1, recreate: 1, delete: 2 },
        deleted: [
          { kind: 'PersistentVolumeClaim', name: 'data' },
          { kind: 'Job', name: 'c', namespace: 'other' },
        ],
        recreated: [{ kind: 'StatefulSet', name: 'db' }],
        unnamed: 0,
      },
    },
    {
      title: 'what is counted and not named: the beginning of the log is missing',
      log: `\u250c Delete Secret/last\n\u2514\n${summary('- delete: 3 resources', '- recreate: 1 resources', '- blind apply: 4 resources')}`,
      want: {
        counts: { ...counts, update: 4, recreate: 1, delete: 3 },
        deleted: [{ kind: 'Secret', name: 'last' }],
        recreated: [],
        unnamed: 3,
      },
    },
    {
      title: 'what is counted in words that are not known',
      log: summary('- update: 1 resources', '- replace: 2 resources'),
      want: { counts: { ...counts, update: 1 }, deleted: [], recreated: [], unnamed: 2 },
    },
    {
      title: 'a name in which something was hidden',
      log: logOf('delete PersistentVolumeClaim/***'),
      want: {
        counts: { ...counts, delete: 1 },
        deleted: [{ kind: 'PersistentVolumeClaim', name: '***' }],
        recreated: [],
        unnamed: 0,
      },
    },
    {
      title: 'a kind in which something was hidden is none',
      log: logOf('delete ***/data'),
      want: { counts: { ...counts, delete: 1 }, deleted: [], recreated: [], unnamed: 1 },
    },
    {
      title: 'what an object contains is no change',
      log: `\u250c Update ConfigMap/a\n\u2502 + x\n+ Delete Secret/b\n  Delete Secret/c\n${summary('- update: 1 resources')}`,
      want: { counts: { ...counts, update: 1 }, deleted: [], recreated: [], unnamed: 0 },
    },
    {
      title: 'a volume that is updated, and deleted then',
      log: `\u250c Update PersistentVolumeClaim/data, then delete\n\u2514\n\u250c Create Job/migrate, then delete\n\u2514\n${summary('- create: 1 resources', '- update: 1 resources')}`,
      want: {
        counts: { ...counts, create: 1, update: 1 },
        deleted: [{ kind: 'PersistentVolumeClaim', name: 'data' }],
        recreated: [],
        unnamed: 0,
      },
    },
    {
      title: 'a line of the summary that is no count',
      log: summary('- update: 1 resources', '- something else'),
      want: { counts: { ...counts, update: 1 }, deleted: [], recreated: [], unnamed: 1 },
    },
    { title: 'a log without a summary does not tell', log: 'Delete Secret/a\n', want: undefined },
  ];
  for (const { title, log, want } of rows) t.strictSame(plannedChanges(log), want, title);
  const hide = (text: string) => text.replaceAll(/StatefulSet|resources|orders/g, '***');
  const log = logOf('recreate StatefulSet/orders', 'delete Widget/orders');
  t.match(
    withNamesHidden(plannedChanges(log), hide),
    {
      counts: { recreate: 1, delete: 1 },
      deleted: [{ kind: 'Widget', name: '***' }],
      recreated: [{ kind: 'StatefulSet', name: '***' }],
      unnamed: 0,
    },
    'what a Secret has in it hides a name, and no loss',
  );
  t.end();
});

t.test('a plan is told in a line', (t) => {
  const six = [1, 2, 3, 4, 5, 6].map((n) => `delete Secret/s${n}`);
  const rows: readonly (readonly [ReturnType<typeof changes>, string])[] = [
    [
      changes('create A/a', 'create A/b', 'update B/a', 'delete PersistentVolumeClaim/data'),
      'v2 would create 2, update 1, delete 1 object: delete PersistentVolumeClaim/data',
    ],
    [changes('update A/a', 'update A/b'), 'v2 would update 2 objects'],
    [changes('recreate Job/a (namespace=b)'), 'v2 would recreate 1 object: recreate Job/a (namespace b)'],
    [
      changes(...six),
      'v2 would delete 6 objects: delete Secret/s1, delete Secret/s2, delete Secret/s3, delete Secret/s4, delete Secret/s5 and 1 more that are not named here',
    ],
    [
      { counts: { create: 0, update: 0, recreate: 0, delete: 2 }, deleted: [], recreated: [], unnamed: 2 },
      'v2 would delete 2 objects: 2 more that are not named here',
    ],
    [
      { counts: { create: 0, update: 0, recreate: 0, delete: 0 }, deleted: [], recreated: [], unnamed: 0 },
      'v2 would change no object',
    ],
    [undefined, 'v2 would change something; the log of the plan does not say what'],
  ];
  for (const [given, want] of rows) t.equal(planWords('v2', given), want);
  t.end();
});

/** What a decision says of plans, and what it does. */
const told = (seen: Observation) => {
  const { status, actions, events, recheck, cleanup } = decided(seen);
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const { plan: planned } = status;
  return {
    plan:
      planned === undefined
        ? 'none'
        : `${planned.number} after ${planned.after}: ${planned.tag} ${planned.checksum === CHECKSUM ? 'same' : planned.checksum} ${planned.reason} ${planned.result ?? 'open'}`,
    deployment: status.deployment && `${status.deployment.number} ${status.deployment.tag} ${status.deployment.reason}`,
    ready: `${ready?.status} ${ready?.reason}: ${ready?.message}`,
    actions: actions.map((action) => (action.kind === 'delete-job' ? `delete ${action.uid}` : action.kind)),
    events: events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
    recheck: recheck.kind === 'at' ? Math.round((recheck.time - NOW) / 1_000) : recheck.kind,
    cleanedUp: cleanup.flatMap(({ names }) => names) as readonly string[],
  };
};

const expectRows = (
  t: Test,
  rows: readonly {
    readonly title: string;
    readonly seen: Observation;
    readonly want: Partial<ReturnType<typeof told>>;
  }[],
): void => {
  for (const { title, seen, want } of rows) {
    const got = told(seen);
    const chosen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
    t.strictSame(chosen, want, title);
  }
};

const MADE: Partial<Plan> = {
  result: 'Made',
  finishedAt: iso(-1_000),
  hash: '0123456789abcdef',
  message: 'v1.1.0 would update 1 object',
};
const SAME = 'v1.1.0 same NewTag';
const granted = { slot: { kind: 'granted', jobName: plan().jobName } } as const;

t.test('a plan is written down, made by one Job, and told; and then the deployment begins', async (t) => {
  const ended = (of: Plan, exitCode: number, log?: string): Partial<Observation> => ({
    plans: [planJob(of, { exitCode }, log)],
  });
  const planningIt = 'Unknown Planning: planning v1.1.0 (NewTag)';
  const unread: PlanJob = { ...planJob(plan(), { exitCode: 2 }), log: { kind: 'unreadable', why: 'timeout' } };
  expectRows(t, [
    {
      title: 'without the setting nothing is planned',
      seen: observation(bundle(syncedStatus()), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { plan: 'none', deployment: '2 v1.1.0 NewTag' },
    },
    {
      title: 'with it, the plan is written down before anything is made',
      seen: offered(syncedStatus()),
      want: {
        plan: `1 after 1: ${SAME} open`,
        deployment: '1 v1.0.0 NewTag',
        ready: planningIt,
        actions: [],
        events: [],
        recheck: 'now',
      },
    },
    {
      title: 'its Job is made once there is a slot',
      seen: offered(plannedStatus(), granted),
      want: { actions: ['create-plan'], ready: planningIt, recheck: 'on-change' },
    },
    {
      title: 'though the registry does not offer it now, and though this process has just begun',
      seen: observation(bundle(plannedStatus(), planning()), { jobInputs: jobInputs(), ...granted }),
      want: { actions: ['create-plan'], ready: planningIt },
    },
    {
      title: 'a check for drift that runs gives way first',
      seen: offered(
        plannedStatus({}, checkedStatus(drifted('False'))),
        { ...granted, plans: [planOf(checkedStatus(drifted('False')), 5)] },
        { driftDetection: { enabled: true } },
      ),
      want: { actions: ['delete plan-1'], ready: planningIt, recheck: 1 },
    },
    {
      title: 'while it runs, its time is watched',
      seen: offered(plannedStatus(), { plans: [planJob(plan())] }),
      want: { actions: [], ready: planningIt, recheck: 2_110 },
    },
    {
      title: 'what it finds is told, and what it would delete is named',
      seen: offered(plannedStatus(), ended(plan(), 2, logOf('update A/a', 'delete PersistentVolumeClaim/data'))),
      want: {
        plan: `1 after 1: ${SAME} Made`,
        deployment: '1 v1.0.0 NewTag',
        actions: [],
        events: ['Normal PlanMade: v1.1.0 would update 1, delete 1 object: delete PersistentVolumeClaim/data'],
        recheck: 'now',
      },
    },
    {
      title: 'it may find nothing',
      seen: offered(plannedStatus(), ended(plan(), 0)),
      want: { plan: `1 after 1: ${SAME} Made`, events: ['Normal PlanMade: v1.1.0 would change no object'] },
    },
    {
      title: 'a log that does not come is waited for',
      seen: offered(plannedStatus(), { plans: [unread] }),
      want: { plan: `1 after 1: ${SAME} open`, recheck: 1, events: [] },
    },
    {
      title: '... but not for ever',
      seen: offered(plannedStatus(), { plans: [unread], now: NOW + 60_000 }),
      want: {
        plan: `1 after 1: ${SAME} Made`,
        events: ['Normal PlanMade: v1.1.0 would change something; the log of the plan does not say what'],
      },
    },
    {
      title: 'then the deployment is written down, the Job of the plan deleted, and its Secrets with it',
      seen: offered(plannedStatus(MADE), ended(plan(), 2)),
      want: {
        plan: `1 after 1: ${SAME} Made`,
        deployment: '2 v1.1.0 NewTag',
        actions: ['delete plan-1'],
        cleanedUp: [],
        recheck: 'now',
      },
    },
  ]);
});

t.test('a plan that fails is tried again, and then the deployment goes on without it, which is told', async (t) => {
  const failed = (change: Partial<Plan>, image = platform.werfImage) =>
    offered(plannedStatus(change), {
      plans: [planJob(plan(change), { exitCode: 1 })],
      platform: { ...platform, werfImage: image },
    });
  const twice: Partial<Plan> = { number: 3, failedTries: 2, triedAt: iso(-130_000), message: 'no' };
  const why = 'pod failed with exit code 1: no such chart';
  expectRows(t, [
    {
      title: 'the first time',
      seen: failed({}),
      want: {
        plan: `2 after 1: ${SAME} open`,
        ready: 'Unknown Planning: planning v1.1.0 (NewTag)',
        events: [],
        deployment: '1 v1.0.0 NewTag',
      },
    },
    {
      title: '30 seconds later it is tried again',
      seen: offered(plannedStatus({ number: 2, failedTries: 1, triedAt: iso(-10_000), message: why }), granted),
      want: {
        actions: [],
        ready: `Unknown Planning: planning v1.1.0 (NewTag), again, since it has failed: ${why}`,
        recheck: 20,
      },
    },
    {
      title: '... by another Job',
      seen: offered(plannedStatus({ number: 2, failedTries: 1, triedAt: iso(-30_000), message: why }), granted),
      want: { actions: ['create-plan'] },
    },
    {
      title: 'after three times it is given up',
      seen: failed(twice),
      want: {
        plan: `3 after 1: ${SAME} Failed`,
        events: [`Warning PlanFailed: v1.1.0 could not be planned, and is deployed all the same: ${why}`],
        deployment: '1 v1.0.0 NewTag',
        recheck: 'now',
      },
    },
    {
      title: 'and what was to be planned is deployed',
      seen: offered(plannedStatus({ ...twice, failedTries: 3, result: 'Failed' })),
      want: { deployment: '2 v1.1.0 NewTag', events: ['Normal Deploying: deploying v1.1.0 (NewTag)'] },
    },
    {
      title: 'a werf that makes no plans is not tried',
      seen: offered(plannedStatus(), { platform: { ...platform, werfImage: 'registry.example/werf:2.40.0' } }),
      want: {
        plan: `1 after 1: ${SAME} Failed`,
        actions: [],
        events: [
          'Warning PlanFailed: v1.1.0 could not be planned, and is deployed all the same: werf 2.40.0 has no "bundle plan": 2.53 or later is needed',
        ],
      },
    },
  ]);
});

t.test('a plan is of one tag, digest, spec and values, and what else is wanted is planned anew', async (t) => {
  const other = jobInputs({ checksum: 'k1:2' });
  const withoutJob = secretNames(plan().jobName);
  expectRows(t, [
    {
      title: 'other values, while it is made',
      seen: offered(plannedStatus(), { jobInputs: other, plans: [planJob(plan())] }),
      want: { plan: '2 after 1: v1.1.0 k1:2 NewTag open', actions: [], cleanedUp: withoutJob },
    },
    {
      title: 'its Job goes then',
      seen: offered(plannedStatus({ number: 2, jobName: 'my-app-plan-2', checksum: 'k1:2' }), {
        jobInputs: other,
        plans: [planJob(plan())],
      }),
      want: { actions: ['delete plan-1'], recheck: 1 },
    },
    {
      title: 'other values, once it was made',
      seen: offered(plannedStatus(MADE), { jobInputs: other }),
      want: { plan: '2 after 1: v1.1.0 k1:2 NewTag open', deployment: '1 v1.0.0 NewTag' },
    },
    {
      title: 'another tag',
      seen: offered(plannedStatus(MADE), { delivery: delivery(selected('v1.2.0', DIGEST_A)) }),
      want: { plan: '2 after 1: v1.2.0 same NewTag open', deployment: '1 v1.0.0 NewTag' },
    },
    {
      title: 'the same tag, published again',
      seen: offered(plannedStatus(MADE), { delivery: delivery(selected('v1.1.0', DIGEST_A)) }),
      want: { plan: `2 after 1: ${SAME} open`, deployment: '1 v1.0.0 NewTag' },
    },
    {
      title: 'what is deployed already: nothing',
      seen: offered(plannedStatus(MADE), { delivery: delivery(selected()) }),
      want: { plan: 'none', deployment: '1 v1.0.0 NewTag', actions: [] },
    },
    {
      title: 'a look that somebody asks for',
      seen: observation(bundle(plannedStatus(MADE), { ...planning(), metadata: { annotations: REQUEST } }), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { plan: `2 after 1: ${SAME} open`, deployment: '1 v1.0.0 NewTag' },
    },
    {
      title: 'no plan at all any more',
      seen: observation(bundle(plannedStatus()), { jobInputs: jobInputs(), plans: [planJob(plan())] }),
      want: { plan: 'none', deployment: '2 v1.1.0 NewTag', actions: ['delete plan-1'] },
    },
  ]);
});

t.test('what does again what was planned needs no other plan', async (t) => {
  const after = (result: 'Failed' | 'Lost') => failedStatus(result, { plan: plan(MADE) });
  const done = syncedStatus({
    plan: plan(MADE),
    deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B }),
    lastAppliedTag: 'v1.1.0',
    lastAppliedDigest: DIGEST_B,
    history: [historyEntry('Succeeded', { number: 2, tag: 'v1.1.0', digest: DIGEST_B }), historyEntry('Succeeded')],
  });
  const again = { metadata: { annotations: { 'werf.io/deploy-requested-at': '1' } } };
  const back = offered(done, { delivery: delivery(selected('v1.0.0', DIGEST_A)) }, {});
  expectRows(t, [
    { title: 'a retry', seen: offered(after('Failed'), {}, { retries: 2 }), want: { deployment: '3 v1.1.0 Retry' } },
    { title: 'a Job that was lost', seen: offered(after('Lost')), want: { deployment: '3 v1.1.0 JobLost' } },
    {
      title: 'a request',
      seen: observation(bundle(done, { ...planning(), ...again }), {
        delivery: delivery(selected('v1.1.0', DIGEST_B)),
        jobInputs: jobInputs(),
      }),
      want: { deployment: '3 v1.1.0 Requested', plan: `1 after 1: ${SAME} Made` },
    },
    {
      title: 'but what failed before plans were asked for has none',
      seen: offered(failedStatus('Lost')),
      want: { deployment: '2 v1.1.0 NewTag', plan: '1 after 2: v1.1.0 same JobLost open' },
    },
    {
      title: 'nor has what was deployed in the meantime',
      seen: {
        ...back,
        bundle: {
          ...back.bundle,
          metadata: { ...back.bundle.metadata, annotations: { 'werf.io/allow-downgrade': 'true' } },
        },
        sameScans: 2,
      },
      want: { deployment: '2 v1.1.0 NewTag', plan: '2 after 2: v1.0.0 same Downgrade open' },
    },
  ]);
});

t.test('values that change while a deployment waits for its Job are planned before they are deployed', async (t) => {
  const waiting = syncedStatus({
    deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B }),
    lastJobName: 'my-app-1',
    plan: plan(MADE),
  });
  const of = bundle(waiting, planning());
  expectRows(t, [
    {
      title: 'the deployment gives way',
      seen: observation(of, { jobInputs: jobInputs({ checksum: 'k1:2' }), slot: slot(of, 'granted') }),
      want: { plan: '2 after 2: v1.1.0 k1:2 NewTag open', deployment: '2 v1.1.0 NewTag', actions: [], recheck: 'now' },
    },
    {
      title: 'the same values are deployed',
      seen: observation(of, { jobInputs: jobInputs(), slot: slot(of, 'granted') }),
      want: { actions: ['create-job'] },
    },
  ]);
  const { status } = decided(
    observation(of, { jobInputs: jobInputs({ checksum: 'k1:2' }), slot: slot(of, 'granted') }),
  );
  t.match(status.history?.[0], { number: 2, result: 'Superseded' });
});

t.test('where deletions are held, what would be lost waits for an approval of just that', async (t) => {
  const hold = { deletions: 'Hold' } as const;
  const loss = lossOf('update A/a', 'delete PersistentVolumeClaim/data');
  const approved = (hash: string, change: Partial<Plan> = loss) => {
    const { bundle: of, ...seen } = offered(plannedStatus(change), {}, hold);
    const metadata = { ...of.metadata, annotations: { 'werf.io/approve-plan': hash } };
    return { ...seen, bundle: { ...of, metadata } };
  };
  const waits = {
    deployment: '1 v1.0.0 NewTag',
    actions: [],
    recheck: 'on-change' as const,
    ready:
      'False ApprovalAwaited: v1.1.0 would delete PersistentVolumeClaim/data: it waits for an approval; to give it, ' +
      'kubectl annotate wb my-app -n ops --overwrite werf.io/approve-plan=0123456789abcdef',
  };
  const begins = { deployment: '2 v1.1.0 NewTag', recheck: 'now' } as const;
  expectRows(t, [
    { title: 'it waits', seen: offered(plannedStatus(loss), {}, hold), want: waits },
    { title: 'another hash approves nothing', seen: approved('0123456789abcdee'), want: waits },
    {
      title: 'its own does, and that is told',
      seen: approved('0123456789abcdef'),
      want: {
        ...begins,
        events: [
          `Normal PlanApproved: plan 0123456789abcdef was approved, and its deployment 2 begins: ${loss.message}`,
          'Normal Deploying: deploying v1.1.0 (NewTag)',
        ],
      },
    },
    {
      title: 'long after it was planned, it is planned once more first',
      seen: approved('0123456789abcdef', { ...loss, finishedAt: iso(-3 * 3_600_000) }),
      want: { plan: `2 after 1: ${SAME} open`, deployment: '1 v1.0.0 NewTag' },
    },
    {
      title: 'so is one that deletes nothing, as the cluster may be another one by now',
      seen: offered(plannedStatus({ ...lossOf('update A/a'), finishedAt: iso(-3 * 3_600_000) }), {}, hold),
      want: { plan: `2 after 1: ${SAME} open`, deployment: '1 v1.0.0 NewTag' },
    },
    {
      title: 'what is not guarded goes on by itself',
      seen: offered(plannedStatus(lossOf('delete Secret/a', 'recreate Job/b')), {}, hold),
      want: { ...begins, events: ['Normal Deploying: deploying v1.1.0 (NewTag)'] },
    },
    {
      title: 'what is not named waits',
      seen: offered(plannedStatus({ ...lossOf('update A/a'), unnamed: 2 }), {}, hold),
      want: { deployment: '1 v1.0.0 NewTag', actions: [] },
    },
    {
      title: 'what the log did not say at all waits',
      seen: offered(plannedStatus(MADE), {}, hold),
      want: { deployment: '1 v1.0.0 NewTag', actions: [] },
    },
    {
      title: 'without a plan nothing is deployed, and it is said what leads out of it',
      seen: offered(plannedStatus({ result: 'Failed', message: 'no rights' }), {}, hold),
      want: {
        deployment: '1 v1.0.0 NewTag',
        ready:
          'False PlanFailed: v1.1.0 could not be planned, and is not deployed without a plan (deletions: Hold): no rights; ' +
          'for another try, kubectl annotate wb my-app -n ops --overwrite werf.io/reconcile-requested-at="$(date)"',
      },
    },
  ]);
});
