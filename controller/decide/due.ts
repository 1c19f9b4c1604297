import { LOST_DELAYS_MS, retryDelayMs } from '../../api/backoff.js';
import { madeWith } from '../../api/checksum.js';
import type { Settings } from '../../api/settings.js';
import { rankTags } from '../../api/tag-choice.js';
import type { Deployment, DeployReason, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { gaveWay, lastTried } from './history.js';
import { parseTime } from './timestamps.js';

/** What a deployment would deploy. */
export interface Target {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
}

export type Due =
  | { readonly kind: 'nothing' }
  /** The same again, once the time has come. */
  | { readonly kind: 'later'; readonly time: number }
  /** A lower version than the deployed one; nobody asked for it. */
  | { readonly kind: 'held'; readonly message: string }
  /** What is deployed was recorded with another checksum key, or by an operator that had none: recorded anew, not deployed. */
  | { readonly kind: 'record'; readonly checksum: string; readonly digest: string }
  | { readonly kind: 'deploy'; readonly target: Target; readonly reason: DeployReason; readonly attempt: number };

/** What was last attempted: with success, or in vain. What gave way was no attempt. */
const lastAttempt = (status: WerfBundleStatus): { tag: string; digest?: string; checksum?: string } | undefined => {
  if (status.deployment !== undefined && !gaveWay(status)) return status.deployment;
  const tried = lastTried(status);
  if (tried !== undefined) return tried;
  if (status.lastAppliedTag === undefined) return undefined;
  return {
    tag: status.lastAppliedTag,
    ...(status.lastAppliedDigest !== undefined && { digest: status.lastAppliedDigest }),
    ...(status.appliedChecksum !== undefined && { checksum: status.appliedChecksum }),
  };
};

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
      const again = tried?.tag === tag && tried.digest === digest && tried.checksum === checksum;
      return again && tried.result !== 'Succeeded' ? { time: ended, reason, attempt } : undefined;
    }
    case 'Lost':
    case 'Refused': {
      const delay = LOST_DELAYS_MS[inVain(status) - 1];
      return delay === undefined ? undefined : { time: ended + delay / timeScale, reason: 'JobLost', attempt };
    }
  }
};

/** How many Jobs in a row gave no result. */
const inVain = (status: WerfBundleStatus): number => {
  const history = (status.history ?? []).filter(({ result }) => result !== 'Superseded');
  const end = history.findIndex(({ result }) => result !== 'Lost' && result !== 'Refused');
  return end === -1 ? history.length : end;
};

/** Why a target differs from what was attempted last. */
const differenceOf = (
  seen: { bundle: StoredBundle; target: Target },
  last: ReturnType<typeof lastAttempt>,
): DeployReason | undefined => {
  const { bundle, target } = seen;
  if (last === undefined || last.tag !== target.tag) return 'NewTag';
  if (last.digest !== undefined && last.digest !== target.digest) return 'MovedTag';
  if (last.checksum !== undefined && last.checksum !== target.checksum) {
    return specChanged(bundle) ? 'NewSpec' : 'NewValues';
  }
  return undefined;
};

const specChanged = (bundle: StoredBundle): boolean =>
  bundle.metadata.generation !== (bundle.status?.deployment?.generation ?? bundle.metadata.generation);

/** Somebody acted since the last deployment failed, by another spec (more memory, say) or a request: what failed is tried anew. */
const actedUpon = (bundle: StoredBundle, requested: boolean): DeployReason | undefined => {
  const status = bundle.status ?? {};
  if (status.history?.[0]?.number !== status.deployment?.number) return undefined;
  const last = lastTried(status);
  if (last === undefined || last.result === 'Succeeded') return undefined;
  if (specChanged(bundle)) return 'NewSpec';
  return requested ? 'Requested' : undefined;
};

/** Whether one tag ranks below another in the bundle's own order. */
export const isLower = (wanted: string, applied: string, policy: Settings['registry']['policy']): boolean => {
  if (wanted === applied || policy.tag !== undefined) return false;
  const ranked = rankTags([wanted, applied], policy);
  return ranked.kind === 'ranked' && ranked.tags.length === 2 && ranked.tags[0] === applied;
};

/**
 * Whether something is to be deployed, and why. A deployment is due when its target differs from the last attempt's; what failed
 * is due again as retries allow, and at once when somebody acted.
 * @param wanted - the registry's offer; undefined: not known now
 * @param requested - this look was asked for by annotation
 */
export const whatIsDue = (input: {
  readonly bundle: StoredBundle;
  readonly status: WerfBundleStatus;
  readonly settings: Settings;
  readonly wanted: Omit<Target, 'checksum'> | undefined;
  readonly checksum: string;
  readonly requested: boolean;
  readonly keyId: string;
  readonly now: number;
  readonly timeScale: number;
}): Due => {
  const { bundle, status, settings, checksum } = input;
  const last = lastAttempt(status);
  const offer = input.wanted ?? (last?.digest === undefined ? undefined : { tag: last.tag, digest: last.digest });
  if (offer === undefined) return { kind: 'nothing' };
  const target = { ...offer, checksum };
  const comparable = comparableAttempt(last, input.keyId);
  const reason = differenceOf({ bundle, target }, comparable) ?? actedUpon(bundle, input.requested);
  if (reason !== undefined) {
    const applied = status.lastAppliedTag;
    if (reason === 'NewTag' && applied !== undefined && isLower(target.tag, applied, settings.registry.policy)) {
      if (!specChanged(bundle)) return { kind: 'held', message: heldMessage(target.tag, applied) };
      return { kind: 'deploy', target, reason: 'Downgrade', attempt: 1 };
    }
    return { kind: 'deploy', target, reason, attempt: 1 };
  }
  const again = nextTry(status, { retries: settings.converge.retries, timeScale: input.timeScale });
  if (again !== undefined) {
    return again.time <= input.now
      ? { kind: 'deploy', target, reason: again.reason, attempt: again.attempt }
      : { kind: 'later', time: again.time };
  }
  if (last?.checksum !== checksum || last.digest !== target.digest)
    return { kind: 'record', checksum, digest: target.digest };
  return { kind: 'nothing' };
};

const heldMessage = (offered: string, applied: string): string =>
  `${applied} is deployed and the registry offers only ${offered}, which is lower: it is held back; to deploy it, set spec.registry.tag`;

/** A checksum made with another key cannot be compared: as if there were none. */
const comparableAttempt = (last: ReturnType<typeof lastAttempt>, keyId: string): ReturnType<typeof lastAttempt> => {
  if (last?.checksum === undefined || madeWith(last.checksum, keyId)) return last;
  const { checksum: _, ...rest } = last;
  return rest;
};

/** The intent: written under the object's resourceVersion before anything is created. */
export const nextDeployment = (
  bundle: StoredBundle,
  due: Extract<Due, { kind: 'deploy' }>,
  named: { readonly jobName: (number: number, tag: string) => string; readonly startedAt: string },
): Deployment => {
  const number = (bundle.status?.deployment?.number ?? 0) + 1;
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
