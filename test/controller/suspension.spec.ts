import t from 'tap';
import type { Phase, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conditionOf } from '../../controller/decide/condition.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  DIGEST_B,
  delivery,
  failure,
  historyEntry,
  iso,
  observation,
  platform,
  reachable,
  selected,
  syncedStatus,
} from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { failedStatus, failing, present, runningStatus } from '../kit/deciding-statuses.js';

const RESUMED = 'no longer suspended: polls and deployments go on';
const suspendAll = { platform: { ...platform, suspendAll: true } };
const notNeeded = { access: { kind: 'not-needed' } } as const;

/** The bundle with `spec.suspend`, as the user's change has left it: its status is about the generation before. */
const suspended = (status: WerfBundleStatus, metadata: Partial<StoredBundle['metadata']> = {}): StoredBundle =>
  bundle(status, { spec: { suspend: true }, metadata: { generation: 2, ...metadata } });

const seenSuspended = (status: WerfBundleStatus, change: Partial<Observation> = {}): Observation =>
  observation(suspended(status), { ...notNeeded, ...change });

/** What a next reconcile sees of the outcome of one. */
const next = (seen: Observation, change: Partial<StoredBundle> = {}, more: Partial<Observation> = {}): Observation => ({
  ...seen,
  ...observation({ ...seen.bundle, status: decided(seen).status, ...change }, more),
});

const eventsOf = (seen: Observation) => decided(seen).events.map(({ reason, message }) => `${reason}: ${message}`);

t.test(
  'the message says what stays while the bundle is suspended; kubectl get shows it, for it stands first',
  async (t) => {
    const rolledOut = present(runningStatus);
    const rows: readonly { title: string; seen: Observation; want: string }[] = [
      { title: 'what is deployed', seen: seenSuspended(syncedStatus()), want: 'suspended; v1.0.0 stays' },
      {
        title: 'nothing was deployed yet',
        seen: seenSuspended({ observedGeneration: -1 }),
        want: 'suspended; nothing is deployed yet',
      },
      {
        title: 'a Job that has begun is followed',
        seen: seenSuspended(runningStatus, { job: rolledOut }),
        want: 'suspended; Job my-app-33333333-44444444, which deploys v1.1.0, is followed to its end',
      },
      {
        title: 'it has succeeded meanwhile',
        seen: seenSuspended(runningStatus, { job: present(runningStatus, { exitCode: 0 }) }),
        want: 'suspended; v1.1.0 stays',
      },
      {
        title: 'it has failed meanwhile',
        seen: seenSuspended(runningStatus, { job: present(runningStatus, { exitCode: 1 }) }),
        want: 'suspended; v1.0.0 stays; deploying v1.1.0 failed: pod failed with exit code 1: Error: no such chart',
      },
      {
        title: 'the first deployment had failed before',
        seen: seenSuspended({
          observedGeneration: 1,
          lastJobName: 'my-app-11111111-22222222',
          lastJobStatus: 'Failed',
          history: [historyEntry('Failed', { message: 'pod failed with exit code 1' })],
        }),
        want: 'suspended; nothing is deployed yet; deploying v1.0.0 failed: pod failed with exit code 1',
      },
      {
        title: 'a Job whose werf was not started gave way',
        seen: seenSuspended(failedStatus('Superseded')),
        want: 'suspended; v1.0.0 stays',
      },
      {
        title: 'the platform has suspended all',
        seen: observation(bundle(syncedStatus()), { ...notNeeded, ...suspendAll }),
        want: 'suspended, as all bundles are (--suspend-all); v1.0.0 stays',
      },
      {
        title: 'the platform as well as the spec',
        seen: seenSuspended(syncedStatus(), suspendAll),
        want: 'suspended; v1.0.0 stays',
      },
    ];
    for (const { title, seen, want } of rows) {
      const [first] = decided(seen).status.conditions ?? [];
      t.strictSame([first?.type, first?.status, first?.message], ['Suspended', 'True', want], title);
    }
  },
);

t.test('what is known of the registry is kept', async (t) => {
  const down = decided(
    observation(bundle(syncedStatus({ consecutiveFailures: 2 })), { delivery: delivery(failure()) }),
  );
  const seen = seenSuspended(down.status);
  const { status, interest } = decided(seen);
  const { conditions: _, phase: __, observedGeneration, ...kept } = status;
  const { conditions: ___, phase: ____, observedGeneration: _____, ...before } = down.status;
  t.strictSame(kept, before, 'failures, the next attempt, the error, the ETag and all else');
  t.equal(kept.nextAttemptTime, iso(120_000));
  t.strictSame(
    conditionOf(status, 'RegistryReachable'),
    conditionOf(down.status, 'RegistryReachable'),
    'the condition too, with the generation that it is about',
  );
  t.strictSame([observedGeneration, interest], [2, undefined], 'the spec counts as seen, and nobody is asked');

  const late = decided(seenSuspended(down.status, { delivery: delivery(selected('v1.1.0', DIGEST_B)) }));
  t.strictSame(late.status, status, 'nor does a scan that was under way change it');

  const anew = decided(seenSuspended({ observedGeneration: -1 })).status;
  t.match(conditionOf(anew, 'RegistryReachable'), { status: 'Unknown', reason: 'FirstScan' }, 'nothing was known');
});

t.test('once the suspension is over, polls go on where they were, or begin anew for a changed spec', async (t) => {
  const down = decided(
    observation(bundle(syncedStatus({ consecutiveFailures: 2 })), { delivery: delivery(failure()) }),
  );
  const held = observation(bundle(down.status), { ...notNeeded, ...suspendAll });
  t.strictSame(
    decided(next(held)).interest?.due,
    { kind: 'at', time: Date.parse(iso(120_000)) },
    'the platform resumes',
  );
  t.equal(decided(next(held)).status.consecutiveFailures, 3);

  const metadata = { ...held.bundle.metadata, generation: 2 };
  const changed = next(held, { metadata }, { ...notNeeded, ...suspendAll });
  t.strictSame(
    [decided(changed).status.observedGeneration, decided(changed).status.consecutiveFailures],
    [2, 3],
    'the spec changes meanwhile',
  );
  const resumed = decided(next(changed));
  t.strictSame([resumed.status.consecutiveFailures, resumed.interest?.due.kind], [0, 'at']);
  t.match(conditionOf(resumed.status, 'RegistryReachable'), { status: 'Unknown', observedGeneration: 2 });
});

t.test('a suspension changes no phase for the worse, and no Ready', async (t) => {
  const rank: readonly (Phase | undefined)[] = [undefined, 'Failed', 'Syncing', 'Synced'];
  const readiness = ['False', 'Unknown', 'True'] as const;
  const statuses = [
    syncedStatus(),
    failing(3),
    failing(6),
    failedStatus('Failed'),
    failedStatus('Lost'),
    runningStatus,
  ];
  const after = statuses.map((status) => decided(observation(bundle(status))).status);
  for (const before of [...statuses, ...after]) {
    const { status } = decided(seenSuspended(before, before === runningStatus ? { job: present(before) } : {}));
    t.ok(rank.indexOf(status.phase) >= rank.indexOf(before.phase), `${before.phase} becomes ${status.phase}`);
    const [was, is] = [conditionOf(before, 'Ready')?.status, conditionOf(status, 'Ready')?.status];
    const noWorse = was === undefined || is === undefined || readiness.indexOf(is) >= readiness.indexOf(was);
    t.ok(noWorse, `Ready was ${was} and is ${is}`);
    t.notOk(conditionOf(status, 'Stalled') ?? conditionOf(status, 'Reconciling'), 'nobody waits for it, or is called');
  }
});

t.test('it is told once when a suspension begins, and once when it ends', async (t) => {
  const begins = seenSuspended(syncedStatus());
  t.strictSame(eventsOf(begins), ['Suspended: suspended; v1.0.0 stays']);
  const goesOn = next(begins, {}, notNeeded);
  t.strictSame(eventsOf(goesOn), []);
  const ended = { spec: bundle().spec, metadata: { ...begins.bundle.metadata, generation: 3 } };
  t.strictSame(eventsOf(next(goesOn, ended)), [`Resumed: ${RESUMED}`]);
  t.strictSame(eventsOf(next(next(goesOn, ended))), []);
  const goes = { metadata: { ...begins.bundle.metadata, deletionTimestamp: iso(0) } };
  t.strictSame(eventsOf(next(goesOn, goes, notNeeded)), [], 'one that goes is not resumed');

  const running = seenSuspended(runningStatus, { job: present(runningStatus) });
  const done = next(running, {}, { ...notNeeded, job: present(runningStatus, { exitCode: 0 }) });
  t.strictSame(
    [eventsOf(running).length, eventsOf(done)],
    [1, ['Deployed: deployed v1.1.0 to namespace ops']],
    'whatever its message turns to; what its Job came to is told',
  );
  const failed = next(running, {}, { ...notNeeded, job: present(runningStatus, { exitCode: 1 }) });
  t.strictSame(eventsOf(failed), ['DeployFailed: pod failed with exit code 1: Error: no such chart']);
  t.strictSame([eventsOf(next(done, {}, notNeeded)), eventsOf(next(failed, {}, notNeeded))], [[], []], 'once');
  t.strictSame(
    eventsOf(seenSuspended(runningStatus, { job: { ...present(runningStatus), pod: undefined } })),
    ['Suspended: suspended; v1.0.0 stays'],
    'that one gave way is no result',
  );
});

t.test('a request to reconcile is answered: suspended', async (t) => {
  const requests = {
    'werf.io/reconcile-requested-at': 'now',
    'reconcile.fluxcd.io/requestedAt': 'today',
    'werf.io/deploy-requested-at': 'please',
  };
  const statuses = [syncedStatus(), decided(seenSuspended(syncedStatus())).status, { observedGeneration: -1 }, {}];
  for (const before of statuses) {
    const seen = observation(suspended(before, { annotations: requests }), notNeeded);
    const { status, actions } = decided(seen);
    t.match(status, { lastHandledRequest: 'now', lastHandledReconcileAt: 'today' });
    t.equal(status.lastHandledDeployRequest, undefined, 'a deployment that is asked for waits');
    t.strictSame(actions, []);
    t.strictSame(eventsOf(next(seen, {}, notNeeded)), [], 'each request is answered once');
  }
  const seen = observation(
    suspended(decided(seenSuspended(syncedStatus())).status, { annotations: requests }),
    notNeeded,
  );
  t.strictSame(eventsOf(seen), ['Suspended: not reconciled, as requested: suspended; v1.0.0 stays']);
  t.strictSame(conditionOf(decided(seen).status, 'RegistryReachable'), reachable, 'and nothing is forgotten for it');
});
