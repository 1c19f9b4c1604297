import type { StoredBundle } from '../../api/werfbundle.js';
import type { ListOptions } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { followObjects } from '../cluster/follow.js';
import type { Session } from '../cluster/session.js';
import type { Terminal } from '../terminal.js';

interface Following extends ListOptions {
  /** What was printed already. */
  readonly found: readonly StoredBundle[];
  /** Only the bundle of this name. */
  readonly name?: string;
}

/**
 * Calls back for each change until Ctrl-C; for a deleted bundle with what it was last.
 * @param onChange - with the bundle after the change
 */
export const followBundles = async (
  on: { readonly session: Session; readonly terminal: Terminal },
  { found, name, ...where }: Following,
  onChange: (bundle: StoredBundle) => void,
): Promise<void> => {
  const printed = new Map(found.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
  const only = { ...where, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) };
  await followObjects(on, { type: WERFBUNDLES, ...only }, ({ before, after }) => {
    const bundle = after ?? before;
    if (bundle === undefined) return;
    const { uid, resourceVersion } = bundle.metadata;
    if (after !== undefined && printed.get(uid) === resourceVersion) return;
    printed.set(uid, resourceVersion);
    onChange(bundle);
  });
};
