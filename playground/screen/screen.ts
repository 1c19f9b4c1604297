import { createColors } from 'picocolors';
import { wrappedCommand } from '../../cli/output/wrap-command.js';
import { letters, wrapped } from '../../process/wrapped.js';
import { shellWord } from './shell-word.js';
import { isHeader, NarrowTable } from './table.js';
import { wrappedOutput } from './wrapped-output.js';

/** Colours only on a terminal: picocolors' own choice takes any CI for one. */
const colors = createColors(process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '');

/** What commands print stands a little deeper. */
const MARGIN = '  ';
/** Below this nothing can be laid out. */
const NARROWEST = 40;

/** Letters in a line of the terminal, or as COLUMNS says; a file has lines of any length. */
const columnsOfProcess = (): number => {
  const columns = process.stdout.isTTY === true ? process.stdout.columns : Number(process.env['COLUMNS'] ?? '');
  return columns > 0 ? Math.max(columns, NARROWEST) : Number.POSITIVE_INFINITY;
};

/** What the playground prints: broken between words where the terminal is too narrow. Colours only on a terminal. */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;

  constructor(
    write: (text: string) => void = (text) => process.stdout.write(text),
    columns: () => number = columnsOfProcess,
  ) {
    this.#write = write;
    this.#columns = columns;
  }

  /** A new chapter of the story. */
  heading(text: string): void {
    this.blank();
    const lines = wrapped(text, this.#columns(), { first: '== ', rest: '   ' });
    this.#lines(lines.map((line) => colors.bold(colors.cyan(line))));
  }

  blank(): void {
    this.#write('\n');
  }

  /** Explains what the playground does. */
  say(text: string): void {
    this.#marked(text, '-', colors.dim);
  }

  /** A command, as a person would type it. */
  command(words: readonly string[]): void {
    const lines = wrappedCommand(words.map(shellWord), this.#columns(), '$ ');
    this.#lines(lines.map((line) => colors.bold(line)));
  }

  /** A command to paste, deeper than what is said. @param words - as a shell takes them, see {@link shellWord} */
  toPaste(words: readonly string[]): void {
    this.#lines(wrappedCommand(words, this.#columns(), MARGIN.repeat(2)));
  }

  /** What a command printed; unchanged, if there is room for it. */
  output(text: string): void {
    const columns = this.#columns();
    const lines = text.replace(/\n$/, '').split('\n');
    for (let at = 0; at < lines.length; ) {
      const table = tableAt(lines, at);
      const isTooWide = table.some((line) => MARGIN.length + letters(line) > columns);
      const [header, ...rows] = table;
      if (header !== undefined && isTooWide) {
        const narrow = new NarrowTable(header, columns - MARGIN.length);
        for (const line of [narrow.header(), ...rows.map((row) => narrow.row(row))].flat()) this.#output(line);
      } else for (const line of table.length > 0 ? table : [lines[at] ?? '']) this.#output(line);
      at += Math.max(table.length, 1);
    }
  }

  /** What a command prints a line at a time, a table perhaps. @returns takes the lines */
  following(): (line: string) => void {
    let table: NarrowTable | undefined;
    return (line) => {
      const columns = this.#columns();
      if (isHeader(line) && columns < Number.POSITIVE_INFINITY) {
        table = new NarrowTable(line, columns - MARGIN.length);
        for (const each of table.header()) this.#output(each);
      } else for (const each of table?.row(line) ?? [line]) this.#output(each);
    };
  }

  /** Something promised has happened. */
  kept(text: string): void {
    this.#marked(text, '\u2713', colors.green);
  }

  broken(text: string): void {
    this.#marked(text, '\u2717', colors.red);
  }

  #marked(text: string, mark: string, color: (text: string) => string): void {
    const [first = '', ...rest] = text.split('\n');
    const columns = this.#columns();
    const [head = '', ...more] = wrapped(first, columns, { first: '  ', rest: '  ' });
    const below = rest.flatMap((line) => wrappedOutput(line, columns, ''));
    this.#lines([`${color(mark)}${head.slice(1)}`, ...more, ...below]);
  }

  #output(line: string): void {
    this.#lines(wrappedOutput(line, this.#columns(), MARGIN));
  }

  #lines(lines: readonly string[]): void {
    for (const line of lines) this.#write(`${line}\n`);
  }
}

/** The lines of the table that begins at a line; none if none does. */
const tableAt = (lines: readonly string[], at: number): readonly string[] => {
  if (!isHeader(lines[at] ?? '')) return [];
  const end = lines.findIndex((line, index) => index > at && line.trim() === '');
  return lines.slice(at, end < 0 ? undefined : end);
};
