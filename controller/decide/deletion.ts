import { DISMISS_REQUIRED } from '../../api/annotations.js';
import { LOST_DELAYS_MS } from '../../api/backoff.js';
import { hasFinalizer } from '../../api/finalizer.js';
import { jobNameOf, releaseNameOf, targetNamespaceOf } from '../../api/names.js';
import type { Job, Stored } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import { parseTime, preciseTime } from '../../api/timestamp.js';
import type { Deployment, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conclude } from './conclusion.js';
import { createDismissJob } from './create-job.js';
import type { BundleEvent, Need } from './decision.js';
import {
  deletionOf,
  followDeployment,
  openDeployment,
  queued,
  secretsWithoutJob,
  started,
  wasStarted,
} from './deployment.js';
import { firstAnswer, type Guard } from './facts.js';
import { mayBeDeployed, nextNumber } from './finalizer.js';
import type { Finding } from './finding.js';
import { type Blocker, type Observation, slotFor } from './observation.js';
import type { PartialDecision } from './partial-decision.js';

/** How many times the controller tries to uninstall a release before it removes the finalizer all the same. */
const TRIES = 3;
/** How long to wait for the Pod of a stopped Job to end, milliseconds; the kubelet's grace period is 30 seconds. */
const STOP_PATIENCE_MS = 120_000;
/** How often to check again what blocks a required uninstall, milliseconds; divided by the time scale. */
const BLOCKED_RECHECK_MS = 30_000;
const BEING_DELETED = 'the bundle is being deleted';
const DISMISSAL: Need = { kind: 'needs', what: 'dismissal' };

/** A bundle that is being deleted. */
interface BeingDeleted {
  readonly seen: Observation;
  readonly status: WerfBundleStatus;
  /** The deployment, or the try to uninstall, whose result is not recorded yet. */
  readonly open: Deployment | undefined;
}

type DeletionGuard = Guard<BeingDeleted, PartialDecision | Need>;

/**
 * What to do for a bundle that is being deleted: stop its Job; with deletionPolicy Dismiss uninstall its release by a Job, if there
 * may be one; then remove the finalizer. A bundle without our finalizer is deleted without us, and its Jobs are garbage-collected.
 */
export const reconcileDelete = (seen: Observation): PartialDecision | Need => {
  const status = seen.bundle.status ?? {};
  const beingDeleted = { seen, status, open: openDeployment(status) };
  return firstAnswer(GUARDS, beingDeleted) ?? uninstall(beingDeleted);
};

const isToBeUninstalled = (bundle: StoredBundle): boolean =>
  hasFinalizer(bundle) && bundle.spec.deletionPolicy === 'Dismiss';

const isUninstallRequired = ({ metadata }: StoredBundle): boolean =>
  metadata.annotations?.[DISMISS_REQUIRED] === 'true';

const recheckBlocked = ({ now, platform }: Observation) =>
  ({ kind: 'at', time: now + BLOCKED_RECHECK_MS / platform.timeScale }) as const;

const deletingFinding = (message: string, reason: Finding<'deleting'>['reason'] = 'Deleting'): Finding => ({
  kind: 'deleting',
  reason,
  message,
});

/** Stops the Job: a bundle that is being deleted deploys nothing, and its release can be uninstalled only when no Job installs it. */
const deploying: DeletionGuard = ({ seen, status, open }) => {
  if (open === undefined || open.reason === 'Dismiss') return undefined;
  const work = followDeployment(seen, status, BEING_DELETED);
  const findings = [deletingFinding(`stops Job ${open.jobName}, then the bundle goes`)];
  if (work.kind === 'concluded' || work.kind === 'recovered') return { ...work, findings, recheck: { kind: 'now' } };
  // Recorded first: otherwise it would look, once the Job is gone, as if no Job had been created and nothing deployed.
  if (work.kind === 'active' && !wasStarted(status)) return { status: work.status, findings, recheck: { kind: 'now' } };
  if (work.kind === 'unreadable') return jobNotStoppable({ seen, status, open }, work.blocker);
  return seen.job.kind === 'present' ? stopJob({ seen, status, open }, seen.job.job) : { status, findings };
};

type Deploying = BeingDeleted & { readonly open: Deployment };

/** If the release is to be uninstalled, the Pod of the stopped Job has to end first. */
const stopJob = ({ seen, status, open }: Deploying, job: Stored<Job>): PartialDecision => {
  const findings = [deletingFinding(`stops Job ${open.jobName}, then the bundle goes`)];
  const stopRequestedAt = parseTime(job.metadata.deletionTimestamp);
  const until = (stopRequestedAt ?? seen.now) + STOP_PATIENCE_MS;
  if (isToBeUninstalled(seen.bundle) && seen.now < until) {
    const stop = { ...deletionOf(job), propagation: 'Foreground' } as const;
    return {
      status,
      findings,
      actions: stopRequestedAt === undefined ? [stop] : [],
      recheck: { kind: 'at', time: until },
    };
  }
  const message = `Job ${open.jobName} was stopped: ${BEING_DELETED}`;
  return {
    status: conclude(status, open, { result: 'Lost', message, finishedAt: seen.now }),
    findings,
    actions: [deletionOf(job), secretsWithoutJob(seen, open)],
    recheck: { kind: 'now' },
  };
};

/** The Job can't be stopped, since the controller may not read it. The bundle waits for that right only if its uninstall is required. */
const jobNotStoppable = ({ seen, status, open }: Deploying, { reason, message: why }: Blocker): PartialDecision => {
  const { bundle } = seen;
  const message = `Job ${open.jobName} in namespace ${targetNamespaceOf(bundle)} could not be stopped and tidied up: ${why}`;
  if (!hasFinalizer(bundle)) return { status, findings: [deletingFinding(message, reason)] };
  if (isToBeUninstalled(bundle) && isUninstallRequired(bundle))
    return { status, findings: [deletingFinding(message, reason)], recheck: recheckBlocked(seen) };
  const ended = conclude(status, open, { result: 'Lost', message, finishedAt: seen.now });
  return isToBeUninstalled(bundle)
    ? { status: ended, findings: [deletingFinding(message, reason)], recheck: { kind: 'now' } }
    : removeFinalizer(ended, { type: 'Warning', reason, message });
};

/** Recovers a deployment that the status has lost from its Job. */
const unrecorded: DeletionGuard = ({ seen, status, open }) => {
  if (open !== undefined) return undefined;
  const work = followDeployment(seen, status, undefined);
  return work.kind === 'recovered'
    ? { ...work, findings: [deletingFinding(BEING_DELETED)], recheck: { kind: 'now' } }
    : undefined;
};

const withoutFinalizer: DeletionGuard = ({ seen, status }) =>
  hasFinalizer(seen.bundle) ? undefined : { status, findings: [deletingFinding(BEING_DELETED)] };

const releaseKept: DeletionGuard = ({ seen, status }) =>
  isToBeUninstalled(seen.bundle) ? undefined : removeFinalizer(status);

/** Removes the finalizer; that also deletes what a crash may have left of the last Job. */
const removeFinalizer = (status: WerfBundleStatus, finalEvent?: BundleEvent): PartialDecision => ({
  status,
  findings: [deletingFinding(BEING_DELETED)],
  finalEvent,
  finalizer: 'remove',
});

const releaseOf = ({ bundle }: Observation): string =>
  `release ${releaseNameOf(bundle)} in namespace ${targetNamespaceOf(bundle)}`;

const giveUpUninstall = (seen: Observation, status: WerfBundleStatus, why: string): PartialDecision =>
  removeFinalizer(status, {
    type: 'Warning',
    reason: 'DismissFailed',
    message: `${releaseOf(seen)} was not uninstalled: ${why}`,
  });

/** The tries to uninstall the release since the bundle was deleted, newest first. */
const triesOf = ({ history = [] }: WerfBundleStatus) => {
  const end = history.findIndex(({ reason }) => reason !== 'Dismiss');
  return history.slice(0, end === -1 ? history.length : end).filter(({ result }) => result !== 'Superseded');
};

const neverDeployed: DeletionGuard = ({ seen, status }) =>
  !mayBeDeployed(seen.bundle, status) && seen.jobs.highest === 0 ? removeFinalizer(status) : undefined;

const uninstalled: DeletionGuard = ({ seen, status }) => {
  if (triesOf(status)[0]?.result !== 'Succeeded') return undefined;
  return removeFinalizer(status, { type: 'Normal', reason: 'Dismissed', message: `${releaseOf(seen)} is uninstalled` });
};

const notUninstallable: DeletionGuard = ({ seen, status }) => {
  const { dismissal } = seen;
  if (dismissal === undefined) return DISMISSAL;
  if (dismissal.kind === 'pointless') return giveUpUninstall(seen, status, dismissal.why);
  return dismissal.kind === 'blocked' ? blocked(seen, status, dismissal.why) : undefined;
};

/** Tries to uninstall the release, for the first time or again; or gives up. */
const uninstall = ({ seen, status }: BeingDeleted): PartialDecision => {
  const tries = triesOf(status);
  const [last] = tries;
  if (last === undefined) return beginUninstall(seen, status, 1);
  const why = last.message ?? 'the Job failed';
  if (tries.length >= TRIES && !isUninstallRequired(seen.bundle)) return giveUpUninstall(seen, status, why);
  const delay = LOST_DELAYS_MS[Math.min(tries.length, LOST_DELAYS_MS.length) - 1] ?? 0;
  const next = (parseTime(last.finishedAt) ?? seen.now) + delay / seen.platform.timeScale;
  if (seen.now >= next) return beginUninstall(seen, status, tries.length + 1);
  return { status, findings: [notUninstalled(seen, why)], recheck: { kind: 'at', time: next } };
};

/** Somebody has to mend something before the release can be uninstalled: waits for that if the uninstall is required, else gives up. */
const blocked = (seen: Observation, status: WerfBundleStatus, why: string): PartialDecision =>
  isUninstallRequired(seen.bundle)
    ? { status, findings: [notUninstalled(seen, why)], recheck: recheckBlocked(seen) }
    : giveUpUninstall(seen, status, why);

const notUninstalled = (seen: Observation, why: string): Finding =>
  deletingFinding(`${releaseOf(seen)} could not be uninstalled: ${why}`, 'DismissFailed');

/** Writes the intent of an uninstall, numbered like a deployment, before its Job is created, so that a crash creates no second one. */
const beginUninstall = (seen: Observation, status: WerfBundleStatus, attempt: number): PartialDecision => {
  const { name, uid, generation } = seen.bundle.metadata;
  const number = nextNumber(seen.bundle, status, seen.jobs.highest);
  const tag = status.lastAppliedTag ?? status.deployment?.tag ?? '';
  const deployment: Deployment = {
    number,
    attempt,
    generation,
    tag,
    reason: 'Dismiss',
    digest: status.lastAppliedDigest ?? status.deployment?.digest ?? '',
    checksum: status.appliedChecksum ?? status.deployment?.checksum ?? '',
    jobName: jobNameOf({ bundleName: name, uid, tag, number }),
    startedAt: preciseTime(seen.now),
  };
  return {
    status: { ...status, deployment },
    findings: [deletingFinding(`uninstalling ${releaseOf(seen)}`)],
    recheck: { kind: 'now' },
  };
};

const uninstalling: DeletionGuard = ({ seen, status, open }) => {
  if (open === undefined) return undefined;
  const findings = [deletingFinding(`uninstalling ${releaseOf(seen)}`)];
  const { dismissal, spec } = seen;
  if (dismissal === undefined) return DISMISSAL;
  const work = followDeployment(seen, status, dismissal.kind === 'possible' ? undefined : dismissal.why);
  if (work.kind === 'to-carry-out' && spec.kind === 'valid')
    return carryOutUninstall({ seen, status }, work.deployment, spec.settings);
  switch (work.kind) {
    case 'concluded':
    case 'recovered':
      return { ...work, findings, recheck: { kind: 'now' } };
    case 'active': {
      const { message, reason } = work.finding;
      return { ...work, findings: reason === 'WaitingForJob' ? [deletingFinding(message, reason)] : findings };
    }
    case 'unreadable':
      return blocked(seen, status, work.blocker.message);
    case 'to-carry-out':
    case 'none':
      return { status, findings };
  }
};

/** Creates the Job of an uninstall that is written down, once there is a slot for it. */
const carryOutUninstall = (
  { seen, status }: Pick<BeingDeleted, 'seen' | 'status'>,
  deployment: Deployment,
  settings: Settings,
): PartialDecision | Need => {
  const { message, reason } = queued(deployment);
  const slot = slotFor(seen, deployment.jobName);
  if (slot === undefined) return { kind: 'needs', what: 'job-slot', jobName: deployment.jobName };
  if (slot === 'waiting') return { status, findings: [deletingFinding(message, reason)] };
  return {
    status: started(status, deployment).status,
    findings: [deletingFinding(`uninstalling ${releaseOf(seen)}`)],
    actions: [createDismissJob({ seen, settings, deployment })],
  };
};

/** In this order. If none of them answers, the controller tries to uninstall the release. */
const GUARDS: readonly DeletionGuard[] = [
  // Whatever else is done, the bundle's Job must not go on.
  deploying,
  // Otherwise the bundle would look as if it had never been deployed.
  unrecorded,
  // Without our finalizer, Kubernetes deletes the bundle at any moment.
  withoutFinalizer,
  // deletionPolicy is not Dismiss: the release stays.
  releaseKept,
  // From here on the release is to be uninstalled, by one Job at a time.
  uninstalling,
  // There is no release.
  neverDeployed,
  // The last try has succeeded: what another one would need is not looked up.
  uninstalled,
  // A try can't succeed.
  notUninstallable,
];
