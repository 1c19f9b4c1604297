import { copied, copiedValue, emptyTable, isTable, layTables, shallow, type Table } from './table.js';

/** A chart whose values are being merged. */
export interface Layered {
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly subcharts: readonly Layered[];
}

/** Merged values, or the path of a chart whose values are no map, where Helm gives up. */
type Coalesced =
  | { readonly kind: 'values'; readonly values: Table }
  | { readonly kind: 'no-map'; readonly path: readonly string[] };

/**
 * The values of a chart and of all charts within it, as Helm's CoalesceValues and MergeValues put them together: a bundle's values over the chart's over
 * those of the charts within it, and `global` handed down.
 * @param keepsNull - whether a null stays, instead of taking a default away
 * @see https://github.com/helm/helm/blob/v3.22.0/pkg/chartutil/coalesce.go
 */
export const coalesce = (chart: Layered, values: Readonly<Record<string, unknown>>, keepsNull: boolean): Coalesced => {
  const table = copied(values);
  const path = layCharts(chart, table, keepsNull);
  return path === undefined ? { kind: 'values', values: table } : { kind: 'no-map', path };
};

/** @returns the path of what is no map */
const layCharts = (chart: Layered, over: Table, keepsNull: boolean): readonly string[] | undefined => {
  layDefaults(chart, over, keepsNull);
  for (const subchart of chart.subcharts) {
    const { name } = subchart;
    if (!(name in over)) over[name] = emptyTable();
    const own = over[name];
    if (!isTable(own)) return [name];
    handDownGlobals(own, over);
    const fault = layCharts(subchart, own, keepsNull);
    if (fault !== undefined) return [name, ...fault];
  }
  return undefined;
};

/** Defaults are taken as they are, and not copied, but for what is changed in place further on. */
const layDefaults = ({ values, subcharts }: Layered, over: Table, keepsNull: boolean): void => {
  for (const key of Object.keys(values)) {
    const isSubchart = subcharts.some(({ name }) => name === key);
    const isChanged = keepsNull || isSubchart || key === GLOBAL;
    const under = isChanged ? copiedValue(values[key]) : values[key];
    const upper = over[key];
    if (!(key in over)) over[key] = under;
    else if (upper === null && !keepsNull) delete over[key];
    // What is for a chart within takes its defaults away later on.
    else if (isTable(upper) && isTable(under)) layTables(upper, under, keepsNull || isSubchart);
  }
};

const GLOBAL = 'global';

const handDownGlobals = (to: Table, from: Table): void => {
  const [own, given] = [to, from].map((table) => (GLOBAL in table ? table[GLOBAL] : emptyTable()));
  if (!isTable(own) || !isTable(given)) return;
  for (const [key, value] of Object.entries(given)) {
    const before = own[key];
    if (!isTable(value)) {
      if (!isTable(before)) own[key] = value;
    } else if (!(key in own)) own[key] = shallow(value);
    else if (isTable(before)) own[key] = layTables(shallow(value), before, true);
  }
  to[GLOBAL] = own;
};
