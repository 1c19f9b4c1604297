import type { Command } from 'commander';
import type { CommandBuilder } from '../command-builder.js';
import { misuse } from '../command-error.js';
import type { Terminal } from '../terminal.js';
import { judgeInputs } from '../validate/judge-inputs.js';
import { settingsFrom } from '../validate/options.js';
import { documentsOf } from './documents.js';
import { type GenerateOptions, generateOptions, parametersFrom } from './options.js';
import { readFolder } from './read-folder.js';
import { refusalOf } from './refusal.js';

/** `werfbundle generate`: the manifests of a folder, if all of its bundles are valid. Argo CD's plugin calls it. */
export const generateCommand: CommandBuilder = (terminal): Command =>
  generateOptions().action((folder: string, options: GenerateOptions) =>
    generate(folder, { options, env: process.env, terminal }),
  );

/**
 * Prints all manifests, or none.
 * @throws CommandError for wrong use, and for a folder that can't be read
 */
export const generate = async (
  folder: string,
  asked: { readonly options: GenerateOptions; readonly env: NodeJS.ProcessEnv; readonly terminal: Terminal },
): Promise<void> => {
  const { options, env, terminal } = asked;
  const { namespace, strict, kustomize, webhook, faults } = parametersFrom(options, env);
  const settings = settingsFrom({ ...webhook, output: 'text', namespace });
  if (settings.kind === 'misuse') throw misuse(...faults, ...settings.lines);
  if (faults.length > 0) throw misuse(...faults);
  const inputs = await readFolder(folder, kustomize);
  const { config } = settings;
  const { results } = await judgeInputs(inputs, { config, strict, namespace, clock: terminal.clock });
  const refusal = refusalOf(results);
  if (refusal !== undefined) {
    terminal.err(refusal);
    return terminal.end(1);
  }
  const { text, left } = documentsOf(inputs);
  terminal.err(left.map((name) => `werfbundle: ${name} holds no Kubernetes object, and is left out\n`).join(''));
  terminal.out(text);
  terminal.end(0);
};
