import { lastTried } from '../../api/attempts.js';
import { rollbackOf } from '../../api/rollback.js';
import type { DeployReason, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

/** The longest tag; a longer text is told as invalid, and need not be kept whole. */
const LONGEST_TAG = 128;

/** Reasons that say who has chosen a tag; all others go on with it. */
const CHOICES: ReadonlySet<string> = new Set<DeployReason>(['NewTag', 'Downgrade', 'Rollback', 'Return']);

/**
 * Whether what was tried last, and failed, was chosen by a rollback that is over: by its own choice the registry has not had it tried. A history
 * that has lost the choice says no.
 */
export const isOfEndedRollback = (bundle: StoredBundle, status: WerfBundleStatus): boolean => {
  const last = lastTried(status);
  if (last === undefined || last.result === 'Succeeded' || rollbackOf(bundle) !== undefined) return false;
  const choice = status.history?.find(({ result, reason = '' }) => result !== 'Superseded' && CHOICES.has(reason));
  return choice?.reason === 'Rollback';
};

/** What a status keeps of a rollback by a person: what is known of the registry is about this tag. */
export const keptRollback = (bundle: StoredBundle): string | undefined => rollbackOf(bundle)?.slice(0, LONGEST_TAG);

/** The status with the present rollback kept, or with none. */
export const withRollbackKept = (bundle: StoredBundle, status: WerfBundleStatus): WerfBundleStatus => {
  const { rollbackTo: _, ...rest } = status;
  const kept = keptRollback(bundle);
  return { ...rest, ...(kept !== undefined && { rollbackTo: kept }) };
};
