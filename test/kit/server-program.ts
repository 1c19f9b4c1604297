import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepMetrics } from './canary.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** dist/webhook.js or dist/receiver.js, running. */
export interface ServerProgram {
  readonly port: number;
  readonly healthPort: number;
  readonly logFile: string;
  /** All lines of the log so far. */
  readonly log: readonly LogLine[];
  /** Text of /metrics. */
  metrics(): Promise<string>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
}

type LogLine = Readonly<Record<string, unknown>>;

let started = 0;

/**
 * Starts a built program that serves with an environment of its own, in which there may be more, on any ports, and waits until it is ready. Its log and, when it is
 * stopped, its metrics are kept in `dir`.
 */
export const startServerProgram = (
  name: 'webhook' | 'receiver',
  {
    dir,
    args,
    env = {},
  }: { readonly dir: string; readonly args: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): Promise<ServerProgram> => {
  started += 1;
  const file = join(dir, `${name}-${started}`);
  const local = ['--listen', '127.0.0.1:0', '--health-address', '127.0.0.1:0'];
  const child = spawn(process.execPath, [join(ROOT, 'dist', `${name}.js`), ...local, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const log: LogLine[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    errors += part;
    appendFileSync(`${file}.stderr.log`, part);
  });
  return new Promise((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      appendFileSync(`${file}.log`, `${line}\n`);
      const entry = JSON.parse(line) as LogLine;
      log.push(entry);
      if (entry['message'] !== `${name} ready`) return;
      const [port, healthPort] = [Number(entry['port']), Number(entry['health'])];
      resolve({
        port,
        healthPort,
        log,
        logFile: `${file}.log`,
        metrics: async () => (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text(),
        stop: async () => {
          if (child.exitCode === null) await keepMetrics(`${file}.metrics`, healthPort);
          child.kill('SIGTERM');
          return closed;
        },
      });
    });
    void closed.then((code) => reject(new Error(`the ${name} ended with ${code}: ${errors}`)));
  });
};
