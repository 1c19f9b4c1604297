import { controllerFlags } from '../controller/config.js';
import { playgroundFlags, playgroundVariables } from '../playground/options.js';
import { commonFlags } from '../process/common-flags.js';
import type { Flag, FlagTable } from '../process/flag-values.js';
import { variableOf } from '../process/flags.js';
import { TRACING_VARIABLES } from '../process/tracing-settings.js';
import { receiverFlags } from '../receiver/config.js';
import { webhookFlags } from '../webhook/config.js';
import { code, page, table } from './markdown.js';

const defaultOf = (flag: Flag): string => {
  if (flag.required === true) return 'required';
  if (flag.kind === 'boolean') return code(String(flag.default ?? false));
  if (flag.default === undefined || String(flag.default) === '') return '';
  return code(String(flag.default));
};

const takes = (flag: Flag): string => {
  switch (flag.kind) {
    case 'enum':
      return flag.values.map(code).join(', ');
    case 'integer':
    case 'number':
      return `${flag.kind}, ${flag.min} to ${flag.max}`;
    case 'duration':
      return flag.max === undefined ? 'duration' : `duration, ${flag.min ?? '0s'} to ${flag.max}`;
    case 'host-port':
      return '`HOST:PORT`';
    case 'list':
      return 'list, with commas';
    case 'string':
      return 'text';
    case 'boolean':
      return '`true`, `false`';
    default:
      return flag satisfies never;
  }
};

const rowsOf = (flags: FlagTable, hasVariables: boolean): readonly (readonly string[])[] =>
  Object.entries(flags).map(([name, flag]) => [
    code(`--${name}`),
    ...(hasVariables ? [code(variableOf(name))] : []),
    takes(flag),
    defaultOf(flag),
    flag.help,
  ]);

const own = (flags: FlagTable): FlagTable =>
  Object.fromEntries(Object.entries(flags).filter(([name]) => !Object.hasOwn(commonFlags, name)));

const HEADS = ['Flag', 'Variable', 'Takes', 'Default', 'Meaning'];
const ABOUT = `Flags of the programs, and the variables that say the same; a flag wins over its variable. \`--name value\`, \`--name=value\`; a switch also by
\`--name\` and \`--no-name\`. A wrong one ends the program with exit code 2, with all problems named. \`--help\` and \`--version\` are there,
too. What they do together: [docs/configuration.md](../configuration.md#flags). The command line's options: [commands](commands.md).`;

const variablesTable = (variables: Readonly<Record<string, string>>): string =>
  table(
    ['Variable', 'Meaning'],
    Object.entries(variables).map(([name, help]) => [code(name), help]),
  );

export const flagsPage = (): string =>
  page({ title: 'Flags', from: 'the tables that the programs read', about: ABOUT }, [
    { heading: 'Webhook and controller', text: table(HEADS, rowsOf(commonFlags, true)) },
    { heading: 'Webhook', text: table(HEADS, rowsOf(own(webhookFlags), true)) },
    { heading: 'Controller', text: table(HEADS, rowsOf(own(controllerFlags), true)) },
    { heading: 'Receiver', text: table(HEADS, rowsOf(receiverFlags, true)) },
    {
      heading: 'Traces',
      text: [
        'Webhook, controller and receiver read these variables, which have no flags; [more of them](../traces.md#variables):\n',
        variablesTable(TRACING_VARIABLES),
      ].join('\n'),
    },
    {
      heading: 'Playground',
      text: [
        '`npm start -- FLAG…`; these are not read from variables, but there are others:\n',
        table(
          HEADS.filter((head) => head !== 'Variable'),
          rowsOf(playgroundFlags, false),
        ),
        variablesTable(playgroundVariables),
      ].join('\n'),
    },
  ]);
