import type { Argument, Command, Option } from 'commander';
import { COMMANDS } from '../cli/commands.js';
import { EXIT_CODES } from '../cli/program.js';
import type { Terminal } from '../cli/terminal.js';
import { code, page, table } from './markdown.js';

/** Builders only keep it for their actions, which nobody calls here. */
const NO_TERMINAL = {} as Terminal;

const argumentRow = (argument: Argument): readonly string[] => {
  const { description } = argument;
  const name = `${argument.name()}${argument.variadic ? '…' : ''}`;
  return [code(argument.required ? name : `[${name}]`), '', description];
};

const optionRow = ({ flags, defaultValue, argChoices, description, mandatory }: Option): readonly string[] => {
  const standard = typeof defaultValue === 'string' ? code(defaultValue) : '';
  const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
  return [code(flags), standard, `${description}${choices}${mandatory ? ' (required)' : ''}`];
};

/** Those of a command that has commands of its own stand below it. */
const sectionsOf = (name: string, command: Command): readonly { readonly heading: string; readonly text: string }[] => {
  const rows = [
    ...command.registeredArguments.map(argumentRow),
    ...command.options.filter(({ hidden }) => !hidden).map(optionRow),
  ];
  const usage = `\`werfbundle ${name} ${command.usage()}\``;
  const options = rows.length === 0 ? [] : [table(['Argument, option', 'Default', 'Meaning'], rows)];
  const text = [usage, command.description() || command.summary(), ...options].join('\n\n');
  return [{ heading: name, text }, ...command.commands.flatMap((part) => sectionsOf(`${name} ${part.name()}`, part))];
};

const ABOUT = `The commands of \`werfbundle\`, and of \`kubectl werfbundle\`, as their \`--help\` has them. How they are used: [docs/command-line.md](../command-line.md).

${EXIT_CODES}`;

export const commandsPage = async (): Promise<string> => {
  const commands = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { load }]) => {
      const build = await load();
      return sectionsOf(name, build(NO_TERMINAL, { version: '' }));
    }),
  );
  return page({ title: 'Commands', from: 'cli/commands.ts', about: ABOUT }, commands.flat());
};
