import type { StoredBundle } from '../../api/werfbundle.js';
import type { ListOptions } from '../../kube/client.js';
import { createReflector } from '../../kube/reflector.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { systemRandom } from '../../process/system-clock.js';
import type { Session } from '../cluster/session.js';
import { silentLog } from '../silent-log.js';
import type { Terminal } from '../terminal.js';

interface Following extends ListOptions {
  /** What was printed already. */
  readonly found: readonly StoredBundle[];
  /** Only the bundle of this name. */
  readonly name?: string;
}

/**
 * Calls back for each change until Ctrl-C, whatever becomes of the connection; what a bundle was last, if it is deleted.
 * @param onChange - with the bundle after the change
 */
export const followBundles = async (
  { session, terminal }: { readonly session: Session; readonly terminal: Terminal },
  { found, name, ...where }: Following,
  onChange: (bundle: StoredBundle) => void,
): Promise<void> => {
  const printed = new Map(found.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]));
  const reflector = createReflector<StoredBundle, StoredBundle>({
    client: session.client,
    type: WERFBUNDLES,
    list: { ...where, ...(name !== undefined && { fieldSelector: `metadata.name=${name}` }) },
    project: (bundle) => bundle,
    clock: terminal.clock,
    random: systemRandom,
    log: silentLog,
    onChange: ({ before, after }) => {
      const bundle = after ?? before;
      if (bundle === undefined) return;
      const { uid, resourceVersion } = bundle.metadata;
      if (after !== undefined && printed.get(uid) === resourceVersion) return;
      printed.set(uid, resourceVersion);
      onChange(bundle);
    },
  });
  await reflector.start(session.signal).catch((error: unknown) => {
    if (!session.signal.aborted) throw error;
  });
};
