import { parseVersion, parseVersionConstraint } from '../version-constraint.js';
import type { Chart, Dependency } from './chart.js';
import { coalesce, type Layered } from './coalesce.js';
import { copied, emptyTable, isTable, layTables, type Table, tableAt } from './table.js';

/** A chart with the charts within it that the values switch on, under the names that they have there. */
export interface EnabledChart extends Layered {
  readonly chart: Chart;
  values: Readonly<Record<string, unknown>>;
  subcharts: readonly EnabledChart[];
  /** With the names that they have there, once it is known which are on. */
  dependencies: readonly Dependency[] | undefined;
}

type Enabled =
  | { readonly kind: 'chart'; readonly chart: EnabledChart }
  | { readonly kind: 'no-map'; readonly path: readonly string[] };

/**
 * What of a chart is deployed with a bundle's values: `condition`, `tags` and `alias` of its dependencies are obeyed, and `import-values` are
 * brought up. As Helm does it before it merges values, so that a chart that is switched off has no say in them, nor has its schema.
 * @see https://github.com/helm/helm/blob/v3.22.0/pkg/chartutil/dependencies.go
 */
export const enabledCharts = (chart: Chart, values: Readonly<Record<string, unknown>>): Enabled => {
  const top = asEnabled(chart, chart.name);
  const path = switchOff(top, values, '');
  if (path !== undefined) return { kind: 'no-map', path };
  const fault = importValues(top);
  return fault === undefined ? { kind: 'chart', chart: top } : { kind: 'no-map', path: fault };
};

const asEnabled = (chart: Chart, name: string): EnabledChart => ({
  chart,
  name,
  values: chart.defaults.values,
  subcharts: chart.subcharts.map((subchart) => asEnabled(subchart, subchart.name)),
  dependencies: chart.dependencies,
});

/** @returns the path of a chart whose values are no map */
const switchOff = (
  chart: EnabledChart,
  values: Readonly<Record<string, unknown>>,
  path: string,
): readonly string[] | undefined => {
  if (chart.dependencies === undefined) return undefined;
  const all = chart.dependencies;
  chart.subcharts = underTheirNames(chart.subcharts, all);
  const merged = coalesce(chart, values, false);
  if (merged.kind === 'no-map') return merged.path;
  const off = new Set(all.filter((one) => !isOn(one, merged.values, path)).map(calledIn));
  chart.subcharts = chart.subcharts.filter(({ name }) => !off.has(name));
  const on = all.filter((one) => !off.has(calledIn(one))).map((one) => ({ ...one, name: calledIn(one) }));
  chart.dependencies = on.length > 0 ? on : undefined;
  for (const subchart of chart.subcharts) {
    const fault = switchOff(subchart, merged.values, `${path}${subchart.name}.`);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const calledIn = ({ name, alias }: Dependency): string => (alias === '' ? name : alias);

/** Those that Chart.yaml does not name keep their names; one may be there several times, under several. */
const underTheirNames = (
  subcharts: readonly EnabledChart[],
  dependencies: readonly Dependency[],
): readonly EnabledChart[] => {
  const isMeant = (one: Dependency, { name, chart }: EnabledChart): boolean =>
    one.name === name && isCompatible(one.version, chart.version);
  return [
    ...subcharts.filter((subchart) => !dependencies.some((one) => isMeant(one, subchart))),
    ...dependencies.flatMap((one) => {
      const meant = subcharts.find((subchart) => isMeant(one, subchart));
      return meant === undefined ? [] : [asEnabled(meant.chart, calledIn(one))];
    }),
  ];
};

const isCompatible = (constraint: string, version: string): boolean => {
  const range = parseVersionConstraint(constraint);
  if (range.kind === 'range') return parseVersion(version) !== undefined && range.satisfies(version);
  return range.kind === 'none';
};

/** Conditions count more than tags, the first that is true or false most of all. */
const isOn = ({ condition, tags }: Dependency, values: Table, path: string): boolean => {
  const paths = condition
    .trim()
    .split(',')
    .filter((one) => one !== '');
  const [first] = paths.map((one) => valueAt(values, `${path}${one}`)).filter((value) => typeof value === 'boolean');
  if (first !== undefined) return first;
  const switches = tableAt(values, 'tags') ?? emptyTable();
  const set = tags.map((tag) => switches[tag]).filter((value) => typeof value === 'boolean');
  return set.length === 0 || set.includes(true);
};

const valueAt = (values: Table, path: string): unknown => {
  const dot = path.lastIndexOf('.');
  return (dot < 0 ? values : tableAt(values, path.slice(0, dot)))?.[path.slice(dot + 1)];
};

/** Brings values of the charts within up into the chart's own. @returns the path of a chart whose values are no map */
const importValues = (chart: EnabledChart): readonly string[] | undefined => {
  for (const subchart of chart.subcharts) {
    const fault = importValues(subchart);
    if (fault !== undefined) return [subchart.name, ...fault];
  }
  if (chart.dependencies === undefined) return undefined;
  const merged = coalesce(chart, {}, true);
  if (merged.kind === 'no-map') return merged.path;
  const imported = emptyTable();
  for (const dependency of chart.dependencies)
    for (const wish of dependency.importValues) bringUp(imported, wish, { from: merged.values, name: dependency.name });
  chart.values = layTables(copied(merged.values), imported, true);
  return undefined;
};

/** @param wish - `data`, which stands for what is below `exports`, or `{child, parent}` */
const bringUp = (
  imported: Table,
  wish: unknown,
  { from, name }: { readonly from: Table; readonly name: string },
): void => {
  const isPair = isTable(wish);
  if (!isPair && typeof wish !== 'string') return;
  const child = isPair ? String(wish['child'] ?? '<nil>') : `exports.${wish}`;
  const parent = isPair ? String(wish['parent'] ?? '<nil>') : '.';
  const found = tableAt(from, `${name}.${child}`);
  if (found === undefined) return;
  // Nothing has nothing to share with where it comes from.
  const own = Object.keys(found).length === 0 ? emptyTable() : found;
  layTables(imported, parent === '.' ? own : tableFrom(parent.split('.'), own), true);
};

const tableFrom = (path: readonly string[], values: Table): Table =>
  path.reduceRight<Table>((inner, step) => {
    const outer = emptyTable();
    outer[step] = inner;
    return outer;
  }, values);
