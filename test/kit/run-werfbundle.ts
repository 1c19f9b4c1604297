import { spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

interface RunWish {
  /** Given as KUBECONFIG. */
  readonly kubeconfig?: string;
  /** Working folder, and HOME. */
  readonly cwd: string;
  /** stdin; closed at once without. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of stdout so far, whenever there is more; may stop it by SIGINT, as Ctrl-C does. */
  readonly onOutput?: (stdout: string, interrupt: () => void) => void;
  /** Called when it was started; may end it. */
  readonly onStart?: (end: (signal: Signal) => void) => void;
}

/** Runs dist/werfbundle.js as a process of its own, in an environment of its own. Resolves when it has ended, however it ended. */
export const runWerfbundle = (args: readonly string[], wish: RunWish): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const env = {
      PATH: process.env['PATH'],
      HOME: wish.cwd,
      ...(wish.kubeconfig !== undefined && { KUBECONFIG: wish.kubeconfig }),
      ...wish.env,
    };
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: wish.cwd, env, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      wish.onOutput?.(stdout, () => child.kill('SIGINT'));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(wish.input ?? '');
    wish.onStart?.((signal) => child.kill(signal));
  });
