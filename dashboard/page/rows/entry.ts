import type { Row } from '../../protocol.js';

/** A row of the list with what filter and order ask of it again and again, made once. */
export interface Entry {
  readonly row: Row;
  /** All that the filter looks through, in lower case. */
  readonly haystack: string;
}

/** The entry of a row. */
export const entryOf = (row: Row): Entry => {
  const { namespace, name, tag, nextTag, repository, reason } = row;
  return { row, haystack: [namespace, name, tag, nextTag, repository, reason].join('\n').toLowerCase() };
};
