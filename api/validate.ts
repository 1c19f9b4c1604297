import { valueAt } from './json-map.js';
import type { Problem, Warning } from './problem.js';
import { withoutNulls } from './schema-node.js';
import { crossFieldProblems, type Subject } from './validate/cross-field-rules.js';
import { inSchemaOrder } from './validate/field-order.js';
import { constraintOf, fieldProblems } from './validate/field-rules.js';
import { schemaProblems } from './validate/schema-problems.js';
import { specWarnings } from './validate/warnings.js';
import type { WerfBundle } from './werfbundle.js';

/** What a bundle's spec says of itself, without a look at the cluster. Both in the schema's order. */
interface SpecVerdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/**
 * Applies every rule that a spec alone can break: all that the CRD's schema refuses, in better words, and what a schema can't say.
 * All problems at once; one fault of a field is told once. Never throws, whatever JSON the bundle really is.
 * @param bundle - with or without defaults; of metadata only name and namespace are looked at, and need not be there yet
 * @param old - the stored object, for what can't change once something was deployed
 */
export const validateBundle = (bundle: WerfBundle, old?: WerfBundle): SpecVerdict => {
  const spec = withoutNulls(valueAt(bundle, 'spec')) ?? undefined;
  const subject: Subject = { spec, bundle, old, constraint: constraintOf(spec) };
  const inBetterWords = fieldProblems(spec, subject);
  const told = new Set(inBetterWords.map(({ field }) => field));
  const problems = [
    ...schemaProblems(spec).filter(({ field }) => !told.has(field)),
    ...inBetterWords,
    ...crossFieldProblems(subject),
  ];
  const faulty = new Set(problems.map(({ field }) => field));
  return {
    problems: inSchemaOrder(problems),
    warnings: inSchemaOrder(specWarnings(subject).filter(({ field }) => !faulty.has(field))),
  };
};
