import t from 'tap';
import type { Job } from '../../api/objects.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import { bundle, deployment, iso, NOW, observation, syncedStatus } from '../kit/builders.js';
import { decided } from '../kit/decided.js';
import { present, runningStatus } from '../kit/deciding-statuses.js';
import { checkedStatus, detecting, drifted, planOf } from '../kit/drift-statuses.js';

const HOUR = 60 * 60_000;

/** A Job that somebody has suspended, as Kueue does until there is room. */
const suspended = <J extends Job>(job: J): J =>
  job.spec === undefined ? job : { ...job, spec: { ...job.spec, suspend: true } };

/** One that goes on since then. */
const resumed = <J extends Job>(job: J, startTime: string): J => ({
  ...job,
  status: { startTime, conditions: [{ type: 'Suspended', status: 'False' }] },
});

/** The bundle's Job, which has no Pod, at a moment long after its timeout. */
const seenLate = (
  status: WerfBundleStatus,
  change: (job: Job) => object,
  { later, ...more }: { later: number; metadata?: object; spec?: object },
): Observation => {
  const there = { ...present(status), pod: undefined };
  return observation(bundle(status, more), {
    now: NOW + later,
    job: { ...there, job: { ...there.job, ...change(there.job) } },
  });
};

t.test('a Job that somebody has suspended is neither lost nor late, however long that takes', (t) => {
  const { status, actions } = decided(seenLate(runningStatus, suspended, { later: 72 * HOUR }));
  t.same([status.lastJobStatus, actions], ['Running', []]);
  t.match(status.conditions?.[0], {
    reason: 'WaitingForJob',
    message: /^deploying v1\.1\.0 \(NewTag\): Suspended: Job \S+ is suspended/,
  });

  const at = 72 * HOUR;
  const goesOn = (job: Job) => resumed(job, iso(at - 60_000));
  t.equal(
    decided(seenLate(runningStatus, goesOn, { later: at })).status.lastJobStatus,
    'Running',
    'its time begins then',
  );
  const late = decided(seenLate(runningStatus, goesOn, { later: at + HOUR }));
  t.match(late.status.lastErrorMessage, /^Job \S+ did not start within 30m/, 'and ends');
  t.end();
});

t.test('a check for drift that somebody has suspended waits as well', (t) => {
  const status = checkedStatus(drifted('False'), { driftCheckCount: 4 });
  const check = planOf(status, 5);
  const { spec } = detecting();
  const later = { now: NOW + 72 * HOUR, plans: [{ ...check, pod: undefined, job: suspended(check.job) }] };
  const waiting = decided(observation(bundle(status, { ...(spec && { spec }) }), later));
  t.equal(waiting.status.driftCheckCount, 4);
  const unheld = { ...later, plans: [{ ...check, pod: undefined }] };
  t.equal(decided(observation(bundle(status, { ...(spec && { spec }) }), unheld)).status.driftCheckCount, 5);
  t.end();
});

t.test('an uninstall that somebody has suspended holds a deletion up no longer than one that does not start', (t) => {
  const open = deployment({ number: 2, reason: 'Dismiss', jobName: 'my-app-33333333-44444444' });
  const status = syncedStatus({
    deployment: open,
    activeJobName: open.jobName,
    lastJobName: open.jobName,
    lastJobStatus: 'Running',
  });
  const going = {
    spec: { deletionPolicy: 'Dismiss' as const },
    metadata: { deletionTimestamp: iso(0), finalizers: ['werf.io/deletion'] },
  };
  const soon = decided(seenLate(status, suspended, { later: 60_000, ...going }));
  t.match(
    soon.status.conditions?.find(({ type }) => type === 'Reconciling')?.message,
    /: Suspended: Job \S+ is suspended/,
  );
  const late = decided(seenLate(status, suspended, { later: HOUR, ...going }));
  t.equal(late.status.lastJobStatus, 'Failed');
  t.end();
});
