import { ALLOW_DOWNGRADE } from '../../api/annotations.js';
import { type Attempt, lastAttempt, lastTried, wasSuperseded } from '../../api/attempts.js';
import { LOST_DELAYS_MS, retryDelayMs } from '../../api/backoff.js';
import { madeWith } from '../../api/checksum.js';
import { annotateCommand } from '../../api/kubectl-command.js';
import { rollbackOf } from '../../api/rollback.js';
import type { Settings } from '../../api/settings.js';
import { admits, isLowerTag } from '../../api/tag-choice.js';
import { parseTime } from '../../api/timestamp.js';
import type { Deployment, DeployReason, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { nextNumber } from './finalizer.js';
import { isOfEndedRollback } from './rollback.js';

/** What the registry offers to a bundle. */
interface Offered {
  readonly bundle: StoredBundle;
  readonly status: WerfBundleStatus;
  readonly settings: Settings;
  /** undefined: it is not known now. */
  readonly wanted: Pick<Target, 'tag'> | undefined;
  readonly sameScans: number;
}

/** What a deployment would deploy. */
interface Target {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
}

export type Due =
  | { readonly kind: 'nothing' }
  /** The same target is to be deployed again at `time`. */
  | { readonly kind: 'later'; readonly time: number }
  /** A lower version than the deployed one, which no user has allowed. */
  | { readonly kind: 'held'; readonly message: string }
  /**
   * What is deployed was recorded with another checksum key, or by an operator that had none: it is recorded anew, not deployed. So is
   * the generation, once the registry has offered the same for it: later deployments are no consequence of that change.
   */
  | {
      readonly kind: 'record';
      readonly checksum: string;
      readonly digest: string;
      readonly generation: number | undefined;
    }
  | { readonly kind: 'deploy'; readonly target: Target; readonly reason: DeployReason; readonly attempt: number };

/** When a deployment that failed is tried again; undefined: never by itself. */
export const nextTry = (
  status: WerfBundleStatus,
  { retries, timeScale }: { readonly retries: number; readonly timeScale: number },
): { readonly time: number; readonly reason: DeployReason; readonly attempt: number } | undefined => {
  const last = status.history?.[0];
  const { deployment } = status;
  if (last === undefined || deployment === undefined || last.number !== deployment.number) return undefined;
  const ended = parseTime(last.finishedAt) ?? 0;
  const attempt = deployment.attempt ?? 1;
  switch (last.result) {
    case 'Succeeded':
      return undefined;
    case 'Failed':
      if (attempt > retries) return undefined;
      return { time: ended + retryDelayMs(attempt) / timeScale, reason: 'Retry', attempt: attempt + 1 };
    case 'Superseded': {
      const { tag, digest, checksum, reason } = deployment;
      const tried = lastTried(status);
      const failed = tried?.tag === tag && tried.digest === digest && tried.checksum === checksum;
      // The status answers the request already, so nobody would make it again.
      const owed = reason === 'Requested' || (failed && tried.result !== 'Succeeded');
      return owed ? { time: ended, reason, attempt } : undefined;
    }
    case 'Lost':
    case 'Refused': {
      const delay = LOST_DELAYS_MS[inVain(status) - 1];
      return delay === undefined ? undefined : { time: ended + delay / timeScale, reason: 'JobLost', attempt };
    }
  }
};

/** How many Jobs in a row were lost or refused. */
const inVain = (status: WerfBundleStatus): number => {
  const history = (status.history ?? []).filter(({ result }) => result !== 'Superseded');
  const end = history.findIndex(({ result }) => result !== 'Lost' && result !== 'Refused');
  return end === -1 ? history.length : end;
};

/** Why a target differs from what was attempted last. */
const differenceOf = (
  seen: { bundle: StoredBundle; target: Target },
  last: Attempt | undefined,
): DeployReason | undefined => {
  const { bundle, target } = seen;
  if (last === undefined || last.tag !== target.tag) return 'NewTag';
  if (last.digest !== undefined && last.digest !== target.digest) return 'MovedTag';
  if (last.checksum !== undefined && last.checksum !== target.checksum) {
    return specChanged(bundle) ? 'NewSpec' : 'NewValues';
  }
  return undefined;
};

/** Whether the spec was changed since the last deployment was decided, or recorded to be what it asks for. */
export const specChanged = (bundle: StoredBundle): boolean =>
  bundle.metadata.generation !== (bundle.status?.deployment?.generation ?? bundle.metadata.generation);

/** Why a failed deployment is tried anew: since it failed, somebody changed the spec (more memory, say) or made a request. */
const actedUpon = (bundle: StoredBundle, requested: boolean): DeployReason | undefined => {
  const status = bundle.status ?? {};
  if (status.history?.[0]?.number !== status.deployment?.number) return undefined;
  const last = lastTried(status);
  if (last === undefined || last.result === 'Succeeded') return undefined;
  if (specChanged(bundle)) return 'NewSpec';
  return requested ? 'Requested' : undefined;
};

interface DueInput extends Offered {
  readonly wanted: Omit<Target, 'checksum'> | undefined;
  readonly checksum: string;
  readonly requested: Requests;
  readonly keyId: string;
  readonly now: number;
  readonly timeScale: number;
}

/** Requests by annotation that are not answered yet. */
interface Requests {
  /** To reconcile, which also tries anew what failed. */
  readonly look: boolean;
  /** To deploy, even if nothing has changed. */
  readonly deployment: boolean;
}

/** Whether the offered tag is lower than the deployed one (`none`: it is not), and whether users meant that; else it is held. */
const lowering = ({ bundle, status, settings, wanted, sameScans }: Offered): 'none' | 'held' | 'meant' => {
  const { policy } = settings.registry;
  const applied = status.lastAppliedTag;
  if (wanted === undefined || applied === undefined || !isLowerTag(wanted.tag, applied, policy)) return 'none';
  if (specChanged(bundle) || !admits(policy, applied)) return 'meant';
  return allowsDowngrade(bundle) && sameScans >= 2 ? 'meant' : 'held';
};

/**
 * Whether the registry's offer is tried though the same was tried last: that was by a rollback, which is over. An offer that is held because it is
 * lower is not tried, and so is nothing to wait for.
 */
export const isTriedAnew = (offered: Offered): boolean =>
  isOfEndedRollback(offered.bundle, offered.status) && lowering(offered) !== 'held';

const allowsDowngrade = ({ metadata }: StoredBundle): boolean => metadata.annotations?.[ALLOW_DOWNGRADE] === 'true';

/**
 * Whether something is to be deployed, and why. A deployment is due when its target differs from the last attempt's; what failed
 * is due again as retries allow, and at once when somebody acted.
 * @param input.wanted - the registry's offer; undefined: not known now
 * @param input.sameScans - how many full scans in a row made this offer
 */
export const whatIsDue = (input: DueInput): Due => {
  const { bundle, status, checksum, requested } = input;
  const lower = lowering(input);
  const last = lastAttempt(status);
  const lastTarget = againOf(last, input.settings);
  const offer = lower === 'held' ? lastTarget : (input.wanted ?? lastTarget);
  if (offer === undefined) return lower === 'held' ? held(input) : { kind: 'nothing' };
  const target = { ...offer, checksum };
  const isChosenAnew = input.wanted !== undefined && isTriedAnew(input);
  const different = isChosenAnew ? 'NewTag' : differenceOf({ bundle, target }, comparableAttempt(last, input.keyId));
  const reason = different ?? (requested.deployment ? 'Requested' : actedUpon(bundle, requested.look));
  if (reason !== undefined) {
    const deployReason = reason === 'NewTag' ? reasonOfTag(bundle, lower) : reason;
    return { kind: 'deploy', target, reason: deployReason, attempt: 1 };
  }
  const again = nextTry(status, { retries: input.settings.converge.retries, timeScale: input.timeScale });
  if (again !== undefined) {
    return again.time <= input.now
      ? { kind: 'deploy', target, reason: again.reason, attempt: again.attempt }
      : { kind: 'later', time: again.time };
  }
  if (lower === 'held') return held(input);
  const generation = input.wanted === undefined ? undefined : bundle.metadata.generation;
  // What was deployed before statuses told of deployments has no place for a generation.
  const { deployment } = status;
  const isTold = generation === undefined || deployment === undefined || deployment.generation === generation;
  const known = last?.checksum === checksum && last.digest === target.digest && isTold;
  return known ? { kind: 'nothing' } : { kind: 'record', checksum, digest: target.digest, generation };
};

const reasonOfTag = (bundle: StoredBundle, lower: ReturnType<typeof lowering>): DeployReason => {
  if (rollbackOf(bundle) !== undefined) return 'Rollback';
  return lower === 'meant' ? 'Downgrade' : 'NewTag';
};

/** The last attempt as a target, if the spec still admits its tag. */
const againOf = (last: Attempt | undefined, { registry }: Settings): Omit<Target, 'checksum'> | undefined =>
  last?.digest !== undefined && admits(registry.policy, last.tag) ? { tag: last.tag, digest: last.digest } : undefined;

/**
 * Whether the spec still admits the tag that was tried last: if not, its outcome says nothing about what is wanted now. What was returned to
 * need not be admitted, unless a person has rolled back to another tag.
 */
export const takesLast = (
  { deployment, holds = [], rollbackTo }: WerfBundleStatus,
  { registry }: Settings,
): boolean => {
  if (deployment === undefined || admits(registry.policy, deployment.tag)) return true;
  return holds[0]?.good.tag === deployment.tag && rollbackTo === undefined;
};

const held = ({ bundle, status, wanted }: DueInput): Due => {
  const offer = `${status.lastAppliedTag} is deployed and the registry offers only ${wanted?.tag}, which is lower`;
  const message = allowsDowngrade(bundle)
    ? `${offer}: it is deployed when a second scan says the same`
    : `${offer}: the controller holds it back until the registry offers another; to deploy it, ${annotateCommand(bundle.metadata, `${ALLOW_DOWNGRADE}=true`)}, or set spec.registry.tag`;
  return { kind: 'held', message };
};

/** The last attempt without its checksum if that was made with another key, and so cannot be compared. */
const comparableAttempt = (last: Attempt | undefined, keyId: string): Attempt | undefined => {
  if (last?.checksum === undefined || madeWith(last.checksum, keyId)) return last;
  const { checksum: _, ...rest } = last;
  return rest;
};

/**
 * The status with what is deployed recorded anew. Equal checksums by the old key mean the same values, so the new checksum replaces
 * that of the last attempt wherever it occurs.
 */
export const withRecord = (status: WerfBundleStatus, due: Extract<Due, { kind: 'record' }>): WerfBundleStatus => {
  const { checksum, digest, generation } = due;
  const before = lastAttempt(status)?.checksum;
  const anew = <T extends { readonly checksum?: string }>(made: T): T =>
    before !== undefined && made.checksum === before ? { ...made, checksum } : made;
  const { deployment, history, holds, appliedChecksum } = status;
  const tried = lastTried(status);
  const isApplied = tried === undefined || tried.result === 'Succeeded';
  return {
    ...status,
    ...(history !== undefined && { history: history.map(anew) }),
    ...(holds !== undefined && { holds: holds.map((hold) => ({ ...anew(hold), good: anew(hold.good) })) }),
    ...(deployment !== undefined && {
      deployment: {
        ...(wasSuperseded(status) ? anew(deployment) : { ...deployment, checksum, digest }),
        ...(generation !== undefined && { generation }),
      },
    }),
    ...((isApplied || (before !== undefined && appliedChecksum === before)) && { appliedChecksum: checksum }),
    ...(isApplied && { lastAppliedDigest: digest }),
  };
};

/** The intent, which is written under the object's resourceVersion before anything is created. */
export const nextDeployment = (
  bundle: StoredBundle,
  due: Extract<Due, { kind: 'deploy' }>,
  named: {
    readonly jobName: (number: number, tag: string) => string;
    readonly startedAt: string;
    /** The highest number of the existing Jobs. */
    readonly highest: number;
  },
): Deployment => {
  const number = nextNumber(bundle, bundle.status ?? {}, named.highest);
  return {
    number,
    attempt: due.attempt,
    generation: bundle.metadata.generation,
    ...due.target,
    reason: due.reason,
    jobName: named.jobName(number, due.target.tag),
    startedAt: named.startedAt,
  };
};
