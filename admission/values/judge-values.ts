import type { Warning } from '../../api/problem.js';
import { invalid, type ValuesProblem } from '../../api/values/problem.js';
import { type ResolveInput, resolveValues } from '../../api/values/resolve.js';

/**
 * Values to be judged: one of `sources` for each item of valuesFrom, in its order, since the index is part of a field's name. A source
 * without `found` is not judged: another check reports that it is missing, or could not be looked up.
 */
export type ValuesToJudge = ResolveInput;

/** What is wrong with values, and what is odd. Nothing of a Secret's contents is in it. */
export interface ValuesFindings {
  readonly problems: readonly ValuesProblem[];
  readonly warnings: readonly Warning[];
}

/** The most problems that are reported: nobody reads more, and they are copied between threads and into one message. */
const MAX_PROBLEMS = 100;
/** The apiserver passes on 4096 characters of warnings. */
const MAX_WARNINGS = 40;

/** Parses and merges values to see what is wrong with them. Takes up to 4 µs for each byte; never throws. */
export const judgeValues = (question: ValuesToJudge): ValuesFindings => {
  const sources = question.sources.map(({ source, found }) =>
    found === undefined ? { source: { ...source, optional: true } } : { source, found },
  );
  const resolved = resolveValues({ ...question, sources });
  if (resolved.kind === 'resolved') return { problems: [], warnings: resolved.warnings.slice(0, MAX_WARNINGS) };
  const { problems } = resolved;
  if (problems.length <= MAX_PROBLEMS) return { problems, warnings: [] };
  const rest = invalid(
    'values-more',
    'spec.converge.valuesFrom',
    'object',
    `and ${problems.length - MAX_PROBLEMS} more problems`,
  );
  return { problems: [...problems.slice(0, MAX_PROBLEMS), rest], warnings: [] };
};
