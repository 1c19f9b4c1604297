import { Command, Option } from 'commander';
import colors from 'picocolors';
import { readInputs } from './inputs.js';
import { judgeText } from './judge-text.js';
import { asJson, asText } from './report.js';

/** What the command's caller sees of it. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** 0: all valid; 1: problems; 2: misuse. */
  readonly exitCode: 0 | 1 | 2;
}

/** `werfbundle validate`: the webhook's rules for the object itself, without a cluster. */
export function validateCommand(done: (outcome: Outcome) => void): Command {
  return new Command('validate')
    .summary('judge WerfBundles in YAML or JSON files by the rules of the webhook')
    .description(
      'Judges every WerfBundle in the files by the rules that the webhook has for the object itself, and names fields that no\n' +
        'WerfBundle has. Other kinds are skipped. Exit code 0: valid, 1: problems found, 2: wrong use.',
    )
    .argument('[files...]', 'files or directories; - is standard input')
    .option(
      '-f, --filename <file>',
      'the same, as kubectl has it; may be repeated',
      (path, all: string[]) => [...all, path],
      [],
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print what was found').choices(['text', 'json']).default('text'),
    )
    .action(async (files: string[], options: { filename: string[]; output: 'text' | 'json' }) => {
      done(await validateFiles([...options.filename, ...files], options.output));
    });
}

async function validateFiles(paths: readonly string[], output: 'text' | 'json'): Promise<Outcome> {
  if (paths.length === 0) return misuse(['no file given: werfbundle validate FILE…, or - for standard input']);
  const { files, faults } = await readInputs(paths);
  if (faults.length > 0) return misuse(faults);
  const results = files.flatMap(({ name, text }) => judgeText(name, text));
  return {
    stdout: `${output === 'json' ? asJson(results) : asText(results, colors)}\n`,
    stderr: results.length === 0 ? `no WerfBundle in ${paths.join(', ')}\n` : '',
    exitCode: results.some(({ verdict }) => verdict === 'deny') ? 1 : 0,
  };
}

const misuse = (lines: readonly string[]): Outcome => ({
  stdout: '',
  stderr: lines.map((line) => `werfbundle: ${line}\n`).join(''),
  exitCode: 2,
});
