import { StartError } from '../process/start-error.js';
import { CommandError } from './command-error.js';
import { folded } from './output/fold.js';
import type { Terminal } from './terminal.js';

/**
 * Runs a command's action, and says what it failed for: all that a user can mend, without a stack. Ctrl-C is no failure.
 * @throws what is a bug
 */
export const runCommand = async (terminal: Terminal, action: () => Promise<void>): Promise<void> => {
  try {
    await action();
  } catch (error) {
    if (terminal.signal.aborted) return;
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    const how = { columns: terminal.errColumns, indent: 2 };
    const told = failure.lines.map((line) => folded(line.startsWith('* ') ? line : `werfbundle: ${line}`, how));
    terminal.err(told.map((line) => `${line}\n`).join(''));
    terminal.end(failure.exitCode);
  }
};

const failureOf = (error: unknown): Pick<CommandError, 'lines' | 'exitCode'> | undefined => {
  if (error instanceof CommandError) return error;
  if (error instanceof StartError) return { lines: error.lines, exitCode: 2 };
  return undefined;
};
