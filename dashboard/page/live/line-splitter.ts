/** Makes lines of the pieces in which a text arrives. */
export class LineSplitter {
  #rest = '';

  /** The lines that this piece ends, without their ends. Empty lines are left out. */
  push(piece: string): readonly string[] {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.filter((line) => line !== '');
  }
}
