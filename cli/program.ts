import { Command, CommanderError, Help } from 'commander';
import { nearest } from '../process/nearest.js';
import { kindHint } from './cluster/kind-words.js';
import { readCommandLine } from './command-line.js';
import { COMMANDS } from './commands.js';
import { COMPLETE } from './completion/scripts.js';
import { wrapped } from './output/wrap.js';
import { runCommand } from './run-command.js';
import type { Terminal } from './terminal.js';

interface ProgramOptions {
  /** The name in the usage: `kubectl werfbundle` if it is called as that. */
  readonly name: string;
  readonly version: string;
  /** What stands behind the program's name. */
  readonly argv: readonly string[];
  readonly terminal: Terminal;
}

/** What the program's exit codes mean, for all commands. */
export const EXIT_CODES =
  'Exit codes: 0 done, and all is well; 1 what was found is wrong, or what was asked for did not happen; 2 wrong use, or something that cannot be read.';

/** The program with all commands, of which only the one that is called is loaded. @returns runs it; rejects for bugs only */
export const createProgram = async ({
  name,
  version,
  argv,
  terminal,
}: ProgramOptions): Promise<() => Promise<void>> => {
  // Hidden: what the scripts of `completion` call, and kubectl.
  if (argv[0] === COMPLETE) {
    const { complete } = await import('./completion/complete.js');
    return () => complete({ terminal, version }, argv.slice(1));
  }
  const line = withHelp(argv);
  const { command, words } = readCommandLine(line);
  const program = new Command(name)
    .description('Checks, shows and steers WerfBundles.')
    .version(version, '--version', 'the version of this program')
    .helpOption('-h, --help', 'what there is, and how it is used')
    .showHelpAfterError('(--help shows the usage)')
    .addHelpText(
      'after',
      `\n${wrapped(EXIT_CODES, { first: '', indent: 0, width: terminal.columns ?? 80 }).join('\n')}`,
    )
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => write(text.replace(/^error: /, 'werfbundle: ') + hintAtKind(text, words)),
    })
    .exitOverride();
  for (const [other, { summary, load }] of Object.entries(COMMANDS)) {
    if (other === command) program.addCommand((await load())(terminal, { version }).copyInheritedSettings(program));
    else program.command(other).summary(summary);
  }
  return async () => {
    const unknown = command === undefined ? line.find((word) => !word.startsWith('-')) : undefined;
    if (unknown !== undefined && unknown !== 'help') return refuse(terminal, unknown);
    await parse(program, words, terminal);
  };
};

/** `help status` is `status --help`: Commander's own `help` would print the help of a command that is not loaded. */
const withHelp = (argv: readonly string[]): readonly string[] => {
  const [first, ...others] = argv;
  if (first !== 'help') return argv;
  return [...others.filter((word) => word !== 'help' && !word.startsWith('-')).slice(0, 1), '--help'];
};

/** Commander marks the choices and the default of an option, and not that it must be given. */
const describeOption: Help['optionDescription'] = (option) => {
  const description = new Help().optionDescription(option);
  return option.mandatory ? `${description} (required)` : description;
};

/** Who writes `status wb shop` has too many arguments, by kubectl's habit. */
const hintAtKind = (text: string, words: readonly string[]): string => {
  if (!/^error: too many arguments/.test(text)) return '';
  const hint = words
    .slice(1)
    .map(kindHint)
    .find((found) => found !== undefined);
  return hint === undefined ? '' : `werfbundle: ${hint}\n`;
};

const refuse = (terminal: Terminal, unknown: string): void => {
  const near = nearest(Object.keys(COMMANDS), unknown);
  const hint = near === undefined ? '--help lists them' : `did you mean ${near}?`;
  terminal.err(`werfbundle: ${unknown}: there is no such command; ${hint}\n`);
  terminal.end(2);
};

const parse = async (program: Command, words: readonly string[], terminal: Terminal): Promise<void> => {
  try {
    await runCommand(terminal, async () => void (await program.parseAsync(words, { from: 'user' })));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has written its message; its own exit codes are 0 for help and version, 1 for misuse.
    terminal.end(error.exitCode === 0 ? 0 : 2);
  }
};
