import { Argument, Command } from 'commander';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import { SCRIPTS, SHELLS, type Shell } from './scripts.js';

const DESCRIPTION = [
  'Commands and options are completed from the tables of this very program; bundles, namespaces and contexts from the cluster.',
  'bash: source <(werfbundle completion bash)',
  'zsh: source <(werfbundle completion zsh)',
  'fish: werfbundle completion fish | source',
  'kubectl werfbundle: werfbundle completion kubectl, saved as kubectl_complete-werfbundle on the PATH, executable.',
  'Exit code 0: printed; 1: never; 2: wrong use.',
].join('\n\n');

/** `werfbundle completion` */
export const completionCommand: CommandBuilder = (terminal) =>
  new Command('completion')
    .summary('print a script that completes this command in a shell')
    .description(DESCRIPTION)
    .addArgument(new Argument('<shell>', 'for which shell').choices(SHELLS).argParser(shellIn))
    .action((shell: Shell) => {
      terminal.out(SCRIPTS[shell]);
      terminal.end(0);
    });

const shellIn = (text: string): string => {
  if (SHELLS.includes(text as Shell)) return text;
  throw misuse(`${JSON.stringify(text)} is none of ${SHELLS.join(', ')}`);
};
