/** Where in a text something is wrong; from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}
