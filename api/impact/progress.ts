import { lastAttempt, lastTried } from '../attempts.js';
import type { WerfBundleStatus } from '../werfbundle.js';

/** How far the deployments of a bundle are, as far as it matters to a change. */
export type Progress =
  /** Nothing was tried yet: what the registry offers is deployed anyway, with what is there by then. */
  | { readonly kind: 'none' }
  /** A deployment is decided and has no Job yet: it takes along what changes meanwhile. */
  | { readonly kind: 'intended' }
  /** Something was tried, or is being tried. */
  | { readonly kind: 'tried'; readonly tag: string; readonly hasChecksum: boolean; readonly failed: boolean };

/** Reads it from a status, by the controller's own rules. */
export const progressOf = (status: WerfBundleStatus): Progress => {
  if (isIntended(status)) return { kind: 'intended' };
  const last = lastAttempt(status);
  if (last === undefined) return { kind: 'none' };
  const { tag, checksum } = last;
  return { kind: 'tried', tag, hasChecksum: checksum !== undefined, failed: hasFailed(status) };
};

/** The last deployment is decided, and its Job was not seen to exist. */
const isIntended = ({ deployment, lastJobName }: WerfBundleStatus): boolean =>
  deployment !== undefined && lastJobName !== deployment.jobName;

/** The last deployment has ended, and not well: then a changed spec, or a request, tries it anew. */
const hasFailed = (status: WerfBundleStatus): boolean => {
  if (status.history?.[0]?.number !== status.deployment?.number) return false;
  const last = lastTried(status);
  return last !== undefined && last.result !== 'Succeeded';
};
