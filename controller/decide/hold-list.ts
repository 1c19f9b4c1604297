import { RELEASE_HOLD_REQUESTED } from '../../api/annotations.js';
import { type Attempt, type HistoryEntry, lastAttempt, lastTried } from '../../api/attempts.js';
import { rollbackOf } from '../../api/rollback.js';
import type { Settings } from '../../api/settings.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

/** Something that has failed, was returned from, and is not deployed again by itself. */
export type Hold = NonNullable<WerfBundleStatus['holds']>[number];

/** How many are kept; the oldest gives way. */
const MOST_HOLDS = 5;

/** What a registry offers, or what was tried. */
type Offer = Pick<Attempt, 'tag' | 'digest'>;

interface Holder {
  readonly bundle: StoredBundle;
  readonly settings: Settings;
  readonly status: WerfBundleStatus;
  /** What the registry offers; undefined while it is not known. */
  readonly wanted: Offer | undefined;
}

/**
 * The holds that hold. They end all together when the field does not ask for them any more, and each when something was deployed with
 * success that is not what was returned to, or a person has rolled back to just what is held: naming it is a decision.
 */
export const holdsOf = ({ bundle, settings, status, wanted }: Holder): readonly Hold[] => {
  if (settings.converge.onFailure !== 'Return') return [];
  const tag = rollbackOf(bundle);
  const isNamed = (hold: Hold): boolean => tag !== undefined && (hold.tag === tag || hold.digest === wanted?.digest);
  const isDeployed = ({ good }: Hold): boolean =>
    good.digest === status.lastAppliedDigest && good.tag === status.lastAppliedTag;
  return (status.holds ?? []).filter((hold) => isDeployed(hold) && !isNamed(hold));
};

/** The hold that keeps from being deployed what the registry offers or, while that is not known, what was tried last. */
export const holdOn = (holder: Holder): Hold | undefined => {
  const offer = holder.wanted ?? lastAttempt(holder.status);
  return offer && holdsOf(holder).find(({ digest }) => digest === offer.digest);
};

/** The status with one more hold. */
export const withHold = (status: WerfBundleStatus, hold: Hold | undefined): WerfBundleStatus =>
  hold === undefined ? status : { ...status, holds: [hold, ...(status.holds ?? [])].slice(0, MOST_HOLDS) };

/** What is wanted: what the registry offers or, in the place of what is held, what was deployed last with success. */
export const wantedOf = <Wanted extends Required<Offer> | undefined>(
  holder: Holder & { readonly wanted: Wanted },
): Wanted | Required<Offer> => {
  const hold = holdOn(holder);
  if (hold === undefined) return holder.wanted;
  const { lastAppliedTag, lastAppliedDigest } = holder.status;
  return { tag: lastAppliedTag ?? hold.good.tag, digest: lastAppliedDigest ?? hold.good.digest };
};

/** The annotation by which a person lets go what is held; undefined: none, or it is handled. */
export const releaseRequest = ({ metadata, status }: StoredBundle): string | undefined => {
  const value = metadata.annotations?.[RELEASE_HOLD_REQUESTED] || undefined;
  return value === status?.lastHandledHoldRelease ? undefined : value;
};

/** The status with what is held let go, if a person has asked for that. */
export const withReleaseHandled = (bundle: StoredBundle, status: WerfBundleStatus): WerfBundleStatus => {
  const value = releaseRequest(bundle);
  if (value === undefined) return status;
  const { holds: _, notReturned: __, ...rest } = status;
  return { ...rest, lastHandledHoldRelease: value };
};

/** Whether the last attempt of what is deployed has failed since something is held: the return itself. */
const returnFailed = (
  { holds = [], lastAppliedDigest, lastAppliedTag }: WerfBundleStatus,
  last: HistoryEntry,
): boolean => holds.length > 0 && last.tag === lastAppliedTag && last.digest === lastAppliedDigest;

/** The message of a failure, with what comes of it beyond its retries. */
export const withReturnTold = (status: WerfBundleStatus, message: string): string => {
  const { notReturned, deployment, lastAppliedTag } = status;
  const last = lastTried(status);
  if (last !== undefined && returnFailed(status, last))
    return `${message}; this was the return to ${lastAppliedTag}: nothing else follows by itself but its own retries`;
  return notReturned?.number === deployment?.number && notReturned !== undefined
    ? `${message}; not returned to ${lastAppliedTag}: ${notReturned.message}`
    : message;
};
