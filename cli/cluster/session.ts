import { type KubeClient, KubeError } from '../../kube/client.js';
import { type Connection, connect } from '../../kube/connect.js';
import { createKubeClient } from '../../kube/http-client.js';
import { Progress } from '../progress.js';
import type { Terminal } from '../terminal.js';
import { kubeFailure } from './kube-failure.js';
import type { ClusterOptions } from './options.js';

/** What a command that asks a cluster works with. */
export interface Session {
  /** With the user's own rights. */
  readonly client: KubeClient;
  /** That was asked for, or of the context, or `default`. */
  readonly namespace: string;
  /** The apiserver's address. */
  readonly server: string;
  /** Whose credentials they are, by the kubeconfig. */
  readonly user: Connection['user'];
  /** Says what is being done, after a second, on a terminal. */
  readonly tell: Progress['tell'];
  /** Takes what was said away: before something is printed. */
  readonly quiet: () => void;
  /** Aborted by Ctrl-C, and by what else asks the process to end. */
  readonly signal: AbortSignal;
}

/**
 * Connects as kubectl does, and ends the connection afterwards.
 * @throws StartError for a kubeconfig that can't be used; CommandError in the place of a KubeError that `run` did not expect
 */
export const inCluster = async <T>(
  terminal: Terminal,
  options: ClusterOptions & { readonly output?: string },
  run: (session: Session) => Promise<T>,
): Promise<T> => {
  const connection: Connection = await connect({ kubeconfig: options.kubeconfig, context: options.context });
  const client = createKubeClient(connection, {
    userAgent: 'werfbundle',
    onWarning: (text) => terminal.err(`Warning: ${text}\n`),
  });
  const isForPeople = terminal.errIsTTY && (options.output === undefined || options.output === 'wide');
  const { user } = connection;
  const server = connection.server.origin;
  const progress = new Progress(
    { isTTY: isForPeople, columns: terminal.columns, write: terminal.move },
    terminal.clock,
  );
  progress.start();
  try {
    return await run({
      client,
      namespace: options.namespace ?? connection.namespace ?? 'default',
      server,
      user,
      tell: (line) => progress.tell(line),
      quiet: () => progress.end(),
      signal: terminal.signal,
    });
  } catch (error) {
    throw error instanceof KubeError ? kubeFailure(error, { server, user }) : error;
  } finally {
    progress.end();
    await client.close();
  }
};
