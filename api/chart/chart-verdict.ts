import { type ResolveInput, resolveValues } from '../values/resolve.js';
import type { Chart } from './chart.js';
import { chartProblems } from './chart-problems.js';

/** What the schemas of a chart say of a bundle's values. Nothing of a Secret's contents is in it. */
export type ChartVerdict =
  | { readonly kind: 'accepts' }
  | {
      readonly kind: 'refuses';
      /** Name and version: `shop 1.3.0`. */
      readonly chart: string;
      /** A sentence for each value that is refused: `key "values.yaml" of ConfigMap shop/cfg: line 3, column 11: …`; one at least. */
      readonly problems: readonly string[];
    }
  /** Nothing can be said. `why` is a sentence without an end. */
  | { readonly kind: 'unjudged'; readonly why: string };

/**
 * Judges values by a chart, to hold back what werf would refuse. What this project itself gives up, or bounds more tightly than Helm does, is
 * no refusal: a schema that is too large, or that leads to another document, is left to werf. Never throws.
 */
export const chartVerdict = (chart: Chart, input: ResolveInput): ChartVerdict => {
  const resolved = resolveValues(input);
  if (resolved.kind === 'invalid') return { kind: 'unjudged', why: resolved.message };
  const { problems, warnings } = chartProblems(chart, { ...resolved, input });
  const [unusable] = problems.filter(({ rule }) => rule === 'chart-schema-unusable');
  const refused = problems.filter(({ rule }) => rule !== 'chart-schema-unusable').map(({ text }) => text);
  if (refused.length > 0) return { kind: 'refuses', chart: `${chart.name} ${chart.version}`, problems: refused };
  const why = unusable?.text ?? warnings[0]?.message;
  return why === undefined ? { kind: 'accepts' } : { kind: 'unjudged', why };
};
