import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { killGroup, spawnUnderWatch } from './control-plane/supervised-process.js';

export interface KubectlAnswer {
  readonly code: number;
  /** stdout and stderr as a terminal would show them, stderr first: warnings come before results. */
  readonly text: string;
}

/** The real kubectl, on one cluster, with a home of its own. */
export class Kubectl {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #cwd: string;

  constructor(options: {
    readonly program: string;
    readonly kubeconfig: string;
    readonly context: string | undefined;
    readonly home: string;
    readonly cwd: string;
  }) {
    this.#program = options.program;
    this.#args = options.context === undefined ? [] : ['--context', options.context];
    this.#env = { ...process.env, HOME: options.home, KUBECONFIG: options.kubeconfig };
    this.#cwd = options.cwd;
  }

  /** Runs kubectl. If it fails, the code is not 0; then this does not reject. */
  run(args: readonly string[], input?: string): Promise<KubectlAnswer> {
    return new Promise((resolve, reject) => {
      const options = { env: this.#env, cwd: this.#cwd, maxBuffer: 16 * 1024 * 1024 };
      const child = execFile(this.#program, [...this.#args, ...args], options, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: Number(error?.code ?? 0), text: stderr + stdout });
      });
      child.stdin?.on('error', () => {}); // a kubectl that refuses its flags does not read
      child.stdin?.end(input);
    });
  }

  /** Follows a `kubectl … --watch`, a line at a time, until stopped. */
  follow(args: readonly string[], onLine: (line: string) => void): { stop(): void } {
    const child = spawnUnderWatch({
      name: 'kubectl',
      command: [this.#program, ...this.#args, ...args],
      cwd: this.#cwd,
      env: this.#env,
      output: 'pipe',
    });
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface(stream).on('line', onLine);
    return { stop: () => killGroup(child) };
  }
}
