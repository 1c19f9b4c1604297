import { printable } from '../output/printable.js';
import type { Result } from './result.js';

/** How much was judged, and how it came out. */
interface Summary {
  /** That were read. */
  readonly files: number;
  readonly bundles: number;
  /** Of the bundles, by their verdict; a bundle with problems and warnings is denied. */
  readonly denied: number;
  readonly warned: number;
  readonly allowed: number;
  /** Of bundles, and of documents that can't be read. */
  readonly problems: number;
  readonly warnings: number;
  /** References that were not judged. */
  readonly unresolved: number;
}

/** All results, and of how many files. */
export interface Report {
  readonly results: readonly Result[];
  readonly files: number;
}

export const summaryOf = ({ results, files }: Report): Summary => {
  const bundles = results.filter(({ kind }) => kind !== '');
  const of = (verdict: Result['verdict']): number => bundles.filter((result) => result.verdict === verdict).length;
  const found = results.flatMap(({ problems }) => problems);
  const problems = found.filter(({ severity }) => severity === 'error').length;
  return {
    files,
    bundles: bundles.length,
    denied: of('deny'),
    warned: of('warn'),
    allowed: of('allow'),
    problems,
    warnings: found.length - problems,
    unresolved: results.reduce((sum, { unresolved }) => sum + unresolved.length, 0),
  };
};

/** `3 bundles, 1 refused: 2 problems, 1 warning, 4 references not checked` */
export const summaryText = (report: Report): string => {
  const { bundles, denied, problems, warnings, unresolved } = summaryOf(report);
  const found = [
    count(problems, 'problem'),
    count(warnings, 'warning'),
    ...(unresolved === 0 ? [] : [`${count(unresolved, 'reference')} not checked`]),
  ];
  return `${count(bundles, 'bundle')}, ${denied} refused: ${found.join(', ')}`;
};

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** The subject of a result: `WerfBundle ops/my-app`, or a document that can't be read. */
export const titleOf = ({ kind, namespace, name, document }: Result): string =>
  kind === '' ? `document ${document}` : printable(`${kind} ${namespace}/${name}`);

/** `spec.registry.url: Invalid value: …`, on one line; a document that can't be read has no field. */
export const findingText = ({ field, message }: { readonly field: string; readonly message: string }): string =>
  printable(field === '' ? message : `${field}: ${message}`);
