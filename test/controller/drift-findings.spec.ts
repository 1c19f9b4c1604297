import t from 'tap';
import { FINALIZER } from '../../api/finalizer.js';
import { planJobNameOf } from '../../api/names.js';
import type { WerfBundleSpec } from '../../api/werfbundle.js';
import type { Observation, PlanJob } from '../../controller/decide/observation.js';
import type { PlanFinding } from '../../controller/deploy/plan-summary.js';
import {
  bundle,
  DIGEST_B,
  delivery,
  deployment,
  iso,
  jobInputs,
  NOW,
  observation,
  platform,
  pod,
  secretNames,
  selected,
  slot,
  UID,
} from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import {
  checkedStatus,
  type DriftRow,
  type DriftSpec,
  detecting,
  drifted,
  dueCheck,
  expectRows,
  MINUTE,
  PLAN,
  planOf,
  SYNCED,
  slotAskedFor,
} from '../kit/drift-statuses.js';

const SECRETS_OF_DEPLOYMENT = secretNames(deployment().jobName);

/** The same plan, made with another image. */
const runBy = (image: string, plan: PlanJob): PlanJob => ({
  ...plan,
  job: JSON.parse(JSON.stringify(plan.job).replace('registry.example/werf:3.2.0', image)),
});

const going = (plan: PlanJob): PlanJob => ({
  ...plan,
  job: { ...plan.job, metadata: { ...plan.job.metadata, deletionTimestamp: iso(-1_000) } },
});

const renamed = (plan: PlanJob): PlanJob => ({
  ...plan,
  job: { ...plan.job, metadata: { ...plan.job.metadata, name: 'my-app-plan-x' } },
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
  expectRows(t, [
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
      title: 'exit code 2, and all that would change is what each deployment makes anew',
      seen: ended({ ...planOf(status, 5, { exitCode: 2 }), log: logOf({ kind: 'each-time' }) }),
      want: { ...SYNCED, drifted: inSync, counts, checked: iso(0), actions: [], recheck: 'now', events: [] },
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
  const others: readonly DriftRow[] = [
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
  t.test('a check that runs gives way', async (t) => expectRows(t, others));
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
    // A check keeps nothing, and saves nothing.
    return secretNames(name).filter((secret) => !/-(?:kept|plan)$/.test(secret));
  };
  const left = [...secretsOf('v1.0.0', 4), ...secretsOf('v1.0.0', 5)];
  const request = { annotations: { 'werf.io/reconcile-requested-at': '1' } };
  const rows: readonly DriftRow[] = [
    { title: 'not before a check is due', seen: elsewhere({ held: false, due: false }), want: { finalizer: 'leave' } },
    {
      title: 'before its Job is made',
      seen: elsewhere({ held: false }),
      want: { finalizer: 'add', actions: [], recheck: 'now', phase: 'Synced', counts: [4, undefined] },
    },
    {
      title: 'not for a check that its werf can not make',
      seen: elsewhere({ held: false }, { platform: { ...platform, werfImage: 'registry.example/werf:2.40.0' } }),
      want: { finalizer: 'leave', actions: [], recheck: 'now' },
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
  expectRows(t, rows);
  t.equal(slotAskedFor(elsewhere({ held: false })), undefined, 'no place is asked for before it is held');
  t.match(slotAskedFor(elsewhere({ held: true })), PLAN);
  const here = dueCheck(checkedStatus(drifted('False')));
  t.equal(decided(here).finalizer, 'leave', 'in its own namespace its Job goes with it');
});
