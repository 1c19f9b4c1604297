import { Metrics } from '../../controller/metrics.js';
import { metricsOfPrograms } from '../../reference/metrics.js';

/** Labels that Prometheus gives each series for the target that it is from, whoever set it up. */
const TARGET_LABELS = ['job', 'instance', 'namespace', 'pod', 'container', 'endpoint'];
/** Prometheus' own. */
const OF_PROMETHEUS = ['up'];
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
/** What stands behind a function's name, or an aggregation's, and not behind a metric's. */
const OPENED_BY_CALLS = new Set(['(', 'by', 'without']);
const WORDS = new Set(['and', 'or', 'unless', 'offset', 'bool']);
const TOKEN = /"(?:[^"\\]|\\.)*"|\d[\w.]*|[a-zA-Z_:$][\w:]*|=~|!~|!=|[^\s]/g;

/** `phase=~"Syncing|none"` */
interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** What an expression names. */
interface Names {
  readonly selectors: readonly Selector[];
  /** Labels by which it groups or matches. */
  readonly grouped: readonly string[];
  /** Labels that it may make itself, by label_replace. */
  readonly made: readonly string[];
}

/** Reads an expression in PromQL as far as its names go; whether it is one is Prometheus' to say. */
const namesIn = (expr: string): Names => {
  const tokens: readonly string[] = expr.match(TOKEN) ?? [];
  const selectors: Selector[] = [];
  const grouped: string[] = [];
  const made: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    if (token.startsWith('"')) made.push(token.slice(1, -1));
    if (!/^[a-zA-Z_:]/.test(token) || WORDS.has(token)) continue;
    const opened = tokens[at + 1];
    if (GROUPING.has(token) && opened === '(') {
      const end = tokens.indexOf(')', at);
      grouped.push(...tokens.slice(at + 2, end).filter((part) => part !== ','));
      at = end;
    } else if (opened === '{') {
      const end = tokens.indexOf('}', at);
      selectors.push({ metric: token, matchers: matchersOf(tokens.slice(at + 2, end)) });
      at = end;
    } else if (!OPENED_BY_CALLS.has(opened ?? '') && !GROUPING.has(token))
      selectors.push({ metric: token, matchers: [] });
  }
  return { selectors, grouped, made };
};

const matchersOf = (tokens: readonly string[]): readonly Matcher[] =>
  tokens.flatMap((operator, index) => {
    const [label, value] = [tokens[index - 1], tokens[index + 1]];
    return /^(=|!=|=~|!~)$/.test(operator) && label !== undefined && value !== undefined
      ? [{ label, operator, value: value.slice(1, -1) }]
      : [];
  });

/** Labels of the metrics that there are, by the names of their series; and the values that a label has from the start, if it does. */
type KnownMetrics = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

/** All series that the programs export, Node's own among them, and Prometheus' `up`. */
export const knownMetrics = async (): Promise<KnownMetrics> => {
  const own = Object.values(await metricsOfPrograms()).flat();
  const declared = new Metrics().registry.getMetricsAsArray() as unknown as readonly {
    readonly name: string;
    readonly type: string;
    readonly labelNames: readonly string[];
  }[];
  const ofNode = declared
    .filter(({ name }) => !name.startsWith('werfbundle_'))
    .map(({ name, type, labelNames }) => ({
      name,
      type,
      labels: labelNames.map((label) => ({ name: label, values: [] })),
    }));
  const known = new Map<string, Map<string, readonly string[]>>();
  for (const { name, type, labels } of [...own, ...ofNode])
    for (const { series, more } of seriesOf(name, type)) {
      const all = known.get(series) ?? new Map<string, readonly string[]>();
      for (const label of [...labels, ...more]) all.set(label.name, label.values);
      known.set(series, all);
    }
  return new Map([...known, ...OF_PROMETHEUS.map((name) => [name, new Map()] as const)]);
};

const seriesOf = (name: string, type: string) => {
  if (type !== 'histogram') return [{ series: name, more: [] }];
  const [bucket, ...rest] = ['_bucket', '_sum', '_count'].map((suffix) => ({ series: `${name}${suffix}`, more: [] }));
  return [{ series: `${bucket?.series}`, more: [{ name: 'le', values: [] }] }, ...rest];
};

/** The metrics that an expression names, and what there is not of its names: metrics, labels, values of labels that have a closed set. */
export const readExpr = (
  expr: string,
  known: KnownMetrics,
): { readonly metrics: readonly string[]; readonly faults: readonly string[] } => {
  const { selectors, grouped, made } = namesIn(expr);
  const all = new Set([...TARGET_LABELS, ...made, ...selectors.flatMap(({ metric }) => [...labelsOf(metric, known)])]);
  return {
    metrics: selectors.map(({ metric }) => metric),
    faults: [
      ...selectors.flatMap((selector) => selectorFaults(selector, known)),
      ...grouped.filter((label) => !all.has(label)).map((label) => `no metric of it has label ${label}`),
    ],
  };
};

const labelsOf = (metric: string, known: KnownMetrics): Iterable<string> => known.get(metric)?.keys() ?? [];

const selectorFaults = ({ metric, matchers }: Selector, known: KnownMetrics): readonly string[] => {
  const labels = known.get(metric);
  if (labels === undefined) return [`there is no metric ${metric}`];
  return matchers
    .filter(({ label }) => !TARGET_LABELS.includes(label) || labels.has(label))
    .flatMap((matcher) => {
      const values = labels.get(matcher.label);
      if (values === undefined) return [`${metric} has no label ${matcher.label}`];
      return values.length === 0 ? [] : unknownValues(matcher, values).map((value) => `${metric} is never ${value}`);
    });
};

/** Patterns other than lists of words are not looked into. */
const unknownValues = ({ operator, value }: Matcher, values: readonly string[]): readonly string[] => {
  const wanted = operator.endsWith('~') ? value.split('|') : [value];
  return wanted.filter((one) => /^[\w-]+$/.test(one) && !values.includes(one));
};
