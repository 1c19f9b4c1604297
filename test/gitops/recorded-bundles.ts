import { FINALIZER } from '../../api/finalizer.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { FindingKind } from '../../controller/decide/finding.js';
import type { Observation } from '../../controller/decide/observation.js';
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
import { decided } from '../kit/decided.js';
import { failedStatus, failing, openStatus, present, returnedStatus, runningStatus } from '../kit/deciding-statuses.js';
import { checkedStatus, detecting, drifted, exhausted } from '../kit/drift-statuses.js';
import { lossOf, offered as planned, plannedStatus } from '../kit/plan-statuses.js';

/** What Flux and Argo CD are to make of a bundle. */
interface Verdicts {
  /** By kstatus: what `wait` and health checks wait for is Current, and Failed ends the wait. */
  readonly flux: 'Current' | 'InProgress' | 'Failed' | 'Terminating';
  readonly argo: 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended';
  /** The condition whose message Argo CD shows; of a bundle that nobody has looked at, the message. */
  readonly says: 'Ready' | 'Reconciling' | 'Stalled' | 'Suspended' | { readonly text: string };
}

/** A bundle as it is stored, and what the tools are to make of it. */
export interface Recorded extends Verdicts {
  /** For people: `it is being deployed`. */
  readonly title: string;
  readonly bundle: StoredBundle;
}

/** A bundle that the controller looks at: its own decision says what status it has then. */
interface Seen extends Verdicts {
  readonly title: string;
  readonly seen: Observation;
}

const NOT_SEEN = { text: 'the controller has not seen this spec yet' };
const DOWN = delivery(failure());
const NOTHING = delivery({ kind: 'nothing-to-deploy', reason: 'NoMatchingTag', message: 'no tag satisfies', tags });
const notNeeded = { access: { kind: 'not-needed' } } as const;
const heldUp = { ...notNeeded, platform: { ...platform, suspendAll: true } };
const suspended = { spec: { suspend: true } };
const offered = { delivery: delivery(selected()), jobInputs: jobInputs() };

const { status: _, ...WITHOUT_STATUS } = bundle();

/** Before the controller has looked. */
const UNSEEN: Readonly<Record<string, Recorded>> = {
  'no-status': {
    title: 'it has no status, which the default of the CRD prevents',
    bundle: WITHOUT_STATUS,
    flux: 'Current',
    argo: 'Progressing',
    says: NOT_SEEN,
  },
  'not-seen': {
    title: 'it has just been created',
    bundle: bundle(),
    flux: 'InProgress',
    argo: 'Progressing',
    says: NOT_SEEN,
  },
  changed: {
    title: 'its spec has just been changed',
    bundle: bundle(syncedStatus(), { metadata: { generation: 2 } }),
    flux: 'InProgress',
    argo: 'Progressing',
    says: NOT_SEEN,
  },
  'suspended-not-seen': {
    title: 'it has just been created, suspended',
    bundle: bundle({ observedGeneration: -1 }, suspended),
    flux: 'InProgress',
    argo: 'Suspended',
    says: { text: 'suspended' },
  },
};

/** For each finding that a status can report a bundle with it. */
const FOUND: { readonly [Kind in FindingKind]: Seen } = {
  'first-scan': {
    title: 'the registry is asked for the first time',
    seen: observation(bundle()),
    flux: 'InProgress',
    argo: 'Progressing',
    says: 'Reconciling',
  },
  'job-active': {
    title: 'it is being deployed, or waits for its turn',
    seen: observation(bundle(runningStatus), { job: present(runningStatus) }),
    flux: 'InProgress',
    argo: 'Progressing',
    says: 'Reconciling',
  },
  'approval-awaited': {
    title: 'its plan would delete a volume, which nobody has approved',
    seen: planned(plannedStatus(lossOf('delete PersistentVolumeClaim/data')), {}, { deletions: 'Hold' }),
    flux: 'InProgress',
    argo: 'Suspended',
    says: 'Ready',
  },
  'plan-withheld': {
    title: 'no plan of its deployment could be made, and deletions are held',
    seen: planned(plannedStatus({ result: 'Failed', message: 'no' }), {}, { deletions: 'Hold' }),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  synced: {
    title: 'it is deployed',
    seen: observation(bundle(syncedStatus()), offered),
    flux: 'Current',
    argo: 'Healthy',
    says: 'Ready',
  },
  'job-retry': {
    title: 'its deployment failed, and is tried again by itself',
    seen: observation(bundle(failedStatus('Failed'), { spec: { converge: { retries: 1 } } }), { now: NOW - 1_000 }),
    flux: 'InProgress',
    argo: 'Progressing',
    says: 'Reconciling',
  },
  'job-failed': {
    title: 'its deployment failed, and is not tried again',
    seen: observation(bundle(failedStatus('Failed'))),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  returned: {
    title: 'its deployment failed, and what was deployed before is deployed again',
    seen: observation(bundle(returnedStatus, { spec: { converge: { onFailure: 'Return' } } }), {
      latest: selected('v1.1.0', DIGEST_B) as Observation['latest'],
    }),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  'spec-invalid': {
    title: 'its spec breaks a rule, which it did not when it was admitted',
    seen: observation(bundle(syncedStatus(), { spec: { registry: { url: 'https://x/y' } } })),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  blocker: {
    title: 'something that it needs is missing or broken',
    seen: observation(bundle(syncedStatus()), {
      access: { kind: 'blocker', reason: 'CredentialsInvalid', message: 'Secret creds does not exist' },
    }),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  'values-refused': {
    title: 'the schema of a new tag refuses its values',
    seen: observation(bundle(syncedStatus()), {
      delivery: delivery(selected('v1.1.0', DIGEST_B)),
      jobInputs: jobInputs(),
      chart: { digest: DIGEST_B, verdict: { kind: 'refuses', chart: 'app 1.1.0', problems: ['replicas: no number'] } },
    }),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  'nothing-to-deploy': {
    title: 'the registry has nothing for it',
    seen: observation(bundle(failing(0)), { delivery: NOTHING, sameScans: 1 }),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  'polls-failing-new': {
    title: 'the registry is down, and nothing is deployed yet',
    seen: observation(bundle(failing(0)), { delivery: DOWN }),
    flux: 'InProgress',
    argo: 'Progressing',
    says: 'Reconciling',
  },
  'polls-failing-deployed': {
    title: 'the registry is down, and an earlier tag is deployed',
    seen: observation(bundle(syncedStatus()), { delivery: DOWN }),
    flux: 'Current',
    argo: 'Healthy',
    says: 'Ready',
  },
  'polling-stopped': {
    title: 'the registry was down six times in a row',
    seen: observation(bundle(failing(5)), { delivery: DOWN }),
    flux: 'Failed',
    argo: 'Degraded',
    says: 'Stalled',
  },
  'downgrade-held': {
    title: 'the registry has a lower version only, which is held back',
    seen: observation(bundle(syncedStatus({ lastAppliedTag: 'v1.2.0', deployment: deployment({ tag: 'v1.2.0' }) })), {
      delivery: delivery(selected('v1.1.0', DIGEST_B)),
      jobInputs: jobInputs(),
    }),
    flux: 'Current',
    argo: 'Healthy',
    says: 'Ready',
  },
  drifted: {
    title: 'the cluster differs from what was deployed',
    seen: observation(bundle(checkedStatus(drifted('True')), detecting({ correct: false })), offered),
    flux: 'Current',
    argo: 'Healthy',
    says: 'Ready',
  },
  'suspended-new': {
    title: 'its spec suspends it, and nothing is deployed yet',
    seen: observation(bundle({ observedGeneration: 1 }, suspended), notNeeded),
    flux: 'Current',
    argo: 'Suspended',
    says: 'Suspended',
  },
  'suspended-deployed': {
    title: 'its spec suspends it',
    seen: observation(bundle(syncedStatus(), suspended), notNeeded),
    flux: 'Current',
    argo: 'Suspended',
    says: 'Suspended',
  },
  'held-up-new': {
    title: '`--suspend-all` suspends it, and nothing is deployed yet',
    seen: observation(bundle({ observedGeneration: 1 }), heldUp),
    flux: 'InProgress',
    argo: 'Suspended',
    says: 'Suspended',
  },
  'held-up-deployed': {
    title: '`--suspend-all` suspends it',
    seen: observation(bundle(syncedStatus()), heldUp),
    flux: 'Current',
    argo: 'Suspended',
    says: 'Suspended',
  },
  deleting: {
    title: 'it is being deleted',
    seen: observation(
      bundle(syncedStatus(), {
        spec: { deletionPolicy: 'Dismiss' },
        metadata: { deletionTimestamp: iso(-60_000), finalizers: [FINALIZER] },
      }),
      { dismissal: { kind: 'possible' } },
    ),
    flux: 'Terminating',
    argo: 'Progressing',
    says: 'Reconciling',
  },
};

/** More of what a status can say with the same findings. */
const VARIANTS: Readonly<Record<string, Seen & { readonly of: FindingKind }>> = {
  queued: {
    of: 'job-active',
    title: 'as many Jobs run as may',
    seen: observation(bundle(openStatus), { slot: slot(bundle(openStatus), 'waiting') }),
    flux: 'InProgress',
    argo: 'Progressing',
    says: 'Reconciling',
  },
  'correction-failed': {
    of: 'drifted',
    title: 'it drifts though it was applied again as often as it says',
    seen: observation(
      bundle(checkedStatus(drifted('True'), { conditions: [exhausted], driftCorrectionAttempts: 3 }), detecting()),
      offered,
    ),
    flux: 'Current',
    argo: 'Healthy',
    says: 'Ready',
  },
};

const recorded = ({ title, seen, flux, argo, says }: Seen): Recorded => {
  const { status } = decided(seen);
  return { title, bundle: { ...seen.bundle, status }, flux, argo, says };
};

/** By file name. */
export const RECORDED: Readonly<Record<string, Recorded>> = Object.fromEntries([
  ...Object.entries(UNSEEN),
  ...Object.entries({ ...FOUND, ...VARIANTS }).map(([name, seen]) => [name, recorded(seen)] as const),
]);

/** Which finding the status of each reports, where the controller has looked. */
export const FINDING_OF: Readonly<Record<string, FindingKind>> = Object.fromEntries([
  ...Object.keys(FOUND).map((kind) => [kind, kind as FindingKind] as const),
  ...Object.entries(VARIANTS).map(([name, { of }]) => [name, of] as const),
]);

/** The message that Argo CD is to show. */
export const messageOf = ({ says, bundle: { status } }: Recorded): string => {
  if (typeof says === 'object') return says.text;
  const condition = status?.conditions?.find(({ type }) => type === says);
  if (condition === undefined) throw new Error(`there is no condition ${says}`);
  return condition.message;
};

/** The object as a file has it: without what changes from one cluster to the next. */
export const manifestOf = ({ bundle: { apiVersion, kind, metadata, spec, status } }: Recorded): object => {
  const { name, namespace, generation, deletionTimestamp, finalizers } = metadata;
  const kept = {
    name,
    namespace,
    generation,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(finalizers !== undefined && { finalizers }),
  };
  return { apiVersion, kind, metadata: kept, spec, ...(status !== undefined && { status }) };
};
