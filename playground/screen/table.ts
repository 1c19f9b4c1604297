import { letters, wrapped } from '../../process/wrapped.js';

interface Column {
  readonly name: string;
  /** Where it begins in the table as kubectl prints it. */
  readonly start: number;
}

/** kubectl has three blanks between columns. */
const GAP = 3;
/** A column of texts that is narrower than this is hard to read: then they stand below their row. */
const NARROW = 20;
/** A text that would take more lines in its column stands below its row, where it takes fewer. */
const LINES_MAX = 3;

/** Whether a line begins a table of kubectl's. */
export const isHeader = (line: string): boolean =>
  /^[A-Z][A-Z0-9-]*(?: [A-Z]+)*(?: {2,}[A-Z][A-Z0-9-]*(?: [A-Z]+)*)+ *$/.test(line);

/**
 * A table of kubectl's, laid out again for a narrow screen, a row at a time, since it may be that of a watch: what is too wide in its
 * column of texts (MESSAGE, else the last one) is broken between words.
 */
export class NarrowTable {
  readonly #columns: readonly Column[];
  readonly #width: number;
  readonly #texts: number;
  #widths: readonly number[];

  /** @param width - letters in a line */
  constructor(header: string, width: number) {
    const names = [...header.matchAll(/\S+(?: \S+)*/g)];
    this.#columns = names.map(({ 0: name, index }) => ({ name, start: index }));
    const named = this.#columns.findIndex(({ name }) => name === 'MESSAGE');
    this.#texts = named >= 0 ? named : this.#columns.length - 1;
    this.#width = width;
    // kubectl has made room for the rows that it knew.
    this.#widths = this.#columns.map(({ name, start }, index) => {
      const next = this.#columns[index + 1];
      return next === undefined ? name.length : next.start - start - GAP;
    });
  }

  /** The line with the names. */
  header(): readonly string[] {
    return this.#layOut(this.#columns.map(({ name }) => name));
  }

  /** The lines of a row. */
  row(line: string): readonly string[] {
    const cells = this.#cells(line);
    this.#grow(cells);
    return this.#layOut(cells);
  }

  #grow(cells: readonly string[]): void {
    this.#widths = this.#widths.map((width, index) => Math.max(width, letters(cells[index] ?? '')));
  }

  /** Cells by the header's columns; a cell that is wider moves what comes after it. */
  #cells(row: string): readonly string[] {
    const text = [...row];
    const at = (from: number, to?: number): string => text.slice(from, to).join('');
    let shift = 0;
    return this.#columns.map(({ start }, index) => {
      const from = start + shift;
      const next = this.#columns[index + 1];
      if (next === undefined) return at(from).trim();
      const expected = next.start + shift;
      if (at(expected - 2, expected).trim() !== '') {
        const gap = at(expected - 2).search(/ {3}/);
        shift += gap < 0 ? 0 : gap - 2 + GAP;
      }
      return at(from, next.start + shift).trim();
    });
  }

  #layOut(cells: readonly string[]): readonly string[] {
    const others = this.#widths.reduce((sum, width, index) => sum + (index === this.#texts ? 0 : width + GAP), 0);
    const room = this.#width - others;
    const text = cells[this.#texts] ?? '';
    const longest = Math.max(...text.split(' ').map(letters));
    const width = Math.max(Math.min(room, this.#widths[this.#texts] ?? 0), 1);
    const lines = wrapped(text, width, { first: '', rest: '' });
    const isBelow = letters(text) > room && (room < NARROW || longest > room || lines.length > LINES_MAX);
    const [first = '', ...more] = isBelow ? [''] : lines;
    const row = this.#aligned(cells.with(this.#texts, first), width);
    const indent = ' '.repeat(this.#widths.slice(0, this.#texts).reduce((sum, each) => sum + each + GAP, 0));
    const below = isBelow ? wrapped(text, this.#width, { first: '    ', rest: '    ' }) : [];
    return [row, ...more.map((line) => `${indent}${line}`), ...below];
  }

  #aligned(cells: readonly string[], texts: number): string {
    const padded = cells.map((cell, index) => {
      const width = index === this.#texts ? texts : (this.#widths[index] ?? 0);
      return `${cell}${' '.repeat(Math.max(width - letters(cell), 0) + GAP)}`;
    });
    return padded.join('').trimEnd();
  }
}
