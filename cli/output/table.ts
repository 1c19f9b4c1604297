/** A column of a table. Columns are printed in their order, three spaces apart, as kubectl does. */
export interface Column<R> {
  /** Upper case. */
  readonly name: string;
  /** '' where there is nothing to say. */
  readonly of: (row: R) => string;
  /** How it is coloured; what is coloured is as wide as what is not. */
  readonly color?: (text: string, row: R) => string;
}

interface TableOptions {
  readonly headers: boolean;
  /** Letters in a line: the last column is cut there. undefined: nothing is cut. */
  readonly columns?: number | undefined;
}

const GAP = 3;
/** The least that is left of the last column, however narrow the terminal is. */
const LEAST = 20;

/** Prints rows of one width: the first ones decide, so that those that come later (of a watch) stay below their headers. */
export class Table<R> {
  readonly #columns: readonly Column<R>[];
  readonly #options: TableOptions;
  #widths: readonly number[] | undefined;

  constructor(columns: readonly Column<R>[], options: TableOptions) {
    this.#columns = columns;
    this.#options = options;
  }

  /** Lines, each with its end; the headers come before the first ones. */
  print(rows: readonly R[]): string {
    const cells = rows.map((row) => this.#columns.map(({ of }) => oneLine(of(row))));
    const isFirst = this.#widths === undefined;
    this.#widths ??= this.#columns.map(({ name }, at) =>
      Math.max(name.length, ...cells.map((row) => widthOf(row[at]))),
    );
    const headers = isFirst && this.#options.headers ? [this.#line(this.#columns.map(({ name }) => name))] : [];
    return [...headers, ...rows.map((row, at) => this.#line(cells[at] ?? [], row))].join('');
  }

  #line(cells: readonly string[], row?: R): string {
    let used = 0;
    const parts = this.#columns.map(({ color }, at) => {
      const isLast = at === this.#columns.length - 1;
      const cell = isLast ? this.#cut(cells[at] ?? '', used) : (cells[at] ?? '');
      const width = isLast ? 0 : (this.#widths?.[at] ?? 0) + GAP;
      used += width;
      const shown = row === undefined || color === undefined || cell === '' ? cell : color(cell, row);
      return shown + ' '.repeat(Math.max(isLast ? 0 : GAP, width - widthOf(cell)));
    });
    return `${parts.join('').trimEnd()}\n`;
  }

  #cut(text: string, used: number): string {
    const { columns } = this.#options;
    const room = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST, columns - used);
    const letters = [...text];
    return letters.length <= room ? text : `${letters.slice(0, room - 1).join('')}…`;
  }
}

/** Letters, not UTF-16 units. */
const widthOf = (text = ''): number => [...text].length;

/** What others wrote must not move the cursor, or begin a line of its own. Blanks stay: a tree is indented by them. */
const oneLine = (text: string): string => text.replace(/ *[^\S ]\s*/g, ' ').replace(/\p{Cc}/gu, '�');
