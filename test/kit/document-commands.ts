import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsIn } from './guide.js';

const ROOT = join(import.meta.dirname, '..', '..');
/** Specs of their own run the commands of these. */
const OTHERS = ['docs/troubleshooting.md', 'docs/getting-started.md'];
const FENCED = /^( *)```(.*)\n([\s\S]*?)^\1```$/gm;
const SHELLS = ['bash', 'sh', 'console'];
/** What a block without a language has to begin with, to be commands. */
const PROGRAM = /^(kubectl|werfbundle|npm|node|docker|helm) /;

/** A command of the documents. */
interface DocumentCommand {
  /** `docs/ci.md` */
  readonly document: string;
  readonly command: string;
}

const commandsOf = (document: string): readonly DocumentCommand[] =>
  [...readFileSync(join(ROOT, document), 'utf8').matchAll(FENCED)].flatMap(([, indent = '', language, block = '']) => {
    const text = `\n${block}`.replaceAll(`\n${indent}`, '\n').slice(1);
    // What a prompt stands before is a command, the rest is what it shows.
    const typed = [...text.matchAll(/^\$ (.*)$/gm)].map(([, command = '']) => command);
    const isShell = SHELLS.includes(language ?? '') || (language === '' && PROGRAM.test(text));
    const commands = typed.length > 0 ? typed : isShell ? commandsIn(text) : [];
    return commands.map((command) => ({ document, command }));
  });

/** Each command that stands in a block of README.md or of a document that people write, but for the guides that have specs of their own. */
export const documentCommands = (): readonly DocumentCommand[] =>
  [
    'README.md',
    ...['docs', 'docs/alerts'].flatMap((dir) => readdirSync(join(ROOT, dir)).map((file) => `${dir}/${file}`)),
  ]
    .filter((file) => file.endsWith('.md') && !OTHERS.includes(file))
    .flatMap(commandsOf);
