import type { Check, CheckRow, Judgement, Verdict } from './check.js';

/** Makes all checks of a table. What a failure explains is not reported as another one. Pure; in the order of the table. */
export const examine = <O>(rows: readonly CheckRow<O>[], known: O): readonly Check[] => {
  const made = rows.flatMap((row) =>
    judgementsOf(row, known).map((judgement, at, { length }) => ({
      row,
      check: checkOf(row, judgement, length > 1 || judgement.subject !== undefined ? at : undefined),
    })),
  );
  return made.map(({ row, check }) => {
    if (!isBad(check)) return check;
    const cause = made.find((other) => other.row !== row && explains(other, row));
    return cause === undefined ? check : consequence(check, cause.check);
  });
};

/** The checks in the order in which people need them: what failed first. */
export const inOrderOfNeed = (checks: readonly Check[]): readonly Check[] =>
  checks.toSorted((one, other) => RANK[one.verdict] - RANK[other.verdict]);

const RANK: Readonly<Record<Verdict, number>> = { failed: 0, warning: 1, 'not-checked': 2, ok: 3 };

const judgementsOf = <O>({ judge }: CheckRow<O>, known: O): readonly Judgement[] => {
  const judged = judge(known);
  return 'verdict' in judged ? [judged] : judged;
};

const checkOf = <O>(row: CheckRow<O>, { subject, ...judgement }: Judgement, at: number | undefined): Check => ({
  id: at === undefined ? row.id : `${row.id}[${at}]`,
  title: subject === undefined ? row.title : `${row.title}: ${subject}`,
  section: row.section,
  ...judgement,
});

const isBad = ({ verdict }: Check): boolean => verdict === 'failed' || verdict === 'warning';

const explains = <O>(
  { row: { id }, check }: { readonly row: CheckRow<O>; readonly check: Check },
  { causes = [] }: CheckRow<O>,
): boolean => check.verdict === 'failed' && (causes === '*' || causes.includes(id));

const consequence = (check: Check, { title }: Check): Check => ({
  ...check,
  verdict: 'not-checked',
  found: `${check.found} (this may follow from "${title}": mend that first)`,
  commands: [],
});
