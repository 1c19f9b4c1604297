/** 0: done, and all is well; 1: what was found is wrong, or what was asked for did not happen; 2: wrong use, or something can't be read. */
export type ExitCode = 0 | 1 | 2;

/** Ends a command: each line says what is wrong, where, and what to do. Caught in one place, `cli/run-command.ts`. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly lines: readonly string[];
  readonly exitCode: Exclude<ExitCode, 0>;

  constructor(lines: readonly string[], exitCode: Exclude<ExitCode, 0> = 1) {
    super(lines.join('\n'));
    this.lines = lines;
    this.exitCode = exitCode;
  }
}

/** Wrong use of a command. */
export const misuse = (...lines: readonly string[]): CommandError => new CommandError(lines, 2);
