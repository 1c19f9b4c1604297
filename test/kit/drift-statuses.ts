import type { Test } from 'tap';
import type { WerfBundleSpec, WerfBundleStatus } from '../../api/werfbundle.js';
import { projectJob } from '../../controller/cache/projections.js';
import { decide } from '../../controller/decide/decide.js';
import type { Observation, PlanJob } from '../../controller/decide/observation.js';
import { sealedJob } from '../../controller/deploy/job-signature.js';
import { buildPlanJob, planInput } from '../../controller/deploy/plan-job.js';
import {
  bundle,
  CHECKSUM,
  DIGEST_A,
  deployment,
  historyEntry,
  iso,
  jobInputs,
  NOW,
  observation,
  PROOF,
  pod,
  settingsOf,
  syncedStatus,
} from './builders.js';
import { decided } from './decided.js';

/** Milliseconds. */
export const MINUTE = 60_000;

/** Names of Jobs that check. */
export const PLAN = /^my-app-plan-[0-9a-f]{8}-[0-9a-f]{8}$/;

/** spec.converge.driftDetection. */
export type DriftSpec = NonNullable<NonNullable<WerfBundleSpec['converge']>['driftDetection']>;

/** That a bundle is checked for drift, by default every so often. */
export const detecting = (change: DriftSpec = {}): { readonly spec: Partial<WerfBundleSpec> } => ({
  spec: { converge: { driftDetection: { enabled: true, ...change } } },
});

/** The condition that the last check left. */
export const drifted = (status: 'True' | 'False' | 'Unknown', since = '2026-11-23T09:40:00Z') =>
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

/** The condition after three corrections in vain. */
export const exhausted = {
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
export const checkedStatus = (condition: ReturnType<typeof drifted>, change: WerfBundleStatus = {}): WerfBundleStatus =>
  syncedStatus({
    deployment: deployment({ startedAt: iso(-60 * MINUTE) }),
    history: [historyEntry('Succeeded', { startedAt: iso(-60 * MINUTE), finishedAt: iso(-59 * MINUTE) })],
    driftCheckCount: 4,
    lastDriftCheckTime: iso(-MINUTE),
    ...change,
    conditions: [...(syncedStatus().conditions ?? []), condition, ...(change.conditions ?? [])],
  });

/** What the status has of a correction under way. */
export const correction = {
  number: 2,
  reason: 'DriftCorrection',
  startedAt: iso(-30_000),
  jobName: 'my-app-1-2',
} as const;

/** A correction that ended, or one that runs. */
export const corrected = (
  result: 'Succeeded' | 'Failed' | 'running',
  attempts: number,
  change: WerfBundleStatus = {},
) => {
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

/** The Job of a check by its number, and how it ended; it runs, if that is left out. */
export const planOf = (
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
  const built = sealedJob(buildPlanJob(planInput(base, applied, check)), [], PROOF.key);
  const given = { uid: 'plan-1', resourceVersion: '1', creationTimestamp: iso(-MINUTE) };
  const plan: PlanJob = {
    // As the cache has it.
    job: projectJob({ ...built, metadata: { ...built.metadata, ...given } }, PROOF),
    pod: pod(end),
    log:
      end === undefined || end.exitCode === 0
        ? { kind: 'not-needed' }
        : { kind: 'read', finding: { kind: 'objects', words: 'update ConfigMap/app' }, errorLine: 'no such chart' },
  };
  return plan;
};

/** The Job that a bundle asks a slot for, if it does. */
export const slotAskedFor = (seen: Observation): string | undefined => {
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

/** A situation, and what is told of it. */
export interface DriftRow {
  readonly title: string;
  readonly seen: Observation;
  readonly want: Partial<ReturnType<typeof told>>;
}

/** Asserts of each row what it wants, and no more. */
export const expectRows = (t: Test, rows: readonly DriftRow[]): void => {
  for (const { title, seen, want } of rows) {
    const got = told(seen);
    const chosen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
    t.strictSame(chosen, want, title);
  }
};

/** A check is due, and all that its Job needs is known. */
export const dueCheck = (
  status: WerfBundleStatus,
  change: DriftSpec = {},
  more: Partial<Observation> = {},
): Observation =>
  observation(bundle({ ...status, lastDriftCheckTime: iso(-60 * MINUTE) }, detecting(change)), {
    jobInputs: jobInputs(),
    ...more,
  });

/** What is told of a bundle that has v1.0.0 and no trouble. */
export const SYNCED = { phase: 'Synced', ready: 'True Deployed: deployed v1.0.0 to namespace ops' } as const;
