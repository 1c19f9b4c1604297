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

/** A bundle, as far as its holds depend on it. */
export interface Holder {
  readonly bundle: StoredBundle;
  readonly settings: Settings;
  readonly status: WerfBundleStatus;
  /** What the registry offers; undefined while it is not known. */
  readonly wanted: Offer | undefined;
  /** Of the present spec and values; undefined: what it was when they were read last. */
  readonly checksum?: string | undefined;
}

/**
 * The holds that hold. They end all together when the field does not ask for them any more, and each when something was deployed with
 * success that is not what was returned to, or a person has rolled back to just what is held: naming it is a decision.
 */
export const holdsOf = ({ bundle, settings, status, wanted }: Holder): readonly Hold[] => {
  if (settings.converge.onFailure !== 'Return') return [];
  const tag = rollbackOf(bundle);
  // A tag says nothing of values.
  const isNamed = (hold: Hold): boolean =>
    tag !== undefined && !isOfValues(hold) && (hold.tag === tag || hold.digest === wanted?.digest);
  const isDeployed = (hold: Hold): boolean => {
    const { digest, tag: goodTag, checksum } = hold.good;
    const isSame = digest === status.lastAppliedDigest && goodTag === status.lastAppliedTag;
    return isSame && (!isOfValues(hold) || checksum === status.appliedChecksum);
  };
  return (status.holds ?? []).filter((hold) => isDeployed(hold) && !isNamed(hold));
};

/** Whether it is values, or a spec, that failed with a digest which is deployed well with others: only both together are held. */
export const isOfValues = ({ digest, good }: Hold): boolean => digest === good.digest;

/**
 * The hold that keeps from being deployed what the registry offers or, while that is not known, what was tried last: that digest, or the present
 * values with what is deployed.
 */
export const holdOn = (holder: Holder): Hold | undefined => {
  const offer = holder.wanted ?? lastAttempt(holder.status);
  if (offer === undefined) return undefined;
  const holds = (hold: Hold): boolean =>
    isOfValues(hold)
      ? offer.digest === hold.digest && hasHeldValues(holder, hold)
      : offer.digest === hold.digest || (offer.digest === hold.good.digest && hasHeldValues(holder, hold));
  return holdsOf(holder).find(holds);
};

/** The hold because of which what is deployed has the values that are kept, and not the present ones; undefined: there is none. */
export const holdOnValues = (holder: Holder): Hold | undefined =>
  holdsOf(holder).find((hold) => hasHeldValues(holder, hold));

/** Whether the present values are those that have failed, and what is deployed has those that it was returned to with. */
const hasHeldValues = ({ checksum, status }: Holder, hold: Hold): boolean => {
  const { presentChecksum, appliedChecksum } = status;
  if (hold.checksum === hold.good.checksum || appliedChecksum !== hold.good.checksum) return false;
  const present = checksum ?? presentChecksum;
  if (present === undefined || present === hold.checksum) return present !== undefined;
  // Checksums of two keys can't be compared: the values are taken for those that were read before the key was changed.
  return presentChecksum === hold.checksum && keyOf(present) !== keyOf(hold.checksum);
};

const keyOf = (checksum: string): string => checksum.slice(0, checksum.indexOf(':'));

/** The status with the present checksum kept while something is held: it says later whether the values are held, without reading them. */
export const withPresent = (holder: Holder): WerfBundleStatus => {
  const { holds: _, presentChecksum, ...rest } = holder.status;
  const holds = holdsOf(holder);
  if (holds.length === 0) return rest;
  const present = holder.checksum ?? presentChecksum;
  const anew = (hold: Hold): Hold =>
    present !== undefined && hold.checksum === presentChecksum && keyOf(present) !== keyOf(hold.checksum)
      ? { ...hold, checksum: present }
      : hold;
  return { ...rest, holds: holds.map(anew), ...(present !== undefined && { presentChecksum: present }) };
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
  { holds = [], lastAppliedDigest, lastAppliedTag, appliedChecksum }: WerfBundleStatus,
  last: HistoryEntry,
): boolean =>
  holds.length > 0 &&
  last.tag === lastAppliedTag &&
  last.digest === lastAppliedDigest &&
  last.checksum === appliedChecksum;

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
