import { jobNameOf } from '../../api/names.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import { failureOf } from './conclusion.js';
import { createJob } from './create-job.js';
import type { Cleanup, Decision, FinalizerChange } from './decision.js';
import { reconcileDelete } from './deletion.js';
import {
  followDeployment,
  openDeployment,
  queued,
  secretsOf,
  secretsWithoutJob,
  started,
  type Work,
  wasStarted,
} from './deployment.js';
import { orCorrection, withDriftDetection } from './drift.js';
import { secretsOfChecks } from './drift-check.js';
import { isHealed } from './drift-state.js';
import { type Due, nextDeployment, nextTry, type Requests, takesLast, whatIsDue, withRecord } from './due.js';
import { finalizerChange, needsFinalizerFirst } from './finalizer.js';
import { conditionOf, type Finding, tell } from './finding.js';
import { interestOf, isPolled, isSuspended, nextSecretLook, nextValuesLook } from './needs.js';
import type { Blocker, Observation } from './observation.js';
import { type PartialDecision, soonest } from './partial-decision.js';
import {
  accountPoll,
  isDeployRequested,
  isRequested,
  lookAnew,
  NOT_ASKED_SINCE,
  type PollAccount,
  tagsOf,
  withDeployRequest,
} from './poll.js';
import { supersededBy } from './superseded.js';
import { parseTime, preciseTime } from './timestamps.js';
import { isLookedUpAgain, transitionEvents } from './transition-events.js';

/** How often an obstacle is looked at again, milliseconds; divided by the time scale. */
const BLOCKER_RECHECK_MS = 30_000;
/** How long Secrets may be there without their Job, which something stands in the way of, milliseconds. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/**
 * What is to be done about a bundle: poll accounted for, Job followed, next deployment chosen, all of it told in the status.
 * Pure: the same observation gives the same decision. Never throws for what a user or the cluster may bring.
 */
export const decide = (seen: Observation): Decision => {
  const polled = accountPoll(seen);
  const goes = seen.bundle.metadata.deletionTimestamp !== undefined;
  const partial = withDriftDetection(seen, goes ? reconcileDelete(seen) : undeleted(seen, polled));
  const findings = [...outOfService(seen), ...partial.findings];
  const at = { now: seen.now, generation: seen.bundle.metadata.generation };
  const status = withNextAttempt(seen, tell(resolved(seen, partial.status), findings, at));
  const finalizer = partial.finalizer ?? finalizerChange(seen, status);
  return {
    actions: partial.actions ?? [],
    status,
    cleanup: [...(partial.cleanup ?? []), ...leftOvers(seen, status, finalizer)],
    events: transitionEvents(seen.bundle.status ?? {}, status, tagsOf(seen)),
    finalizer,
    ...(partial.finalEvent !== undefined && { finalEvent: partial.finalEvent }),
    interest: interestOf(seen, status),
    recheck: soonest(soonest(partial.recheck, nextSecretLook(seen, status)), nextValuesLook(seen, status)),
    keepsSlot: keepsSlot(seen, partial),
  };
};

/** An intent that can't be carried out now must not keep others from having their Jobs. */
const keepsSlot = (seen: Observation, { status, recheck, keepsSlot: checks = false }: PartialDecision): boolean =>
  checks ||
  (recheck?.kind === 'now' && seen.place !== 'not-needed') ||
  (openDeployment(status) !== undefined && (wasStarted(status) || seen.place === 'waiting'));

/**
 * What a process that is no more may have left of a Job whose result is recorded, or of a check that was never begun. Without the
 * finalizer nobody would look for it in another namespace any more; under another tag nobody would come back to its name.
 */
const leftOvers = (seen: Observation, status: WerfBundleStatus, finalizer: FinalizerChange): readonly Cleanup[] => {
  const { deployment } = seen.bundle.status ?? {};
  const decided = status.deployment?.number !== deployment?.number;
  const checks = finalizer === 'remove' || decided ? secretsOfChecks(seen) : [];
  if (seen.cleanupPending !== undefined) return [secretsOf(seen, seen.cleanupPending), ...checks];
  return finalizer === 'remove' && deployment !== undefined ? [secretsWithoutJob(seen, deployment), ...checks] : checks;
};

/** Where the release lives, told from the spec. */
const resolved = (seen: Observation, status: WerfBundleStatus): WerfBundleStatus =>
  seen.spec.kind === 'valid'
    ? { ...status, resolvedTargetNamespace: seen.spec.settings.converge.targetNamespace }
    : status;

/** The poll's own time while polls fail; else that of the Job's next try; else none. */
const withNextAttempt = (seen: Observation, status: WerfBundleStatus): WerfBundleStatus => {
  if ((status.consecutiveFailures ?? 0) > 0) return status;
  const { nextAttemptTime: _, ...rest } = status;
  const time = retryTime(seen, status);
  return time === undefined ? rest : { ...rest, nextAttemptTime: preciseTime(time) };
};

/** When what failed is tried again by itself; not before the registry was asked for a spec that is new. */
const retryTime = (seen: Observation, status: WerfBundleStatus): number | undefined => {
  if (!isPolled(seen) || seen.spec.kind === 'invalid' || openDeployment(status) !== undefined) return undefined;
  if (conditionOf(status, 'RegistryReachable')?.status === 'Unknown' || !takesLast(status, seen.spec.settings))
    return undefined;
  return nextTry(status, scheduleOf(seen, seen.spec.settings))?.time;
};

const SUSPENDED = {
  suspended: 'suspended: nothing is polled or deployed',
  'held-up': 'suspended, as all bundles are (--suspend-all): nothing is polled or deployed',
};

/** Why nothing is begun, if nothing is. */
const outOfService = (seen: Observation): readonly Finding[] => {
  if (seen.bundle.metadata.deletionTimestamp !== undefined) return [];
  if (isSuspended(seen)) {
    const by = seen.bundle.spec.suspend === true ? 'suspended' : 'held-up';
    const kind = `${by}-${seen.bundle.status?.lastAppliedTag === undefined ? 'new' : 'deployed'}` as const;
    return [{ kind, reason: 'Suspended', message: SUSPENDED[by] }];
  }
  if (seen.spec.kind === 'invalid') {
    const message = seen.spec.problems.map(({ field, message: text }) => `${field}: ${text}`).join('; ');
    return [{ kind: 'spec-invalid', reason: 'SpecInvalid', message }];
  }
  return [];
};

const undeleted = (seen: Observation, polled: PollAccount): PartialDecision => {
  const open = openDeployment(polled.status);
  const work = followDeployment(seen, polled.status, open && supersededBy(seen, open, polled.wanted));
  switch (work.kind) {
    case 'active':
      return { status: work.status, findings: [work.finding, ...polled.findings], recheck: work.recheck };
    case 'concluded':
      return afterwards(seen, polled, work);
    case 'to-carry-out':
      return carriedOut(seen, polled, work.deployment);
    case 'unreadable':
      return blockedDecision(seen, polled, work.blocker);
    case 'recovered':
      return { status: work.status, findings: polled.findings, recheck: { kind: 'now' } };
    case 'idle':
      return chosen(seen, polled);
  }
};

const afterwards = (
  seen: Observation,
  polled: PollAccount,
  work: Extract<Work, { kind: 'concluded' }>,
): PartialDecision => ({
  status: work.status,
  findings: [...polled.findings, ...standing(seen, work.status)],
  actions: work.actions,
  cleanup: work.cleanup,
  recheck: { kind: 'now' },
});

/** What is true of the deployments so far. */
const standing = (seen: Observation, status: WerfBundleStatus): readonly Finding[] => {
  const failure = isHealed(status) ? undefined : failureOf(status);
  if (failure !== undefined) {
    // Since a change of the spec nothing was tried yet: the old failure says nothing of it.
    if (conditionOf(status, 'RegistryReachable')?.status === 'Unknown') return [];
    if (seen.spec.kind === 'valid' && !takesLast(status, seen.spec.settings)) return [];
    const again = seen.spec.kind === 'valid' && nextTry(status, scheduleOf(seen, seen.spec.settings)) !== undefined;
    return [{ kind: again ? 'job-retry' : 'job-failed', ...failure }];
  }
  if (status.lastAppliedTag === undefined || status.resolvedTargetNamespace === undefined) return [];
  const message = `deployed ${status.lastAppliedTag} to namespace ${status.resolvedTargetNamespace}`;
  return [{ kind: 'synced', reason: 'Deployed', message }];
};

const scheduleOf = (seen: Observation, settings: Settings) => ({
  retries: settings.converge.retries,
  timeScale: seen.platform.timeScale,
});

const blockedDecision = (seen: Observation, polled: PollAccount, blocker: Blocker): PartialDecision => ({
  status: polled.status,
  findings: [{ kind: 'blocker', reason: blocker.reason, message: blocker.message }, ...polled.findings],
  recheck: { kind: 'at', time: seen.now + BLOCKER_RECHECK_MS / seen.platform.timeScale },
});

/** What a crash may have left of an intent that something stands in the way of: nobody else is likely to be at it after so long. */
const abandoned = (seen: Observation, deployment: Deployment): readonly Cleanup[] => {
  const age = seen.now - (parseTime(deployment.startedAt) ?? seen.now);
  return age >= ABANDONED_AFTER_MS ? [secretsWithoutJob(seen, deployment)] : [];
};

/** Carries out an intent that was written before: by this pass's forerunner, or by a process that is no more. */
const carriedOut = (seen: Observation, polled: PollAccount, deployment: Deployment): PartialDecision => {
  const { spec, access, jobInputs } = seen;
  const cleanup = abandoned(seen, deployment);
  if (access.kind === 'blocker') return { ...blockedDecision(seen, polled, access), cleanup };
  const next = started(polled.status, deployment);
  const findings = [next.finding, ...polled.findings];
  if (needsFinalizerFirst(seen.bundle, polled.status))
    return { status: polled.status, findings, recheck: { kind: 'now' } };
  if (seen.place === 'waiting') return { status: polled.status, findings: [queued(deployment), ...polled.findings] };
  if (jobInputs?.kind === 'blocker') return { ...blockedDecision(seen, polled, jobInputs), cleanup };
  if (jobInputs === undefined || spec.kind === 'invalid') return { status: polled.status, findings: polled.findings };
  if (jobInputs.checksum !== deployment.checksum) {
    // Values have changed since. What is deployed is written down first, as ever.
    const amended = { ...deployment, checksum: jobInputs.checksum };
    return { status: { ...polled.status, deployment: amended }, findings, recheck: { kind: 'now' } };
  }
  return {
    status: next.status,
    findings,
    actions: [createJob({ seen, settings: spec.settings, jobInputs, deployment })],
  };
};

/** Nothing is under way: chooses what comes next. */
const chosen = (seen: Observation, polled: PollAccount): PartialDecision => {
  const { access, jobInputs, spec } = seen;
  if (access.kind === 'blocker') return blockedDecision(seen, polled, access);
  if (jobInputs?.kind === 'blocker') return blockedDecision(seen, polled, jobInputs);
  const idle = { status: polled.status, findings: [...polled.findings, ...standing(seen, polled.status)] };
  if (spec.kind === 'invalid') return idle;
  if (jobInputs === undefined)
    return { ...idle, ...unobstructed(seen, polled), ...recheckAt(retryTime(seen, polled.status)) };
  const requested = requestsOf(seen, polled.status);
  const due = whatIsDue({
    bundle: seen.bundle,
    status: polled.status,
    settings: spec.settings,
    wanted: polled.wanted,
    checksum: jobInputs.checksum,
    sameScans: seen.sameScans,
    requested,
    keyId: seen.platform.checksumKey.id,
    now: seen.now,
    timeScale: seen.platform.timeScale,
  });
  // There is nothing that the spec would take: asking the registry again and again would not help.
  const inVain = requested.deployment && (due.kind === 'nothing' || due.kind === 'held');
  const base = inVain ? { ...idle, status: withDeployRequest(seen.bundle, idle.status) } : idle;
  return { ...base, ...unobstructed(seen, polled), ...consequence(seen, base, orCorrection(seen, base, due)) };
};

/** A request is answered when the registry was asked; for a deployment it need not answer. */
const requestsOf = ({ bundle, delivery }: Observation, status: WerfBundleStatus): Requests => {
  const asked = delivery !== undefined;
  const failing = (status.consecutiveFailures ?? 0) > 0;
  return { look: asked && isRequested(bundle), deployment: (asked || failing) && isDeployRequested(bundle) };
};

const recheckAt = (time: number | undefined): Partial<PartialDecision> =>
  time === undefined ? {} : { recheck: { kind: 'at', time } };

/** An obstacle that was told is gone, and what the registry offers is not known: it is asked at once. */
const unobstructed = (seen: Observation, polled: PollAccount): Partial<PartialDecision> => {
  const { status } = polled;
  if (polled.wanted !== undefined || seen.delivery !== undefined || !isLookedUpAgain(status)) return {};
  // Failed polls go on by their own schedule, unless it was the credentials that were missing.
  const failing = (status.consecutiveFailures ?? 0) > 0;
  if (failing && conditionOf(status, 'Ready')?.reason !== 'CredentialsInvalid') return {};
  const anew = lookAnew(seen, status, NOT_ASKED_SINCE);
  return { status: anew.status, findings: anew.findings };
};

const consequence = (seen: Observation, idle: PartialDecision, due: Due): Partial<PartialDecision> => {
  switch (due.kind) {
    case 'nothing':
      return {};
    case 'later':
      return { recheck: { kind: 'at', time: due.time } };
    case 'held':
      return {
        findings: [{ kind: 'downgrade-held', reason: 'DowngradeHeld', message: due.message }, ...idle.findings],
      };
    case 'record':
      return { status: withRecord(idle.status, due) };
    case 'deploy': {
      const deployment = nextDeployment(seen.bundle, due, {
        jobName: (number, tag) =>
          jobNameOf({ bundleName: seen.bundle.metadata.name, uid: seen.bundle.metadata.uid, tag, number }),
        startedAt: preciseTime(seen.now),
        highest: seen.jobs.highest,
      });
      const message = `deploying ${deployment.tag} (${deployment.reason})`;
      return {
        status: { ...withDeployRequest(seen.bundle, idle.status), deployment },
        findings: [{ kind: 'job-active', reason: 'Deploying', message }],
        recheck: { kind: 'now' },
      };
    }
  }
};
