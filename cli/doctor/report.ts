import type { StoredBundle } from '../../api/werfbundle.js';
import type { Check } from '../diagnosis/check.js';
import { inOrderOfNeed } from '../diagnosis/examine.js';
import { checkObject, checksText, firstStep, hasFailed } from '../diagnosis/report.js';
import { type Column, Table } from '../output/table.js';
import type { Terminal } from '../terminal.js';

type Paper = Pick<Terminal, 'colors' | 'columns'>;

/** A bundle, and what was found. */
export interface Diagnosis {
  readonly bundle: StoredBundle;
  readonly checks: readonly Check[];
}

export const isFailed = ({ checks }: Diagnosis): boolean => hasFailed(checks);

const nameOf = ({ bundle: { metadata } }: Diagnosis): string => `${metadata.namespace}/${metadata.name}`;

/** All checks of one bundle, and what to do first. */
export const diagnosisText = ({ checks }: Diagnosis, paper: Paper): string =>
  `${checksText(checks, paper)}\n${firstStep(checks, paper)}`;

/** A line for each bundle, and below them what has failed of those that failed. */
export const diagnosesText = (diagnoses: readonly Diagnosis[], paper: Paper): string => {
  const { colors, columns } = paper;
  const color = (text: string, of: Diagnosis): string => (isFailed(of) ? colors.red(text) : text);
  const parts: readonly Column<Diagnosis>[] = [
    { name: 'BUNDLE', of: nameOf },
    { name: 'VERDICT', of: verdictOf, color },
    { name: 'FIRST', of: firstOf },
  ];
  const table = new Table(parts, { headers: true, columns });
  const details = diagnoses.filter(isFailed).map((diagnosis) => {
    const bad = diagnosis.checks.filter(isBad);
    return `\n${colors.bold(nameOf(diagnosis))}\n${checksText(bad, paper)}${firstStep(bad, paper)}`;
  });
  return `${table.print(diagnoses)}${details.join('')}`;
};

const isBad = ({ verdict }: Check): boolean => verdict === 'failed' || verdict === 'warning';

const verdictOf = ({ checks }: Diagnosis): string => {
  const [first] = inOrderOfNeed(checks).filter(isBad);
  return first?.verdict ?? 'ok';
};

const firstOf = ({ checks }: Diagnosis): string => {
  const [first] = inOrderOfNeed(checks).filter(isBad);
  return first === undefined ? '' : `${first.title}: ${first.found}`;
};

/** What a program gets of one bundle. */
export const diagnosisObject = (diagnosis: Diagnosis): object => ({
  bundle: nameOf(diagnosis),
  checks: inOrderOfNeed(diagnosis.checks).map(checkObject),
});

/** What a program gets of all. */
export const diagnosesObject = (diagnoses: readonly Diagnosis[]): object => ({
  bundles: diagnoses.map(diagnosisObject),
});
