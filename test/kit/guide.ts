import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FENCED = /^( *)```bash\n([\s\S]*?)^\1```$/gm;

/** The users' guide to troubleshooting as a list of promises: its commands and the rows of its tables, and which were kept. */
export class Guide {
  readonly #commands: readonly string[];
  /** `Error messages: pod failed with OOMKilled` */
  readonly #rows: readonly string[];
  readonly #kept = new Set<string>();

  private constructor(promises: { readonly commands: readonly string[]; readonly rows: readonly string[] }) {
    this.#commands = promises.commands;
    this.#rows = promises.rows;
  }

  static read(): Guide {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md'), 'utf8');
    const blocks = [...text.matchAll(FENCED)].map(([, indent = '', block = '']) =>
      `\n${block}`.replaceAll(`\n${indent}`, '\n'),
    );
    return new Guide({
      commands: [...new Set(blocks.flatMap(commandsIn))],
      rows: rowsIn(text.replaceAll(FENCED, '')),
    });
  }

  /** A guide of nothing but commands. */
  static of(commands: readonly string[]): Guide {
    return new Guide({ commands, rows: [] });
  }

  /** The command of the guide that looks so, word for word. @throws Error if there is none, or more than one */
  command(looks: RegExp): string {
    const found = this.#commands.filter((command) => looks.test(command));
    const [command] = found;
    if (command === undefined || found.length > 1) throw new Error(`${looks} are ${found.length} commands: ${found}`);
    this.#kept.add(command);
    return command;
  }

  /** A row's first cell, without its backticks; or an item of a list. @throws Error if the guide has no such row below the heading */
  row(heading: string, cell: string): string {
    const row = `${heading}: ${cell}`;
    if (!this.#rows.includes(row)) throw new Error(`the guide has no row "${row}"`);
    this.#kept.add(row);
    return cell;
  }

  /** Promises that nobody has asked for. */
  get open(): readonly string[] {
    return [...this.#commands, ...this.#rows].filter((promise) => !this.#kept.has(promise));
  }
}

/** Commands of a shell's block: without comments, each with its further lines. A block with a loop is one command. */
export const commandsIn = (block: string): readonly string[] => {
  if (/^ *done$/m.test(block)) return [block.trim()];
  const commands: string[] = [];
  let end: string | undefined;
  let isWhole = true;
  for (const line of block.split('\n')) {
    const bare = end === undefined ? line.replace(/(^|\s{2,})#.*$/, '').trimEnd() : line;
    if (bare === '') continue;
    const isMore = !isWhole || end !== undefined || /^\s*\|/.test(bare);
    if (isMore) commands.push(`${commands.pop()}\n${bare}`);
    else commands.push(bare);
    isWhole = !bare.endsWith('\\');
    end = end === bare ? undefined : (end ?? /<<(\w+)$/.exec(bare)?.[1]);
  }
  return commands;
};

/** First cells of tables, and items of lists that tell of numbers. */
const rowsIn = (text: string): readonly string[] => {
  let heading = '';
  return text.split('\n').flatMap((line) => {
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    const [, cell] = /^\| (`[^|]+`) \|/.exec(line) ?? /^- (\w+ failure: .*)$/.exec(line) ?? [];
    return cell === undefined ? [] : [`${heading}: ${cell.replaceAll('`', '')}`];
  });
};
