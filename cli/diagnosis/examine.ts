import type { Check, CheckRow, Judgement, Verdict } from './check.js';

interface Made<O> {
  readonly row: CheckRow<O>;
  readonly check: Check;
  /** Of what the check has found, the words of somebody else. */
  readonly quoted: string | undefined;
}

/**
 * Makes all checks of a table. What a failure explains is not reported as another one, and words that one check quotes are not said again
 * by what people read after it. Pure; in the order of the table.
 */
export const examine = <O>(rows: readonly CheckRow<O>[], known: O): readonly Check[] => {
  const made = rows.flatMap((row) =>
    judgementsOf(row, known).map((judgement, at, { length }) => ({
      row,
      check: checkOf(row, judgement, length > 1 || judgement.subject !== undefined ? at : undefined),
      quoted: judgement.quoted,
    })),
  );
  const tellers = made.filter((one) => isBad(one.check) && causeOf(one, made) === undefined);
  return made.map((one, at) => {
    if (tellers.includes(one)) return one.check;
    const teller =
      tellers.find((other) => isSaidBy(one, other)) ?? made.slice(0, at).find((other) => isSame(one, other));
    const check = teller === undefined ? one.check : pointing(one, teller.check);
    const cause = isBad(check) ? causeOf(one, made) : undefined;
    if (cause === undefined) return check;
    return teller === undefined ? consequence(check, cause.check) : dismissed(check);
  });
};

const causeOf = <O>({ row }: Made<O>, made: readonly Made<O>[]): Made<O> | undefined =>
  made.find((other) => other.row !== row && explains(other, row));

const isSaidBy = <O>({ quoted = '' }: Made<O>, teller: Made<O>): boolean =>
  quoted !== '' && (teller.check.found.includes(quoted) || quoted.includes(teller.quoted ?? teller.check.found));

/** What keeps an answer back is said once, too. */
const isSame = <O>({ check, quoted = '' }: Made<O>, other: Made<O>): boolean =>
  quoted !== '' && quoted === other.quoted && [check, other.check].every(({ verdict }) => verdict === 'not-checked');

/** Points at the check that has told the same. */
const pointing = <O>({ check, quoted = '' }: Made<O>, { title }: Check): Check => ({
  ...check,
  found: check.found.replace(quoted, () => `see "${title}" above`),
});

/** The checks in the order in which people need them: what failed first. */
export const inOrderOfNeed = (checks: readonly Check[]): readonly Check[] =>
  checks.toSorted((one, other) => RANK[one.verdict] - RANK[other.verdict]);

const RANK: Readonly<Record<Verdict, number>> = { failed: 0, warning: 1, 'not-checked': 2, ok: 3 };

const judgementsOf = <O>({ judge }: CheckRow<O>, known: O): readonly Judgement[] => {
  const judged = judge(known);
  return 'verdict' in judged ? [judged] : judged;
};

const checkOf = <O>(
  row: CheckRow<O>,
  { subject, quoted: _, ...judgement }: Judgement,
  at: number | undefined,
): Check => ({
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

const consequence = (check: Check, { title }: Check): Check => {
  const { found } = check;
  return dismissed({ ...check, found: `${found} (this may follow from "${title}": mend that first)` });
};

/** No failure of its own. */
const dismissed = (check: Check): Check => ({ ...check, verdict: 'not-checked', commands: [] });
