import { createColors } from 'picocolors';
import type { Clock } from '../process/ports.js';
import { systemClock } from '../process/system-clock.js';
import type { ExitCode } from './command-error.js';
import { harmless } from './output/harmless.js';

type Colors = ReturnType<typeof createColors>;

/** Where a command writes, and what it knows of its surroundings. */
export interface Terminal {
  /** Results. */
  out(text: string): void;
  /** Problems, and what is to be known. */
  err(text: string): void;
  /** To stderr, what moves the cursor: for progress, which has no text of others. */
  move(text: string): void;
  /** Whether a person reads stdout: only then is it coloured, and cut to the width. */
  readonly isTTY: boolean;
  /** Whether a person reads stderr: only then is there progress. */
  readonly errIsTTY: boolean;
  /** Letters in a line of stdout; undefined if it is no terminal. */
  readonly columns: number | undefined;
  /** Letters in a line of stderr; undefined if it is no terminal. */
  readonly errColumns: number | undefined;
  /** For stdout. */
  readonly colors: Colors;
  readonly clock: Clock;
  /**
   * Aborted by Ctrl-C, and by what else asks the process to end. Until somebody reads it, a signal ends the process as if nobody listened; so
   * does a second one.
   */
  readonly signal: AbortSignal;
  /** What the process ends with, once there is nothing more to do. */
  end(code: ExitCode): void;
}

/** What asks for an end: Ctrl-C, whoever stops a process, and a terminal that is closed; with the exit code that a shell gives for it. */
const ENDINGS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Ending = keyof typeof ENDINGS;

/** Calls back at the first of them. From then on each has its usual effect again, which is to end the process at once. */
const onceAsked = (asked: (ending: Ending) => void): void => {
  const endings = Object.keys(ENDINGS) as readonly Ending[];
  const first = (ending: Ending): void => {
    for (const each of endings) process.off(each, first);
    asked(ending);
  };
  for (const each of endings) process.on(each, first);
};

const UNWRITABLE: Readonly<Record<string, string>> = { ENOSPC: 'the disk is full', EIO: 'the disk does not take it' };

/** The terminal of this process. */
export const processTerminal = (): Terminal => {
  const { stdout, stderr, env } = process;
  const interrupted = new AbortController();
  let listens = false;
  const listen = (): void => {
    if (listens) return;
    listens = true;
    onceAsked((ending) => {
      process.exitCode = ENDINGS[ending];
      interrupted.abort();
    });
  };
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // `| head` has read enough.
    if (code !== 'EPIPE') {
      stderr.write(`werfbundle: can't write the output: ${UNWRITABLE[code ?? ''] ?? `the system says ${code}`}\n`);
      process.exitCode = 2;
    }
    interrupted.abort();
  });
  // Nobody is left to be told.
  stderr.on('error', () => {});
  const isTTY = stdout.isTTY === true;
  // Picocolors' own choice takes any CI for a terminal.
  const isColourful = isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    out: (text) => void stdout.write(isTTY ? harmless(text) : text),
    err: (text) => void stderr.write(stderr.isTTY === true ? harmless(text) : text),
    move: (text) => void stderr.write(text),
    isTTY,
    errIsTTY: stderr.isTTY === true,
    columns: isTTY ? stdout.columns : undefined,
    errColumns: stderr.isTTY === true ? stderr.columns : undefined,
    colors: createColors(isColourful),
    clock: systemClock,
    get signal() {
      listen();
      return interrupted.signal;
    },
    end: (code) => {
      // Not process.exit, which would lose output that a pipe has not taken yet.
      if (!interrupted.signal.aborted) process.exitCode = code;
    },
  };
};
