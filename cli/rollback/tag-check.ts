import { parseSpec } from '../../api/settings.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { Session } from '../cluster/session.js';
import { explainTag } from '../explain/explain-tag.js';
import { gather } from '../explain/gather.js';
import { clusterReader } from '../explain/read.js';
import type { OpenRegistry } from '../registry-from-here.js';
import type { Terminal } from '../terminal.js';

/** Whether a bundle's registry has the tag that it wants. `why`: in the words of the controller, or why it could not be asked. */
type TagCheck =
  | { readonly kind: 'there' }
  | { readonly kind: 'missing'; readonly why: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Asks the registry as the controller would, from this machine and with the user's rights. @throws KubeError */
export const checkTag = async (
  deps: { readonly terminal: Terminal; readonly session: Session; readonly openRegistry: OpenRegistry },
  bundle: StoredBundle,
): Promise<TagCheck> => {
  const { terminal, session, openRegistry } = deps;
  const { client, signal, tell } = session;
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') return { kind: 'unknown', why: 'the spec is not valid' };
  const read = clusterReader(client, signal);
  const seen = await gather(
    { clock: terminal.clock, read, client, openRegistry, tell, signal },
    { bundle, settings: spec.settings, file: undefined },
  );
  const { from, chosen, message = '', note = '' } = explainTag(seen);
  if (from === 'status') return { kind: 'unknown', why: note };
  return chosen === undefined ? { kind: 'missing', why: message } : { kind: 'there' };
};
