import type { WerfBundleStatus } from './werfbundle.js';

/** One of the last deployments of a bundle that have ended. */
export type HistoryEntry = NonNullable<WerfBundleStatus['history']>[number];

/** The last deployment that was really tried: a superseded one has changed nothing. */
export const lastTried = (status: WerfBundleStatus): HistoryEntry | undefined =>
  status.history?.find(({ result }) => result !== 'Superseded');

/** Whether the last deployment was superseded before werf started. */
export const wasSuperseded = ({ history, deployment }: WerfBundleStatus): boolean =>
  history?.[0]?.result === 'Superseded' && history[0].number === deployment?.number;

/** What was tried last. */
export interface Attempt {
  readonly tag: string;
  readonly digest?: string;
  readonly checksum?: string;
}

/** The last attempt, successful or not, or one that is under way. A superseded deployment was no attempt. */
export const lastAttempt = (status: WerfBundleStatus): Attempt | undefined => {
  if (status.deployment !== undefined && !wasSuperseded(status)) return status.deployment;
  const tried = lastTried(status);
  if (tried !== undefined) return tried;
  if (status.lastAppliedTag === undefined) return undefined;
  return {
    tag: status.lastAppliedTag,
    ...(status.lastAppliedDigest !== undefined && { digest: status.lastAppliedDigest }),
    ...(status.appliedChecksum !== undefined && { checksum: status.appliedChecksum }),
  };
};
