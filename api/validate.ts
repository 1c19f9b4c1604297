import { valueAt } from './json-map.js';
import type { Problem, Warning } from './problem.js';
import { withoutNulls } from './schema-node.js';
import { crossFieldProblems, type Subject } from './validate/cross-field-rules.js';
import { inSchemaOrder } from './validate/field-order.js';
import { constraintOf, fieldProblems } from './validate/field-rules.js';
import { schemaProblems } from './validate/schema-problems.js';
import { specWarnings } from './validate/warnings.js';
import type { WerfBundle } from './werfbundle.js';

/** What can be judged from a bundle's spec alone, without the cluster. Both lists are in the schema's order. */
interface SpecVerdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/**
 * Applies every rule that a spec alone can break: all that the CRD's schema refuses, in better words, and what a schema can't say.
 * Reports all problems at once, each fault of a field once. Never throws, whatever JSON the bundle really is.
 * @param bundle - with or without defaults; of metadata only name and namespace are read, and need not exist yet
 * @param old - the stored object, for what can't change once something was deployed; what it was warned of already is not repeated
 */
export const validateBundle = (bundle: WerfBundle, old?: WerfBundle): SpecVerdict => {
  const subject = subjectOf(bundle, old);
  const problems = problemsOf(subject);
  const told = old === undefined ? [] : specWarnings(subjectOf(old));
  const isTold = ({ field, message }: Warning): boolean =>
    told.some((other) => other.field === field && other.message === message);
  const faulty = new Set(problems.map(({ field }) => field));
  return {
    problems,
    warnings: inSchemaOrder(specWarnings(subject).filter((warning) => !faulty.has(warning.field) && !isTold(warning))),
  };
};

/** The problems that {@link validateBundle} finds in a stored bundle; warnings, which cost more, are left to admission. */
export const bundleProblems = (bundle: WerfBundle): readonly Problem[] => problemsOf(subjectOf(bundle));

const problemsOf = (subject: Subject): readonly Problem[] => {
  const { spec } = subject;
  const inBetterWords = fieldProblems(spec, subject);
  const reported = new Set(inBetterWords.map(({ field }) => field));
  return inSchemaOrder([
    ...schemaProblems(spec).filter(({ field }) => !reported.has(field)),
    ...inBetterWords,
    ...crossFieldProblems(subject),
  ]);
};

const subjectOf = (bundle: WerfBundle, old?: WerfBundle): Subject => {
  const spec = withoutNulls(valueAt(bundle, 'spec')) ?? undefined;
  return { spec, bundle, old, constraint: constraintOf(spec) };
};
