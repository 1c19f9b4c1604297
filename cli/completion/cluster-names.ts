import type { Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { KubeError, type ListOptions, type ResourceType } from '../../kube/client.js';
import { contextNames } from '../../kube/connect.js';
import { NAMESPACES, WERFBUNDLES } from '../../kube/resources.js';
import { Deadline } from '../../process/deadline.js';
import { StartError } from '../../process/start-error.js';
import { inCluster, type Session } from '../cluster/session.js';
import type { Terminal } from '../terminal.js';

/** Which cluster, and where in it, as far as the line says. */
export interface Where {
  readonly namespace: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
}

interface Name {
  readonly word: string;
  readonly says: string;
}

/** Nobody waits longer for a Tab. */
const PATIENCE_MS = 3000;

/** Bundles of the namespace, with what they do. */
export const bundlesIn = (terminal: Terminal, where: Where): Promise<readonly Name[]> =>
  asked(terminal, where, (session, signal) =>
    names<StoredBundle>(session, WERFBUNDLES, {
      options: { namespace: session.namespace },
      says: ({ status }) => [status?.phase, status?.lastAppliedTag].filter((part) => part !== undefined).join(' '),
      signal,
    }),
  );

/** All namespaces that the user may list. */
export const namespacesIn = (terminal: Terminal, where: Where): Promise<readonly Name[]> =>
  asked(terminal, where, (session, signal) => names(session, NAMESPACES, { options: {}, says: () => '', signal }));

/** Contexts of the kubeconfig. */
export const contextsIn = async ({ kubeconfig }: Where): Promise<readonly Name[]> => {
  try {
    return (await contextNames(kubeconfig)).map((word) => ({ word, says: '' }));
  } catch (error) {
    if (error instanceof StartError) return [];
    throw error;
  }
};

const names = async <S extends Stored>(
  { client }: Session,
  type: ResourceType<S>,
  given: { readonly options: ListOptions; readonly says: (object: S) => string; readonly signal: AbortSignal },
): Promise<readonly Name[]> => {
  const keep = (object: S): Name => ({ word: object.metadata.name, says: given.says(object) });
  return (await client.list(type, { ...given.options, keep }, given.signal)).items;
};

/** What the cluster answers in time; nothing if it can't be asked: a message would stand in the middle of what is being typed. */
const asked = async (
  terminal: Terminal,
  { namespace, kubeconfig, context }: Where,
  ask: (session: Session, signal: AbortSignal) => Promise<readonly Name[]>,
): Promise<readonly Name[]> => {
  const options = {
    output: 'name',
    ...(namespace !== undefined && { namespace }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  };
  const deadline = new Deadline(terminal.clock, PATIENCE_MS, terminal);
  try {
    return await inCluster(terminal, options, (session) => deadline.run((signal) => ask(session, signal)));
  } catch (error) {
    if (error instanceof KubeError || error instanceof StartError) return [];
    throw error;
  } finally {
    deadline.release();
  }
};
