import { type BundleReferences, bundleReferencesOf } from '../../admission/references/bundle-references.js';
import type { Chart } from '../../api/chart/chart.js';
import { chartProblems } from '../../api/chart/chart-problems.js';
import type { Warning } from '../../api/problem.js';
import { valuesSourceOf } from '../../api/references/references.js';
import { type ResolveInput, resolveValues } from '../../api/values/resolve.js';
import type { Admission } from './admission.js';
import { type BundleManifest, bundleOf } from './bundle-manifest.js';

/**
 * What was found of a bundle, and what its chart says of its values. Values of which a part is not known are not judged: what is missing
 * might stand there, be it in a file of the chart that only werf can read. Nor are those that can't be read, which is a problem already.
 */
export const judgedByChart = (chart: Chart, bundle: BundleManifest, admission: Admission): Admission => {
  const refs = bundleReferencesOf(bundleOf(bundle), bundle.namespace);
  const input = admission.given ?? withoutValues(refs);
  if (input === undefined) return admission;
  if (isPartly(admission, refs)) return { ...admission, warnings: [...admission.warnings, PARTLY] };
  if (chart.encrypted !== undefined)
    return { ...admission, warnings: [...admission.warnings, encrypted(chart.encrypted)] };
  const resolved = resolveValues(input);
  if (resolved.kind === 'invalid') return admission;
  const { problems, warnings } = chartProblems(chart, { ...resolved, input });
  return {
    ...admission,
    problems: [
      ...admission.problems,
      ...problems.map(({ rule, code, field, message }) => ({ rule, code, field, message })),
    ],
    values: [...admission.values, ...problems],
    warnings: [...admission.warnings, ...warnings],
  };
};

const PARTLY: Warning = {
  rule: 'chart-not-judged',
  field: 'spec.converge.valuesFrom',
  message: 'not judged by the schema of the chart, since not all sources of values are known',
};

const encrypted = (file: string): Warning => ({
  rule: 'chart-not-judged',
  field: 'spec.converge.values',
  message: `not judged by the schema of the chart: its ${file} has values that only werf can read, and that come over all others`,
});

/** A chart may want values of who gives none. */
const withoutValues = ({ own, target, inline }: BundleReferences): ResolveInput | undefined =>
  target === undefined || inline !== undefined
    ? undefined
    : { sources: [], bundleNamespace: own, targetNamespace: target };

const isPartly = ({ open, given }: Admission, { sources }: BundleReferences): boolean =>
  open.some(({ problem: { field } }) => field.startsWith('spec.converge.valuesFrom')) ||
  sources.some(
    (from, index) =>
      (from === undefined || valuesSourceOf(from).optional !== true) && given?.sources[index]?.found === undefined,
  );
