import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { GitRepository } from './git-repository.js';
import { toolsOfThisRun } from './tools.js';

/** What Flux's people see of a Kustomization. */
interface Reconciled {
  readonly ready: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  /** `werf.io_WerfBundle` and its like, with versions. */
  readonly inventory: Readonly<Record<string, string>>;
  /** The events: `WerfBundle/ops/shop created`. */
  readonly changes: readonly string[] | null;
  /** The API server's, which Flux does not show. */
  readonly warnings: readonly string[] | null;
}

interface Settings {
  readonly name: string;
  readonly repository: GitRepository;
  readonly kubeconfig: string;
  /** For the copies of the repository. */
  readonly dir: string;
  /** Folder of the repository. */
  readonly path?: string;
  /** true, if left out; as is prune. */
  readonly wait?: boolean;
  readonly timeout?: string;
  /** More of the spec; it stands above the rest. */
  readonly spec?: object;
}

/** A Kustomization that is reconciled when it is told to be: once for each interval of a real one. */
export class Kustomization {
  readonly #settings: Settings;
  #status: object = {};
  #rounds = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Applies the head of the branch, prunes what is gone from it, and waits for health. */
  reconcile(): Promise<Reconciled> {
    return this.#run([]);
  }

  /** Deletes all that was applied, as for a Kustomization that is deleted. */
  delete(): Promise<Reconciled> {
    return this.#run(['--delete']);
  }

  async #run(flags: readonly string[]): Promise<Reconciled> {
    const { name, repository, kubeconfig, dir, path = '.', wait = true, timeout = '1m', spec } = this.#settings;
    this.#rounds += 1;
    const { folder, revision } = await repository.checkout(join(dir, `${name}-${this.#rounds}`));
    const object = {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name, namespace: 'flux-system' },
      spec: { path, prune: true, wait, timeout, ...spec },
      status: this.#status,
    };
    const args = ['--kubeconfig', kubeconfig, '--source', folder, '--revision', revision, ...flags];
    const answer = JSON.parse(await answerOf(join(toolsOfThisRun().flux, 'kustomization'), args, object)) as Reconciled;
    this.#status = { inventory: answer.inventory };
    return answer;
  }
}

const answerOf = async (program: string, args: readonly string[], input: object): Promise<string> => {
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent' };
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  child.stdin.end(JSON.stringify(input));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program}: ${errors}`);
  return out;
};
