import type { Result } from './result.js';

/** `3 bundles, 1 refused: 2 problems, 1 warning, 4 references not checked` */
export const summaryOf = (results: readonly Result[]): string => {
  const bundles = results.filter(({ kind }) => kind !== '');
  const all = results.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const refused = bundles.filter(({ verdict }) => verdict === 'deny').length;
  const open = results.reduce((sum, { unresolved }) => sum + unresolved.length, 0);
  const found = [
    count(errors, 'problem'),
    count(all.length - errors, 'warning'),
    ...(open === 0 ? [] : [`${count(open, 'reference')} not checked`]),
  ];
  return `${count(bundles.length, 'bundle')}, ${refused} refused: ${found.join(', ')}`;
};

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** The subject of a result: `WerfBundle ops/my-app`, or a document that can't be read. */
export const titleOf = ({ kind, namespace, name, document }: Result): string =>
  kind === '' ? `document ${document}` : `${kind} ${namespace}/${name}`;

/** A text on one line, without control characters: files may come from strangers. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');
