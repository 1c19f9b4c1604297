import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Delays, DelaysQuestion } from './loop-delay.js';
import type { Usage, UsageQuestion } from './meter.js';

/** A program of the benchmark's folder. */
interface ProgramOrder {
  /** For messages, and for the file of its log. */
  readonly name: string;
  /** File beside this one. */
  readonly file: string;
  readonly args: readonly string[];
  /** Whether its CPU and memory are asked for. */
  readonly metered: boolean;
  /** Whether it is asked how late its event loop is. */
  readonly watched?: boolean;
  /** For Node itself. */
  readonly nodeFlags?: readonly string[];
  /** Folder for a CPU profile, written at its end. */
  readonly profile?: string | undefined;
  /** Finds the port in its log once it is ready, which for most is a line that says so; 0: it has none. */
  readonly portIn?: (log: string) => number | undefined;
}

/** Where logs go, and where certificates are. */
interface ProgramFolder {
  readonly folder: string;
}

/** How long a program may take to start on a busy machine. */
const START_MS = 120_000;

/** A program under test, or one that it needs, in a process of its own. */
export class Program {
  readonly name: string;
  /** As it told it; 0 if it told none. */
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #log: string;

  private constructor({ name }: ProgramOrder, child: ChildProcess, { log, port }: { log: string; port: number }) {
    this.name = name;
    this.port = port;
    this.#child = child;
    this.#log = log;
  }

  /**
   * Starts it, and waits for the line of its log that says that it is ready.
   * @throws Error with what it said, if it ends instead
   */
  static async start(order: ProgramOrder, { folder }: ProgramFolder): Promise<Program> {
    const log = join(folder, `${order.name.replace(/\W+/g, '-')}.log`);
    const output = openSync(log, 'a');
    const child = fork(join(import.meta.dirname, order.file), order.args, {
      execArgv: [
        ...(order.nodeFlags ?? []),
        ...(order.metered ? ['--expose-gc', '--import', join(import.meta.dirname, 'meter.js')] : []),
        ...(order.watched ? ['--import', join(import.meta.dirname, 'loop-delay.js')] : []),
        ...(order.profile === undefined
          ? []
          : [
              '--cpu-prof',
              `--cpu-prof-dir=${order.profile}`,
              `--cpu-prof-name=${order.name.replace(/\W+/g, '-')}.cpuprofile`,
            ]),
      ],
      stdio: ['ignore', output, output, 'ipc'],
      // Nothing of the user's own settings: the webhook reads flags from the environment, too.
      env: { PATH: process.env['PATH'] },
    });
    closeSync(output);
    for (const end = Date.now() + START_MS; Date.now() < end && child.exitCode === null; await sleep(20)) {
      const port = (order.portIn ?? readyPort)(readFileSync(log, 'utf8'));
      if (port !== undefined) return new Program(order, child, { log, port });
    }
    child.kill('SIGKILL');
    throw new Error(`${order.name} did not start:\n${readFileSync(log, 'utf8')}`);
  }

  /** Whether it still runs. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has used since its start. */
  usage(collect = false): Promise<Usage> {
    return this.ask<Usage>({ ask: 'usage', collect } satisfies UsageQuestion);
  }

  /** How late its event loop was since the question before, or since its start. */
  delays(): Promise<Delays> {
    return this.ask<Delays>({ ask: 'delays' } satisfies DelaysQuestion);
  }

  /** @throws Error with the end of its log, if it has ended */
  async ask<T>(question: object): Promise<T> {
    if (!this.isAlive) throw new Error(`${this.name} has ended:\n${readFileSync(this.#log, 'utf8').slice(-2000)}`);
    const answer = once(this.#child, 'message');
    this.#child.send(question);
    const [message] = (await answer) as [T];
    return message;
  }

  /** What it has written so far. */
  log(): string {
    return readFileSync(this.#log, 'utf8');
  }

  /** Its log is a line for each request, which nobody reads. */
  forgetLog(): void {
    truncateSync(this.#log);
  }

  /** Ends it and waits for that. */
  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
    this.#child.kill('SIGKILL');
  }
}

const readyPort = (log: string): number | undefined => {
  for (const line of log.split('\n')) {
    if (!/"message":"\w+ ready"/.test(line)) continue;
    const { port } = JSON.parse(line) as { readonly port?: unknown };
    return typeof port === 'number' ? port : 0;
  }
  return undefined;
};
