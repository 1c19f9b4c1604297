import { stringify } from 'yaml';

/** A chart and a bundle's values for it, of which a verdict is wanted. */
export interface ChartCase {
  /** `ingress-nginx: a port that is a text`; each is there once. */
  readonly title: string;
  /** Texts by path below the chart's folder. */
  readonly files: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface ChartParts {
  readonly name?: string;
  readonly schema?: unknown;
  readonly defaults?: object;
  /** Of Chart.yaml. */
  readonly dependencies?: readonly object[];
  /** In `charts/`. */
  readonly subcharts?: readonly ChartParts[];
}

/** The files of a chart; a schema that is a text is taken as it is. */
export const chartFiles = (parts: ChartParts): Readonly<Record<string, string>> => {
  const { name = 'app', schema, defaults, dependencies, subcharts = [] } = parts;
  const metadata = { apiVersion: 'v2', name, version: '1.0.0', ...(dependencies && { dependencies }) };
  const within = subcharts.flatMap((subchart) =>
    Object.entries(chartFiles(subchart)).map(([path, text]) => [`charts/${subchart.name}/${path}`, text] as const),
  );
  return {
    'Chart.yaml': stringify(metadata),
    ...(defaults && { 'values.yaml': stringify(defaults) }),
    ...(schema !== undefined && {
      'values.schema.json': typeof schema === 'string' ? schema : JSON.stringify(schema),
    }),
    ...Object.fromEntries(within),
  };
};

/** A case for each of several values of one chart. */
export const casesOf = (
  chart: string,
  parts: ChartParts,
  values: Readonly<Record<string, object>>,
): readonly ChartCase[] =>
  Object.entries(values).map(([title, given]) => ({
    title: `${chart}: ${title}`,
    files: chartFiles(parts),
    values: given as ChartCase['values'],
  }));
