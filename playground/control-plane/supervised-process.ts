import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A program that runs beside ours and never outlives us. */
export interface SupervisedProcess {
  readonly name: string;
  readonly logFile: string;
  /** Resolves when it has ended, with how: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** The last lines of its log. */
  logEnd(): Promise<string>;
  /** Sends it a signal, without waiting. */
  send(signal: NodeJS.Signals): void;
  /** Ends it and all that it started, and waits until it is gone. Harmless if it has ended already. */
  stop(how: StopHow): Promise<void>;
}

export interface StopHow {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  /** Milliseconds until SIGKILL follows SIGTERM. */
  readonly patienceMs: number;
}

/**
 * The program takes the place of this shell, so its pid is the process group's. The background reader stays in that group
 * and ends all of it when the pipe from us closes, even if we were killed (SIGKILL). While it lives, the group's number
 * can't be given to others.
 */
const UNDER_WATCH = 'exec 3<&0 </dev/null; { read -r _ <&3; kill -KILL "-$$"; } & exec 3<&-; exec "$@"';
const LOG_END_BYTES = 3000;

/**
 * Starts a program in a process group of its own that ends when we do. `output` is a file descriptor, or `pipe` to read it.
 * `killGroup` ends it earlier.
 */
export const spawnUnderWatch = (options: {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly output: number | 'pipe';
}): ChildProcess => {
  const { name, command, cwd, env, output } = options;
  const child = spawn('/bin/sh', ['-c', UNDER_WATCH, name, ...command], {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', output, output],
  });
  child.stdin?.on('error', () => {}); // a closed pipe only says that the group is gone already
  return child;
};

/** Starts a program with its output appended to `logFile`. `env` is all the environment it gets. */
export const superviseProcess = (options: {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}): SupervisedProcess => {
  const { name, logFile } = options;
  const log = openSync(logFile, 'a', 0o600);
  const child = spawnUnderWatch({ ...options, output: log });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    child.once('error', (error) => resolve(error.message));
  });
  return {
    name,
    logFile,
    ended,
    logEnd: () => endOf(logFile),
    send: (signal) => {
      child.kill(signal);
    },
    stop: async ({ signal, patienceMs }) => {
      if (child.kill(signal)) await Promise.race([ended, delay(patienceMs)]);
      killGroup(child);
      await ended;
    },
  };
};

/** Ends it and all it started, at once. Its reader is still in the group, so the number is ours; a group may be gone. */
export const killGroup = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

const endOf = async (file: string): Promise<string> => {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - LOG_END_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LOG_END_BYTES), 0, LOG_END_BYTES, start);
    const text = buffer.subarray(0, bytesRead).toString('utf8');
    return text.split('\n').slice(-15).join('\n').trimEnd();
  } finally {
    await handle.close();
  }
};
