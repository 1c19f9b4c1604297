import type { Stored } from '../../api/objects.js';
import type { ListOptions, ResourceType } from '../../kube/client.js';
import { type Change, createReflector } from '../../kube/reflector.js';
import { systemRandom } from '../../process/system-clock.js';
import { silentLog } from '../silent-log.js';
import type { Terminal } from '../terminal.js';
import type { Session } from './session.js';

interface Following<S extends Stored> extends ListOptions {
  readonly type: ResourceType<S>;
  /** Ends it as well, beside Ctrl-C. */
  readonly until?: AbortSignal;
}

/**
 * Calls back for what is there, and for each change, whatever becomes of the connection. Resolves when it is ended.
 * What the user may not read is not noticed here: ask once before.
 */
export const followObjects = async <S extends Stored>(
  {
    session,
    terminal,
  }: { readonly session: Pick<Session, 'client' | 'signal'>; readonly terminal: Pick<Terminal, 'clock'> },
  { type, until, ...list }: Following<S>,
  onChange: (change: Change<S>) => void,
): Promise<void> => {
  const signal = until === undefined ? session.signal : AbortSignal.any([session.signal, until]);
  const reflector = createReflector<S, S>({
    client: session.client,
    type,
    list,
    project: (object) => object,
    clock: terminal.clock,
    random: systemRandom,
    log: silentLog,
    onChange,
  });
  await reflector.start(signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
};
