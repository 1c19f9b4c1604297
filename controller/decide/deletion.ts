import { DISMISS_REQUIRED } from '../../api/annotations.js';
import { LOST_DELAYS_MS } from '../../api/backoff.js';
import { hasFinalizer } from '../../api/finalizer.js';
import { jobNameOf, releaseNameOf, targetNamespaceOf } from '../../api/names.js';
import type { Job, Stored } from '../../api/objects.js';
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
import { firstAnswer, type Question } from './facts.js';
import { mayBeDeployed, nextNumber } from './finalizer.js';
import type { Finding } from './finding.js';
import { type Blocker, type Observation, slotFor } from './observation.js';
import type { PartialDecision } from './partial-decision.js';

/** How often it is tried to uninstall a release before the bundle is let go. */
const TRIES = 3;
/** How long the Pod of a Job that was stopped may take to end, milliseconds; the kubelet's grace period is 30 seconds. */
const STOP_PATIENCE_MS = 120_000;
/** How often what stands in the way of a required uninstall is looked at again, milliseconds; divided by the time scale. */
const BLOCKED_RECHECK_MS = 30_000;
const GOES = 'the bundle is being deleted';
const DISMISSAL: Need = { kind: 'needs', what: 'dismissal' };

/** A bundle that is being deleted. */
interface Going {
  readonly seen: Observation;
  readonly status: WerfBundleStatus;
  /** The deployment, or the try to uninstall, whose result is not recorded yet. */
  readonly open: Deployment | undefined;
}

type Guard = Question<Going, PartialDecision | Need>;

/**
 * What is to be done for a bundle that is being deleted: its Job is stopped; with deletionPolicy Dismiss its release is uninstalled
 * by a Job, if there may be one; then it is let go. A bundle that nobody holds goes by itself, and its Jobs with it.
 */
export const reconcileDelete = (seen: Observation): PartialDecision | Need => {
  const status = seen.bundle.status ?? {};
  const going = { seen, status, open: openDeployment(status) };
  return firstAnswer(GUARDS, going) ?? uninstall(going);
};

const isDismissed = (bundle: StoredBundle): boolean => hasFinalizer(bundle) && bundle.spec.deletionPolicy === 'Dismiss';

const isRequired = ({ metadata }: StoredBundle): boolean => metadata.annotations?.[DISMISS_REQUIRED] === 'true';

const recheckBlocked = ({ now, platform }: Observation) =>
  ({ kind: 'at', time: now + BLOCKED_RECHECK_MS / platform.timeScale }) as const;

const leaving = (message: string, reason: Finding<'deleting'>['reason'] = 'Deleting'): Finding => ({
  kind: 'deleting',
  reason,
  message,
});

/** Nothing is deployed for a bundle that goes. To uninstall what a Job is still installing would be in vain: it has to end first. */
const deploying: Guard = ({ seen, status, open }) => {
  if (open === undefined || open.reason === 'Dismiss') return undefined;
  const work = followDeployment(seen, status, GOES);
  const findings = [leaving(`stops Job ${open.jobName}, then the bundle goes`)];
  if (work.kind === 'concluded' || work.kind === 'recovered') return { ...work, findings, recheck: { kind: 'now' } };
  // Or it would look as if no Job had been made, once it is gone, and nothing been deployed.
  if (work.kind === 'active' && !wasStarted(status)) return { status: work.status, findings, recheck: { kind: 'now' } };
  if (work.kind === 'unreadable') return notStopped({ seen, status, open }, work.blocker);
  return seen.job.kind === 'present' ? stopped({ seen, status, open }, seen.job.job) : { status, findings };
};

type Deploying = Going & { readonly open: Deployment };

/** Where its release is uninstalled, the Job's Pod has to end first. */
const stopped = ({ seen, status, open }: Deploying, job: Stored<Job>): PartialDecision => {
  const findings = [leaving(`stops Job ${open.jobName}, then the bundle goes`)];
  const asked = parseTime(job.metadata.deletionTimestamp);
  const until = (asked ?? seen.now) + STOP_PATIENCE_MS;
  if (isDismissed(seen.bundle) && seen.now < until) {
    const stop = { ...deletionOf(job), propagation: 'Foreground' } as const;
    return { status, findings, actions: asked === undefined ? [stop] : [], recheck: { kind: 'at', time: until } };
  }
  const message = `Job ${open.jobName} was stopped: ${GOES}`;
  return {
    status: conclude(status, open, { result: 'Lost', message, finishedAt: seen.now }),
    findings,
    actions: [deletionOf(job), secretsWithoutJob(seen, open)],
    recheck: { kind: 'now' },
  };
};

/** Who may not look at a Job can't stop it. Somebody could give that right, and no bundle is kept for it, unless it is to be. */
const notStopped = ({ seen, status, open }: Deploying, { reason, message: why }: Blocker): PartialDecision => {
  const { bundle } = seen;
  const message = `Job ${open.jobName} in namespace ${targetNamespaceOf(bundle)} could not be stopped and tidied up: ${why}`;
  if (!hasFinalizer(bundle)) return { status, findings: [leaving(message, reason)] };
  if (isDismissed(bundle) && isRequired(bundle))
    return { status, findings: [leaving(message, reason)], recheck: recheckBlocked(seen) };
  const ended = conclude(status, open, { result: 'Lost', message, finishedAt: seen.now });
  return isDismissed(bundle)
    ? { status: ended, findings: [leaving(message, reason)], recheck: { kind: 'now' } }
    : letGo(ended, { type: 'Warning', reason, message });
};

/** A Job tells of a deployment that the status has lost. */
const unrecorded: Guard = ({ seen, status, open }) => {
  if (open !== undefined) return undefined;
  const work = followDeployment(seen, status, undefined);
  return work.kind === 'recovered' ? { ...work, findings: [leaving(GOES)], recheck: { kind: 'now' } } : undefined;
};

const notHeld: Guard = ({ seen, status }) =>
  hasFinalizer(seen.bundle) ? undefined : { status, findings: [leaving(GOES)] };

const orphaning: Guard = ({ seen, status }) => (isDismissed(seen.bundle) ? undefined : letGo(status));

/** The last that is done for a bundle; whatever a crash may have left of its last Job goes with the finalizer. */
const letGo = (status: WerfBundleStatus, finalEvent?: BundleEvent): PartialDecision => ({
  status,
  findings: [leaving(GOES)],
  finalEvent,
  finalizer: 'remove',
});

const releaseOf = ({ bundle }: Observation): string =>
  `release ${releaseNameOf(bundle)} in namespace ${targetNamespaceOf(bundle)}`;

const givenUp = (seen: Observation, status: WerfBundleStatus, why: string): PartialDecision =>
  letGo(status, {
    type: 'Warning',
    reason: 'DismissFailed',
    message: `${releaseOf(seen)} was not uninstalled: ${why}`,
  });

/** Tries to uninstall since the bundle is being deleted, newest first. */
const triesOf = ({ history = [] }: WerfBundleStatus) => {
  const end = history.findIndex(({ reason }) => reason !== 'Dismiss');
  return history.slice(0, end === -1 ? history.length : end).filter(({ result }) => result !== 'Superseded');
};

const neverDeployed: Guard = ({ seen, status }) =>
  !mayBeDeployed(seen.bundle, status) && seen.jobs.highest === 0 ? letGo(status) : undefined;

const uninstalled: Guard = ({ seen, status }) => {
  if (triesOf(status)[0]?.result !== 'Succeeded') return undefined;
  return letGo(status, { type: 'Normal', reason: 'Dismissed', message: `${releaseOf(seen)} is uninstalled` });
};

const notUninstallable: Guard = ({ seen, status }) => {
  const { dismissal } = seen;
  if (dismissal === undefined) return DISMISSAL;
  if (dismissal.kind === 'pointless') return givenUp(seen, status, dismissal.why);
  return dismissal.kind === 'blocked' ? blocked(seen, status, dismissal.why) : undefined;
};

/** For the first time, or again after a while, or no more. */
const uninstall = ({ seen, status }: Going): PartialDecision => {
  const tries = triesOf(status);
  const [last] = tries;
  if (last === undefined) return tried(seen, status, 1);
  const why = last.message ?? 'the Job failed';
  if (tries.length >= TRIES && !isRequired(seen.bundle)) return givenUp(seen, status, why);
  const delay = LOST_DELAYS_MS[Math.min(tries.length, LOST_DELAYS_MS.length) - 1] ?? 0;
  const next = (parseTime(last.finishedAt) ?? seen.now) + delay / seen.platform.timeScale;
  if (seen.now >= next) return tried(seen, status, tries.length + 1);
  return { status, findings: [notUninstalled(seen, why)], recheck: { kind: 'at', time: next } };
};

/** Somebody could mend it: waited for where the bundle must not go without. */
const blocked = (seen: Observation, status: WerfBundleStatus, why: string): PartialDecision =>
  isRequired(seen.bundle)
    ? { status, findings: [notUninstalled(seen, why)], recheck: recheckBlocked(seen) }
    : givenUp(seen, status, why);

const notUninstalled = (seen: Observation, why: string): Finding =>
  leaving(`${releaseOf(seen)} could not be uninstalled: ${why}`, 'DismissFailed');

/** A number like a deployment's: written down before its Job is made, so that a crash makes no second one. */
const tried = (seen: Observation, status: WerfBundleStatus, attempt: number): PartialDecision => {
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
    findings: [leaving(`uninstalling ${releaseOf(seen)}`)],
    recheck: { kind: 'now' },
  };
};

const uninstalling: Guard = ({ seen, status, open }) => {
  if (open === undefined) return undefined;
  const findings = [leaving(`uninstalling ${releaseOf(seen)}`)];
  const { dismissal, spec } = seen;
  if (dismissal === undefined) return DISMISSAL;
  const work = followDeployment(seen, status, dismissal.kind === 'possible' ? undefined : dismissal.why);
  switch (work.kind) {
    case 'concluded':
    case 'recovered':
      return { ...work, findings, recheck: { kind: 'now' } };
    case 'active': {
      const { message, reason } = work.finding;
      return { ...work, findings: reason === 'WaitingForJob' ? [leaving(message, reason)] : findings };
    }
    case 'to-carry-out': {
      const { deployment } = work;
      const { message, reason } = queued(deployment);
      const slot = slotFor(seen, deployment.jobName);
      if (slot === undefined) return { kind: 'needs', what: 'job-slot', jobName: deployment.jobName };
      if (slot === 'waiting') return { status, findings: [leaving(message, reason)] };
      if (spec.kind === 'invalid') return { status, findings };
      const action = createDismissJob({ seen, settings: spec.settings, deployment });
      return { status: started(status, deployment).status, findings, actions: [action] };
    }
    case 'unreadable':
      return blocked(seen, status, work.blocker.message);
    case 'none':
      return { status, findings };
  }
};

/** In this order. Where none of them answers, it is tried to uninstall the release. */
const GUARDS: readonly Guard[] = [
  // Whatever becomes of the bundle, its Job must not go on.
  deploying,
  // It would be taken for one that was never deployed.
  unrecorded,
  // Nobody can keep it; it is gone any moment.
  notHeld,
  // deletionPolicy is not Dismiss: the release stays.
  orphaning,
  // From here on the release is to be uninstalled. One Job at a time tries.
  uninstalling,
  // There is none.
  neverDeployed,
  // The result of a try, before what a further one would need is looked up.
  uninstalled,
  // A try would be in vain.
  notUninstallable,
];
