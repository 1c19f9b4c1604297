import { rollbackOf } from '../../api/rollback.js';
import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

/** The longest tag; a longer text is told as invalid, and need not be kept whole. */
const LONGEST_TAG = 128;

/** What a status keeps of a rollback by a person: what is known of the registry is about this tag. */
export const keptRollback = (bundle: StoredBundle): string | undefined => rollbackOf(bundle)?.slice(0, LONGEST_TAG);

/** The status with the present rollback kept, or with none. */
export const withRollbackKept = (bundle: StoredBundle, status: WerfBundleStatus): WerfBundleStatus => {
  const { rollbackTo: _, ...rest } = status;
  const kept = keptRollback(bundle);
  return { ...rest, ...(kept !== undefined && { rollbackTo: kept }) };
};
