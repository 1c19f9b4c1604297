import { type InstallationKey, isSignature, signatureOf } from '../../api/signature.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import type { Proof } from './job-signature.js';
import { HIGHEST_NUMBER } from './names.js';

/** Whose status it is: one that is copied to another bundle proves nothing. */
type Owner = Pick<StoredBundle, 'metadata'>;

/**
 * A status that proves that the controller has written it. All of it is covered but the end of the last Job's log, which no decision
 * depends on, and which the caches do not keep.
 * @param by.revision - of two statuses of a bundle the one with the higher revision is the later one
 */
export const signedStatus = (
  owner: Owner,
  status: WerfBundleStatus,
  { key, revision }: { readonly key: InstallationKey; readonly revision: number },
): WerfBundleStatus => {
  const { consecutiveFailures: failures = 0 } = status;
  const signature = signatureOf({ purpose: 'status', content: contentOf(owner, status, { failures, revision }) }, key);
  return { ...status, signature: `${failures}:${revision}:${signature}` };
};

/** The revision that a proven status was signed with; 0: it has none. */
export const revisionOf = (status: WerfBundleStatus | undefined): number =>
  Number(/^[0-6]:([0-9]{1,15}):/.exec(status?.signature ?? '')?.[1] ?? 0);

/**
 * What the controller itself has written of a status.
 *
 * `consecutiveFailures` is the one field that people may lower, to have the registry asked again: so the signature names the number
 * that was written, and a lower one is believed.
 * @returns undefined: nothing of it is proven
 */
export const provenStatus = (
  owner: Owner,
  status: WerfBundleStatus,
  key: InstallationKey,
): WerfBundleStatus | undefined => {
  const [, count = '', signature] = /^([0-6]):[0-9]{1,15}:(.*)$/.exec(status.signature ?? '') ?? [];
  const failures = Number(count);
  const content = contentOf(owner, status, { failures, revision: revisionOf(status) });
  if (!isSignature(signature, { purpose: 'status', content }, key)) return undefined;
  const { consecutiveFailures = failures } = status;
  return consecutiveFailures > failures ? { ...status, consecutiveFailures: failures } : status;
};

/**
 * Whether a status may be from before this installation signed what it writes: it is taken over as it is, once, so that an upgrade, or a
 * new key, does not deploy everything again. One that bears a wrong signature of this key, or a number that can't be counted on from,
 * is not.
 */
export const isFromBefore = (status: WerfBundleStatus, { key, signsSince }: Proof): boolean => {
  const { deployment, plan, history = [], driftCheckCount = 0 } = status;
  const numbers = [driftCheckCount + 1, ...[deployment, plan, ...history].map((made) => made?.number ?? 1)];
  const isCountable = numbers.every((number) => number >= 1 && number <= HIGHEST_NUMBER);
  return signsSince === undefined && status.signature?.includes(`:${key.id}:`) !== true && isCountable;
};

/** Whether it says nothing: it is the one that the CRD gives to every new bundle, or was emptied. */
export const isUntouched = ({ observedGeneration, ...rest }: WerfBundleStatus): boolean =>
  Object.keys(rest).length === 0 && (observedGeneration ?? -1) === -1;

const contentOf = (
  { metadata: { uid } }: Owner,
  status: WerfBundleStatus,
  told: { readonly failures: number; readonly revision: number },
) => {
  const { lastJobLogs: _, signature: __, consecutiveFailures: ___, ...rest } = status;
  return { uid, failures: told.failures, revision: told.revision, status: rest };
};
