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
      return (terminal, { version }) => validateCommand(printing(terminal), version);
    },
  },
  publish: {
    summary: 'publish the Helm chart in a folder as a bundle',
    load: async () => (await import('./publish/command.js')).publishCommand,
  },
  generate: {
    summary: "print a folder's manifests if its WerfBundles are valid (Argo CD plugin)",
    load: async () => (await import('./generate/command.js')).generateCommand,
  },
  get: {
    summary: 'list bundles: whether they are ready, their tags, what they do',
    load: async () => (await import('./get/command.js')).getCommand,
  },
  status: {
    summary: 'say how a bundle is: what is deployed, what goes on, what has happened',
    load: async () => (await import('./status/command.js')).statusCommand,
  },
  history: {
    summary: 'list the last deployments of a bundle, and what became of them',
    load: async () => (await import('./history/command.js')).historyCommand,
  },
  logs: {
    summary: "print what werf says in a deployment's Pod",
    load: async () => (await import('./logs/command.js')).logsCommand,
  },
  doctor: {
    summary: 'find out what is wrong with a bundle, and the command that mends it',
    load: async () => (await import('./doctor/command.js')).doctorCommand,
  },
  explain: {
    summary: 'say what would be deployed, and why: tag, values, Job, what is next',
    load: async () => (await import('./explain/command.js')).explainCommand,
  },
  diff: {
    summary: 'say what the next deployment would change, by werf bundle plan',
    load: async () => (await import('./diff/command.js')).diffCommand,
  },
  impact: {
    summary: 'say which bundles a change of manifests deploys anew, or keeps from being deployed',
    load: async () => (await import('./impact/command.js')).impactCommand,
  },
  tree: {
    summary: 'show what belongs to a bundle: Jobs, Pods, and what the release holds',
    load: async () => (await import('./tree/command.js')).treeCommand,
  },
  dashboard: {
    summary: 'serve a page that shows all bundles as they are now',
    load: async () => (await import('./dashboard/command.js')).dashboardCommand,
  },
  check: {
    summary: 'find out whether a cluster is ready for bundles',
    load: async () => (await import('./check/command.js')).checkCommand,
  },
  reconcile: {
    summary: 'ask for a look at the registry now, or for another deployment',
    load: async () => (await import('./reconcile/command.js')).reconcileCommand,
  },
  suspend: {
    summary: 'poll and deploy nothing for some bundles (spec.suspend)',
    load: async () => (await import('./suspend/command.js')).suspendCommand,
  },
  resume: {
    summary: 'end a suspension: the registry is asked at once',
    load: async () => (await import('./suspend/command.js')).resumeCommand,
  },
  rollback: {
    summary: 'pin an earlier tag, and say what to change in git',
    load: async () => (await import('./rollback/command.js')).rollbackCommand,
  },
  'release-hold': {
    summary: 'let a bundle follow its registry again, after a rollback or a failure',
    load: async () => (await import('./release-hold/command.js')).releaseHoldCommand,
  },
  approve: {
    summary: 'approve the plan that waits, once you have seen what it deletes',
    load: async () => (await import('./approve/command.js')).approveCommand,
  },
  init: {
    summary: 'print a bundle of your own with the rights that it needs',
    load: async () => (await import('./init/command.js')).initCommand,
  },
  uninstall: {
    summary: 'take the operator out of a cluster, and leave what it deployed',
    load: async () => (await import('./uninstall/command.js')).uninstallCommand,
  },
  completion: {
    summary: 'print a script that completes this command in a shell',
    load: async () => (await import('./completion/command.js')).completionCommand,
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
