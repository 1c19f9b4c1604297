import type { CommandBuilder } from './command-builder.js';
import type { Terminal } from './terminal.js';
import type { Outcome } from './validate/command.js';

interface Entry {
  /** As the command itself has it; a spec compares. */
  readonly summary: string;
  /** Imported when it is called: each command costs only its own start. */
  readonly load: () => Promise<CommandBuilder>;
}

/** All commands, in the order of the help. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  validate: {
    summary: 'judge WerfBundles in YAML or JSON files as the webhook would',
    load: async () => {
      const { validateCommand } = await import('./validate/command.js');
      return (terminal) => validateCommand(printing(terminal));
    },
  },
  get: {
    summary: 'list bundles: whether they are ready, their tags, what they do',
    load: async () => (await import('./get/command.js')).getCommand,
  },
  doctor: {
    summary: 'find out what is wrong with a bundle, and the command that mends it',
    load: async () => (await import('./doctor/command.js')).doctorCommand,
  },
  check: {
    summary: 'find out whether a cluster is ready for bundles',
    load: async () => (await import('./check/command.js')).checkCommand,
  },
};

/** For a command that has all of its output at its end. */
const printing =
  (terminal: Terminal) =>
  ({ stdout, stderr, exitCode }: Outcome): void => {
    terminal.out(stdout);
    terminal.err(stderr);
    terminal.end(exitCode);
  };
