import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Observation } from '../../controller/decide/observation.js';
import { bundle, CHECKSUM, DIGEST_A, DIGEST_B, deployment, historyEntry, job, pod, syncedStatus } from './builders.js';

/** Nothing is deployed, and so many polls in a row have failed. */
export const failing = (count: number, more: WerfBundleStatus = {}): WerfBundleStatus => ({
  observedGeneration: 1,
  phase: 'Syncing',
  consecutiveFailures: count,
  resolvedTargetNamespace: 'ops',
  ...more,
});

/** v1.0.0 is deployed; the deployment of v1.1.0 after it ended so. */
export const failedStatus = (
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

/** The deployment of v1.1.0 has failed, it is held, and v1.0.0 was deployed again. */
export const returnedStatus: WerfBundleStatus = failedStatus('Failed', {
  lastJobStatus: 'Succeeded',
  deployment: deployment({ number: 3, reason: 'Return' }),
  history: [
    historyEntry('Succeeded', { number: 3, reason: 'Return' }),
    historyEntry('Failed', { number: 2, tag: 'v1.1.0', digest: DIGEST_B, message: 'pod failed with exit code 1' }),
    historyEntry('Succeeded'),
  ],
  holds: [
    {
      tag: 'v1.1.0',
      digest: DIGEST_B,
      checksum: CHECKSUM,
      number: 2,
      since: '2026-11-23T09:59:30.000Z',
      message: 'pod failed with exit code 1',
      good: { tag: 'v1.0.0', digest: DIGEST_A, checksum: CHECKSUM },
    },
  ],
});

/** v1.0.0 is deployed; the Job for v1.1.0 runs. */
export const runningStatus = syncedStatus({
  phase: 'Syncing',
  deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, jobName: 'my-app-33333333-44444444' }),
  activeJobName: 'my-app-33333333-44444444',
  lastJobName: 'my-app-33333333-44444444',
  lastJobStatus: 'Running',
});

/** v1.0.0 is deployed; that v1.1.0 is to be is written down, and there is no Job yet. */
export const openStatus = syncedStatus({
  deployment: deployment({ number: 2, tag: 'v1.1.0', digest: DIGEST_B, jobName: 'my-app-33333333-44444444' }),
});

/** Somebody asks for a look. */
export const REQUEST = { 'werf.io/reconcile-requested-at': '1' };

/** The Job of a status's deployment is there; `ended` is what became of container werf. */
export const present = (
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
