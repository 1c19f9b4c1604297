import { COMMANDS } from './commands.js';

/** Options that may stand before the command, as kubectl takes them, and have a value. */
const WITH_VALUE = ['-n', '--namespace', '--context', '--kubeconfig', '-o', '--output', '-l', '--selector'];
const ALONE = ['-A', '--all-namespaces'];

/** The command that is called, and the words after it. */
interface CommandLine {
  /** undefined if there is none of this name. */
  readonly command: string | undefined;
  /** All words, the command first. */
  readonly words: readonly string[];
}

/** Finds the command: `-n ops get shop` is `get -n ops shop`, as with kubectl. Words that it does not know stay where they are. */
export const readCommandLine = (argv: readonly string[]): CommandLine => {
  let at = 0;
  for (let word = argv[0]; word?.startsWith('-'); word = argv[at]) {
    const name = word.replace(/=.*$/s, '');
    if (!WITH_VALUE.includes(name) && !ALONE.includes(name)) break;
    at += WITH_VALUE.includes(name) && !word.includes('=') ? 2 : 1;
  }
  const command = argv[at];
  if (command === undefined || !Object.hasOwn(COMMANDS, command)) return { command: undefined, words: argv };
  return { command, words: [command, ...argv.slice(0, at), ...argv.slice(at + 1)] };
};
