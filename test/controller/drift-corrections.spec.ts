import t from 'tap';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import {
  bundle,
  DIGEST_B,
  delivery,
  deployment,
  iso,
  job,
  jobInputs,
  NOW,
  observation,
  pod,
  selected,
  syncedStatus,
} from '../kit/builders.js';
import {
  checkedStatus,
  corrected,
  correction,
  type DriftSpec,
  detecting,
  drifted,
  exhausted,
  expectRows,
  MINUTE,
  planOf,
  SYNCED,
} from '../kit/drift-statuses.js';

/** What a check leaves in a status, that ended five seconds ago. */
const checked = (condition: ReturnType<typeof drifted>): WerfBundleStatus => ({
  lastDriftCheckTime: iso(-5_000),
  conditions: [...(syncedStatus().conditions ?? []), condition],
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
  expectRows(t, [
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
