import { evaluate } from '../json-schema/evaluate.js';
import type { SchemaFault } from '../json-schema/resources.js';
import type { Violation } from '../json-schema/violation.js';
import { mendable } from '../json-schema/words.js';
import type { Chart } from './chart.js';
import { coalesce } from './coalesce.js';
import { type EnabledChart, enabledCharts } from './enabled-charts.js';
import { isTable, type Table } from './table.js';

/** What a chart says of a bundle's values. */
interface ChartJudgement {
  readonly findings: readonly ChartFinding[];
  /** The values as the chart's templates get them, defaults and all; undefined if they can't be merged. */
  readonly values: Readonly<Record<string, unknown>> | undefined;
}

/** Something that Helm would refuse. `keys` are those of the chart's values in the values of all: `['redis']`. */
export type ChartFinding = { readonly chart: Chart; readonly keys: readonly string[] } & (
  | { readonly kind: 'violation'; readonly violation: Violation }
  /** Its schema is none that Helm can use. */
  | { readonly kind: 'unusable'; readonly fault: SchemaFault }
  /** Not judged: it would take too long. */
  | { readonly kind: 'too-costly' }
  /** The values of a chart within are no map. */
  | { readonly kind: 'no-map' }
);

/**
 * Judges values by the schemas of a chart and of the charts within it that are switched on, after the defaults have come to them: what
 * `helm template` does before it renders. Never throws, and takes bounded time.
 * @param values - of a bundle, merged; JSON of a bounded depth
 */
export const judgeChartValues = (chart: Chart, values: Readonly<Record<string, unknown>>): ChartJudgement => {
  const enabled = enabledCharts(chart, values);
  const merged = enabled.kind === 'chart' ? coalesce(enabled.chart, values, false) : enabled;
  if (enabled.kind === 'no-map' || merged.kind === 'no-map') {
    const keys = merged.kind === 'no-map' ? merged.path : [];
    return { findings: [{ kind: 'no-map', chart, keys }], values: undefined };
  }
  return { findings: findingsOf(enabled.chart, merged.values, []), values: merged.values };
};

const findingsOf = (enabled: EnabledChart, values: Table, keys: readonly string[]): readonly ChartFinding[] => [
  ...bySchema(enabled.chart, values, keys),
  ...enabled.subcharts.flatMap((subchart) => {
    const own = values[subchart.name];
    return isTable(own) ? findingsOf(subchart, own, [...keys, subchart.name]) : [];
  }),
];

const bySchema = (chart: Chart, values: Table, keys: readonly string[]): readonly ChartFinding[] => {
  const { schema } = chart;
  if (schema === undefined) return [];
  if (schema.kind === 'unusable') return [{ kind: 'unusable', chart, keys, fault: schema.fault }];
  const evaluation = evaluate(schema.root, values);
  if (evaluation.kind === 'too-costly') return [{ kind: 'too-costly', chart, keys }];
  return mendable(evaluation.violations).map((violation) => ({ kind: 'violation', chart, keys, violation }));
};
