import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { killGroup, spawnUnderWatch } from '../../playground/control-plane/supervised-process.js';
import { binariesOfThisRun } from './cluster.js';
import type { DeployFixture, RunningController } from './deploy-fixture.js';
import type { Guide } from './guide.js';
import type { WebhookProgram } from './webhook-program.js';

/** Where commands of the guide are run. */
export interface GuideShell {
  readonly guide: Guide;
  /** For what it needs, `bin` and kubectl's cache. */
  readonly dir: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
  /** The operator's log files: its programs are processes beside the cluster here, and no Pods in it. */
  readonly logs: { readonly controller: string; readonly webhook: string };
}

export interface Shown {
  readonly code: number;
  /** stdout and stderr, as a terminal shows them. */
  readonly text: string;
}

/**
 * `kubectl logs` and `kubectl exec` of the operator's Deployments become what they are for processes: the end of a file, and a program
 * on this machine. All else is for the real kubectl.
 */
const kubectlFor = ({ kubectl, logs }: GuideShell): string => `#!/bin/bash
case "$1 $*" in
"logs "*" control-plane=controller-manager"*) log='${logs.controller}' ;;
"logs "*" app.kubernetes.io/name=werfbundle-webhook"*) log='${logs.webhook}' ;;
"exec "*) while [ "$1" != -- ]; do shift; done; shift; exec "$@" ;;
*) exec '${kubectl}' "$@" ;;
esac
from=+1
for word; do case "$word" in --tail=*) from="\${word#--tail=}" ;; -f) follow=-f ;; esac; done
exec tail -n "$from" $follow "$log"
`;

const PROGRAM = join(import.meta.dirname, '..', '..', 'dist', 'werfbundle.js');

/** watch(1) looks again and again, on a screen of its own; once is enough here. */
const PRELUDE = 'watch() { "$@"; }\n';

/** Somebody who follows the guide in a shell, with names of their own in place of the guide's. */
export class GuideReader {
  readonly #shell: GuideShell;
  readonly #names: Readonly<Record<string, string>>;

  /** @param names - what stands for what: `{ 'my-app': 'shop', '<pod-name>': 'shop-xyz' }` */
  constructor(shell: GuideShell, names: Readonly<Record<string, string>>) {
    this.#shell = shell;
    this.#names = names;
  }

  /** A shell with kubectl and werfbundle, on a cluster where the operator runs. Once, before any command. */
  static async shellOn(
    { cluster }: Pick<DeployFixture, 'cluster'>,
    of: { readonly guide: Guide; readonly webhook: WebhookProgram; readonly controller: RunningController },
  ): Promise<GuideShell> {
    const shell: GuideShell = {
      guide: of.guide,
      dir: join(cluster.dir, 'reader'),
      kubeconfig: cluster.kubeconfig,
      kubectl: (await binariesOfThisRun()).kubectl,
      logs: { controller: of.controller.process.logFile, webhook: of.webhook.logFile },
    };
    const bin = join(shell.dir, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'kubectl'), kubectlFor(shell), { mode: 0o755 });
    const werfbundle = `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`;
    await writeFile(join(bin, 'werfbundle'), werfbundle, { mode: 0o755 });
    return shell;
  }

  /** The same person, who knows more names now. */
  knowing(names: Readonly<Record<string, string>>): GuideReader {
    return new GuideReader(this.#shell, { ...this.#names, ...names });
  }

  /** Runs these commands of the guide in one shell. @returns what they show together, and the last one's exit code */
  does(...commands: readonly RegExp[]): Promise<Shown> {
    return this.#run({ commands });
  }

  /** The same for commands that never end: until this is seen, or a minute is over. */
  doesUntil(seen: RegExp, ...commands: readonly RegExp[]): Promise<Shown> {
    return this.#run({ commands, seen });
  }

  /** `kubectl edit` with a program for an editor. */
  edits(editor: string, command: RegExp): Promise<Shown> {
    return this.#run({ commands: [command], editor });
  }

  /** What a row of the guide promises, in this person's words. */
  promised(heading: string, cell: string): string {
    return this.#own(this.#shell.guide.row(heading, cell));
  }

  #own(text: string): string {
    const names = Object.keys(this.#names).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return text.replaceAll(new RegExp(names.join('|'), 'g'), (name) => this.#names[name] ?? name);
  }

  #run(given: {
    readonly commands: readonly RegExp[];
    readonly seen?: RegExp;
    readonly editor?: string;
  }): Promise<Shown> {
    const { dir, guide, kubeconfig } = this.#shell;
    const lines = given.commands.map((looks) => this.#own(guide.command(looks)));
    const path = `${join(dir, 'bin')}:${process.env['PATH']}`;
    const child = spawnUnderWatch({
      name: 'guide',
      command: ['/bin/bash', '-c', `${PRELUDE}${lines.join('\n')}`],
      cwd: dir,
      env: { PATH: path, HOME: dir, KUBECONFIG: kubeconfig, ...(given.editor && { KUBE_EDITOR: given.editor }) },
      output: 'pipe',
    });
    const end = () => killGroup(child);
    const timer = setTimeout(end, 60_000);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (given.seen?.test(text)) end();
      });
    }
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', end); // its reader, which waits for us
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code: code ?? 1, text });
      });
    });
  }
}
