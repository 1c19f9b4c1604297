import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { afterFailure } from '../../controller/decide/after-failure.js';
import { nextCheckTime } from '../../controller/decide/drift-schedule.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  DIGEST_B,
  delivery,
  failure,
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
  UID,
} from '../kit/builders.js';
import { decided, needOf } from '../kit/decided.js';
import {
  checkedStatus,
  corrected,
  type DriftSpec,
  detecting,
  drifted,
  dueCheck,
  exhausted,
  expectRows,
  MINUTE,
  PLAN,
  planOf,
  SYNCED,
  slotAskedFor,
} from '../kit/drift-statuses.js';

t.test('a check is begun when it is due, and everything else goes first', async (t) => {
  const status = checkedStatus(drifted('False'));
  expectRows(t, [
    {
      title: 'when it is due its Job is made; nothing is said of it',
      seen: dueCheck(status),
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
      seen: dueCheck(status, {}, { platform: { ...platform, werfImage: 'registry.example/werf:2.52.0' } }),
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
      seen: dueCheck(status, {}, { slot: slot(bundle(status), 'waiting'), jobInputs: undefined }),
      want: { ...SYNCED, actions: [], recheck: 'on-change', counts: [4, undefined] },
    },
    {
      title: 'values that were changed are deployed, not checked',
      seen: dueCheck(status, {}, { jobInputs: jobInputs({ checksum: `k1:${'2'.repeat(64)}` }) }),
      want: { actions: [], reason: 'NewValues', number: 2 },
    },
    {
      title: 'a new tag is deployed first',
      seen: dueCheck(status, {}, { delivery: delivery(selected('v1.1.0', DIGEST_B)) }),
      want: { actions: [], reason: 'NewTag', number: 2 },
    },
    {
      title: 'while polls fail nothing is checked',
      seen: dueCheck(status, {}, { delivery: delivery(failure()) }),
      want: { phase: 'Syncing', actions: [] },
    },
    {
      title: 'while something is missing nothing is checked',
      seen: dueCheck(status, {}, { jobInputs: { kind: 'blocker', reason: 'ValuesInvalid', message: 'no ConfigMap' } }),
      want: { phase: 'Failed', actions: [] },
    },
    {
      title: 'what failed to be deployed is not checked',
      seen: dueCheck(checkedStatus(drifted('False'), { history: [historyEntry('Failed')], lastJobStatus: 'Failed' })),
      want: { phase: 'Failed', actions: [], recheck: 'on-change' },
    },
    {
      title: 'a changed spec is looked at first',
      seen: dueCheck(status, {}, { bundle: bundle(status, { ...detecting(), metadata: { generation: 2 } }) }),
      want: { phase: 'Syncing', actions: [] },
    },
    {
      title: 'one check at a time: what another left goes first',
      seen: dueCheck(status, {}, { plans: [planOf(status, 9)] }),
      want: { actions: ['delete plan-1'], recheck: 1 },
    },
    {
      title: 'turned off, nothing is checked, and nothing is said any more',
      seen: dueCheck(checkedStatus(drifted('True'), { driftCorrectionAttempts: 3, conditions: [exhausted] }), {
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
    decided(dueCheck(status, {}, { slot: slot(bundle(status), 'waiting'), jobInputs: undefined })).keepsSlot,
    true,
    'it waits',
  );
  t.equal(decided(dueCheck(status)).keepsSlot, true, 'its Job is made');
  t.equal(decided(observation(bundle(status, detecting()))).keepsSlot, false, 'it is not due');
  t.match(slotAskedFor(dueCheck(status)), PLAN);
  t.equal(slotAskedFor(observation(bundle(status, detecting()))), undefined);
  t.equal(slotAskedFor(dueCheck(status, { enabled: false })), undefined);
});

t.test('what a check needs is looked up when it is due, and not before', async (t) => {
  const status = checkedStatus(drifted('False'));
  const rows = [
    { title: 'due', seen: dueCheck(status), want: true },
    { title: 'not due', seen: observation(bundle(status, detecting())), want: false },
    {
      title: 'it waits for a place',
      seen: dueCheck(status, {}, { slot: slot(bundle(status), 'waiting') }),
      want: false,
    },
    { title: 'polls fail', seen: dueCheck({ ...status, consecutiveFailures: 1 }), want: false },
    { title: 'not wanted', seen: dueCheck(status, { enabled: false }), want: false },
    { title: 'one is under way', seen: dueCheck(status, {}, { plans: [planOf(status, 5)] }), want: false },
    { title: 'a correction', seen: observation(bundle(checkedStatus(drifted('True')), detecting())), want: true },
  ];
  for (const { title, seen, want } of rows)
    t.equal(needOf({ ...seen, jobInputs: undefined }) === 'job-inputs', want, title);
});

t.test('a check that could not be begun is told, or begun under the next number', async (t) => {
  const seen = dueCheck(checkedStatus(drifted('False')));
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
