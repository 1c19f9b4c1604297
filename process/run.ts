import { setMaxListeners } from 'node:events';
import { StartError } from './start-error.js';

export { StartError } from './start-error.js';

/** What {@link runProcess} needs of a process; tests give their own. */
export interface ProcessHost {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  exit(code: number): void;
  stderr: { write(text: string): unknown };
}

/** 128 + the number of SIGTERM, as a shell reports a process that a signal ended. */
const KILLED = 143;

/**
 * Runs a program to its end.
 *
 * SIGTERM or SIGINT aborts the signal that `main` was given, and `main` winds up; a second one exits at once. Exit codes: 0 `main`
 * returned, or was told to stop; 2 a {@link StartError}, its lines on stderr without a stack; 1 a bug, with its stack.
 * @param main - may call `fail`, which ends the process at once as if `main` had thrown that error, whatever it still waits for
 */
export const runProcess = async (
  main: (signal: AbortSignal, fail: (error: Error) => void) => Promise<void>,
  host: ProcessHost = process,
): Promise<void> => {
  const controller = new AbortController();
  // Everything that runs listens to this one signal.
  setMaxListeners(0, controller.signal);
  const stop = (): void => {
    if (controller.signal.aborted) host.exit(KILLED);
    else controller.abort(new Error('the process was told to stop'));
  };
  host.on('SIGTERM', stop);
  host.on('SIGINT', stop);
  try {
    await new Promise<void>((resolve, reject) => {
      main(controller.signal, reject).then(resolve, reject);
    });
    host.exit(0);
  } catch (error) {
    host.exit(report(error, { signal: controller.signal, host }));
  }
};

const report = (
  error: unknown,
  { signal, host }: { readonly signal: AbortSignal; readonly host: ProcessHost },
): number => {
  if (signal.aborted && isAbort(error, signal)) return 0;
  if (error instanceof StartError) {
    for (const line of error.lines) host.stderr.write(`${line}\n`);
    return 2;
  }
  host.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
};

const isAbort = (error: unknown, signal: AbortSignal): boolean => {
  if (error === signal.reason) return true;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return name === 'AbortError' || code === 'aborted';
};
