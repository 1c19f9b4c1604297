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
  explain: {
    summary: 'say what would be deployed, and why: tag, values, Job, what is next',
    load: async () => (await import('./explain/command.js')).explainCommand,
  },
  diff: {
    summary: 'say what the next deployment would change, by werf bundle plan',
    load: async () => (await import('./diff/command.js')).diffCommand,
  },
  tree: {
    summary: 'show what belongs to a bundle: Jobs, Pods, and what the release holds',
    load: async () => (await import('./tree/command.js')).treeCommand,
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
