import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { ContainerLog } from './container-log.js';
import { childrenOf } from './process-tree.js';

/** Whether the command itself was started. `failed`: the message of the program that could not start it. */
type Start = { readonly kind: 'started' } | { readonly kind: 'failed'; readonly message: string };

/** What is run, and where. `sandbox`: the program reports its start on file descriptor 3 and creates a process namespace. */
export interface ProcessPlan {
  readonly words: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  readonly cwd: string;
  readonly sandbox: boolean;
}

/** How long to wait for output if a process has ended but another one still holds its pipe, milliseconds. */
const LINGER_MS = 1000;

const exitCodeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);

const drained = (stream: Readable): Promise<void> => new Promise((resolve) => stream.once('close', resolve));

/** A container's process and everything it starts; its output goes to a log. */
export class ContainerProcess {
  /** Resolves when the command runs, or can't. */
  readonly started: Promise<Start>;
  /** Resolves with the exit code (128 + number for a signal) when all is over and the log complete. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;
  readonly #plan: ProcessPlan;
  #first: number | undefined;
  /** What the sandbox itself printed. */
  #complaint = '';
  #over = false;

  private constructor(child: ChildProcess, plan: ProcessPlan, log: ContainerLog) {
    this.#child = child;
    this.#plan = plan;
    const [, stdout, stderr, news] = child.stdio as unknown as readonly [null, Readable, Readable, Readable?];
    stdout.on('data', (chunk: Buffer) => log.write('stdout', chunk));
    stderr.on('data', (chunk: Buffer) => {
      if (news === undefined) log.write('stderr', chunk);
      else this.#complaint += chunk.toString('utf8');
    });
    this.started = news === undefined ? this.#spawned() : this.#news(news);
    this.ended = this.#end([drained(stdout), drained(stderr)]).finally(() => log.end());
  }

  static start(plan: ProcessPlan, log: ContainerLog): ContainerProcess {
    const [program = '', ...words] = plan.words;
    const child = spawn(program, words, {
      cwd: plan.cwd,
      env: Object.fromEntries(plan.variables),
      // As SANDBOX_SCRIPT has it: the sandbox's own complaints on 2, news of the start on 3.
      stdio: ['ignore', 'pipe', 'pipe', ...(plan.sandbox ? (['pipe'] as const) : [])],
      // A group of its own: Ctrl-C in the agent's terminal is the agent's.
      detached: true,
    });
    return new ContainerProcess(child, plan, log);
  }

  /** The container's first process, once it runs. */
  get pid(): number | undefined {
    return this.#over ? undefined : this.#plan.sandbox ? this.#first : this.#child.pid;
  }

  /** Sends SIGTERM to the first process, as a runtime does; one that does not handle it has to be killed. */
  terminate(): void {
    const pid = this.pid;
    if (pid === undefined) return;
    if (this.#plan.sandbox) trySignal(pid, 'SIGTERM');
    else trySignal(-pid, 'SIGTERM');
  }

  /** Everything in the container is gone when `ended` resolves. */
  kill(): void {
    const pid = this.#child.pid;
    if (pid === undefined || this.#over) return;
    if (this.#first !== undefined) trySignal(this.#first, 'SIGKILL');
    else trySignal(-pid, 'SIGKILL');
  }

  async #news(pipe: Readable): Promise<Start> {
    let news = '';
    // The program that creates the namespaces keeps the pipe open while the container runs: it ends early only on a failure.
    await new Promise<void>((resolve) => {
      pipe.setEncoding('utf8').on('data', (text: string) => {
        news += text;
        if (news === 'started\n') resolve();
      });
      void drained(pipe).then(resolve);
    });
    if (news !== 'started\n') return { kind: 'failed', message: await this.#whyNotStarted(news.trim()) };
    this.#first = this.#child.pid === undefined ? undefined : (await childrenOf(this.#child.pid))[0];
    return { kind: 'started' };
  }

  async #whyNotStarted(news: string): Promise<string> {
    await this.ended;
    return news || this.#complaint.trim() || 'the sandbox could not be made';
  }

  #spawned(): Promise<Start> {
    return new Promise((resolve) => {
      this.#child.once('spawn', () => resolve({ kind: 'started' }));
      this.#child.once('error', (error) => resolve({ kind: 'failed', message: error.message }));
    });
  }

  async #end(outputs: readonly Promise<void>[]): Promise<number> {
    const code = await new Promise<number>((resolve) => {
      this.#child.once('exit', (status, signal) => resolve(exitCodeOf(status, signal)));
      this.#child.once('error', () => resolve(128));
    });
    const pid = this.#child.pid;
    if (!this.#plan.sandbox && pid !== undefined) trySignal(-pid, 'SIGKILL');
    this.#over = true;
    const timer = setTimeout(() => {
      for (const stream of this.#child.stdio) stream?.destroy();
    }, LINGER_MS);
    await Promise.all(outputs);
    clearTimeout(timer);
    // Before util-linux 2.39, unshare can't pass SIGKILL on: it prints an error and exits with 1. It prints nothing else once it runs.
    const killed = this.#first !== undefined && this.#complaint !== '';
    return killed ? 137 : code;
  }
}

const trySignal = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself just now.
  }
};
