import type { Test } from 'tap';
import type { Cluster } from './cluster.js';
import { type PageClient, pageAt } from './page-client.js';
import { runWerfbundle } from './run-werfbundle.js';

/** The dashboard as a program. */
interface DashboardProgram {
  /** As it was printed. */
  readonly url: URL;
  /** Of the link; '' with `--callers-token`. */
  readonly key: string;
  readonly page: PageClient;
  /** Ends it as Ctrl-C does. */
  stop(): ReturnType<typeof runWerfbundle>;
}

/** Runs dist/werfbundle.js dashboard with a cluster-admin's kubeconfig, at any free port. It ends with the spec, if not before. */
export const startDashboardProgram = async (
  t: Test,
  cluster: Pick<Cluster, 'kubeconfig' | 'dir'>,
  args: readonly string[],
): Promise<DashboardProgram> => {
  let interrupt = (): void => undefined;
  let printed: (text: string) => void = () => undefined;
  const link = new Promise<string>((resolve) => {
    printed = resolve;
  });
  const ended = runWerfbundle(['dashboard', '--listen', '127.0.0.1:0', ...args], {
    kubeconfig: cluster.kubeconfig,
    cwd: cluster.dir,
    onStart: (end) => {
      interrupt = () => end('SIGINT');
    },
    onOutput: (stdout) => {
      if (stdout.endsWith('\n')) printed(stdout.trim());
    },
  });
  const failed = ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
  failed.catch(() => undefined);
  const url = new URL(await Promise.race([link, failed]));
  const stop = (): ReturnType<typeof runWerfbundle> => {
    interrupt();
    return ended;
  };
  t.teardown(stop);
  const key = url.hash.replace('#key=', '');
  return { url, key, stop, page: pageAt(Number(url.port)) };
};
