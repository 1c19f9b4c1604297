import type { Command, Option } from 'commander';
import { readCommandLine } from '../command-line.js';
import { COMMANDS } from '../commands.js';
import type { Terminal } from '../terminal.js';
import { bundlesIn, contextsIn, namespacesIn, type Where } from './cluster-names.js';

/** What may follow; `files`: the shell offers files. */
export interface Candidates {
  readonly words: readonly Candidate[];
  readonly files: boolean;
}

export interface Candidate {
  readonly word: string;
  /** '' if there is nothing to say. */
  readonly says: string;
}

/** Cobra's numbers: whether the shell offers files, if there is no candidate. */
const DIRECTIVES = { files: 0, none: 4 } as const;

interface Deps {
  readonly terminal: Terminal;
  readonly version: string;
}

/** The hidden command: prints what may stand in the place of the last word. Says nothing of what it can't ask. */
export const complete = async (deps: Deps, words: readonly string[]): Promise<void> => {
  const { words: found, files } = await candidatesFor(deps, words);
  const lines = found.map(({ word, says }) => (says === '' ? word : `${word}\t${says}`));
  deps.terminal.out([...lines, `:${files ? DIRECTIVES.files : DIRECTIVES.none}`, ''].join('\n'));
  deps.terminal.end(0);
};

const NONE: Candidates = { words: [], files: false };
const FILES: Candidates = { words: [], files: true };

/** Options of every command, which may stand before it. */
const GENERAL = [
  { word: '--help', says: 'what there is, and how it is used' },
  { word: '--version', says: 'the version of this program' },
];

const commandWords = (): readonly Candidate[] =>
  Object.entries(COMMANDS).map(([word, { summary }]) => ({ word, says: summary }));
/** It is none of the commands: `help status` is `status --help`. */
const HELP: Candidate = { word: 'help', says: 'print how a command is used' };

const startingWith = (current: string, { words, files }: Candidates): Candidates => ({
  words: words.filter(({ word }) => word.startsWith(current)),
  files,
});

const candidatesFor = async ({ terminal, version }: Deps, words: readonly string[]): Promise<Candidates> => {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? '';
  if (before[0] === HELP.word)
    return before.length > 1 ? NONE : startingWith(current, { words: commandWords(), files: false });
  const { command: name, words: rest } = readCommandLine(before);
  // Options before the command are those of `get`, which has all of them.
  const entry = COMMANDS[name ?? 'get'];
  if (entry === undefined) return NONE;
  const command = (await entry.load())(terminal, { version });
  const read = readWords(command, name === undefined ? before : rest.slice(1));
  const place = { ...read, current, terminal, isNamed: name !== undefined, isFirst: before.length === 0 };
  return startingWith(current, await following(command, place));
};

interface Place extends Read {
  /** What is there of the word, as far as the cursor. */
  readonly current: string;
  readonly terminal: Terminal;
  /** Whether the command stands on the line already. */
  readonly isNamed: boolean;
  /** Whether nothing stands before it. */
  readonly isFirst: boolean;
}

const following = async (command: Command, place: Place): Promise<Candidates> => {
  const { current, open, isNamed, isFirst } = place;
  if (open !== undefined) return await valuesOf(open, place);
  const [, option = '', value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  const named = command.options.find(({ long }) => long === option);
  if (named !== undefined && value !== undefined) return prefixed(`${option}=`, await valuesOf(named, place));
  if (current.startsWith('-')) return { words: isNamed ? optionsOf(command) : GENERAL, files: false };
  if (isNamed) return await argumentsOf(command, place);
  return { words: [...commandWords(), ...(isFirst ? [HELP] : [])], files: false };
};

const prefixed = (prefix: string, { words, files }: Candidates): Candidates => ({
  words: words.map(({ word, says }) => ({ word: `${prefix}${word}`, says })),
  files,
});

const optionsOf = (command: Command): readonly Candidate[] =>
  [...command.options.filter(({ hidden }) => !hidden).map(optionOf), ...GENERAL.slice(0, 1)].filter(
    ({ word }) => word !== '',
  );

const optionOf = ({ long, short, description }: Option): Candidate => ({
  word: long ?? short ?? '',
  says: description,
});

/** Which options have which values. */
const NAMESPACES = ['--namespace', '--target'];
/** Of the value's name in the usage, or the argument's. */
const FILE_NAMES = ['file', 'files', 'folder'];

const valuesOf = async ({ long = '', flags, argChoices }: Option, place: Place): Promise<Candidates> => {
  if (argChoices !== undefined) return { words: argChoices.map(plain), files: false };
  if (NAMESPACES.includes(long)) return { words: await namespacesIn(place.terminal, place.where), files: false };
  if (long === '--context') return { words: await contextsIn(place.where), files: false };
  return FILE_NAMES.some((name) => flags.endsWith(`<${name}>`)) ? FILES : NONE;
};

/** What arguments are is known by their names, too: those of bundles are `name` and `names`. */
const argumentsOf = async (command: Command, place: Place): Promise<Candidates> => {
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[place.args.length] ?? (last?.variadic === true ? last : undefined);
  if (argument?.argChoices !== undefined) return { words: argument.argChoices.map(plain), files: false };
  if (FILE_NAMES.includes(argument?.name() ?? '')) return FILES;
  if (argument?.name() !== 'name' && argument?.name() !== 'names') return NONE;
  const [, kind = ''] = /^([^/]*\/)/.exec(place.current) ?? [];
  const bundles = await bundlesIn(place.terminal, place.where);
  const others = bundles.filter(({ word }) => !place.args.includes(word) && !place.args.includes(`${kind}${word}`));
  return prefixed(kind, { words: others, files: false });
};

const plain = (word: string): Candidate => ({ word, says: '' });

/** What stands on the line before the cursor. */
interface Read {
  readonly where: Where;
  /** Words that are no options. */
  readonly args: readonly string[];
  /** The option whose value comes next. */
  readonly open: Option | undefined;
}

const readWords = (command: Command, words: readonly string[]): Read => {
  const values: Record<string, string> = {};
  const args: string[] = [];
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      values[open.attributeName()] = word;
      open = undefined;
      continue;
    }
    const name = word.replace(/=.*$/s, '');
    const option = word.startsWith('-')
      ? command.options.find(({ long, short }) => name === long || name === short)
      : undefined;
    if (option === undefined) {
      if (!word.startsWith('-')) args.push(word);
    } else if (word.includes('=')) values[option.attributeName()] = word.slice(name.length + 1);
    else if (option.required) open = option;
  }
  const { namespace, kubeconfig, context } = values;
  return { where: { namespace, kubeconfig, context }, args, open };
};
