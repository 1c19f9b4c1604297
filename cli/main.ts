import { Command, CommanderError } from 'commander';
import { type Outcome, validateCommand } from './validate/command.js';

declare const WERFBUNDLE_VERSION: string;

/** The name in the usage: `kubectl werfbundle` if it is called as that. */
const programName = (process.argv[1] ?? '').includes('kubectl-') ? 'kubectl werfbundle' : 'werfbundle';

const finish = ({ stdout, stderr, exitCode }: Outcome): void => {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  // Not process.exit, which would lose output that a pipe has not taken yet.
  process.exitCode = exitCode;
};

const program = new Command(programName)
  .description('WerfBundles on the command line')
  .version(WERFBUNDLE_VERSION, '--version')
  .showHelpAfterError('(--help shows the usage)')
  .exitOverride();
program.addCommand(validateCommand(finish).copyInheritedSettings(program));

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // `| head` has read enough.
  if (error.code !== 'EPIPE') throw error;
});
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has written its message; its own exit codes are 0 for help and version, 1 for misuse.
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
