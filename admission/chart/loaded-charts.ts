import { LRUCache } from 'lru-cache';
import { type Chart, loadChart } from '../../api/chart/chart.js';
import { type ChartProblem, chartProblems } from '../../api/chart/chart-problems.js';
import { decodeKeptChart } from '../../api/chart/kept-chart.js';
import type { ConfigMap } from '../../api/objects.js';
import type { Warning } from '../../api/problem.js';
import type { RuleName } from '../../api/rules.js';
import { type ResolveInput, resolveValues } from '../../api/values/resolve.js';
import { inputOf, type ValuesJob } from '../../api/values/values-job.js';

/** Values, and the chart that they are to be judged by, as they are sent to the thread. */
export interface ChartJob {
  readonly kind: 'chart';
  readonly digest: string;
  /** What the controller has kept of the chart. */
  readonly kept: ConfigMap;
  readonly values: ValuesJob;
}

/** What a chart says of values. Nothing of a Secret's contents is in it. */
export type ChartFindings =
  | {
      readonly kind: 'judged';
      /** `shop 1.2.0` */
      readonly chart: string;
      readonly problems: readonly ChartProblem[];
      readonly warnings: readonly Warning[];
    }
  /** `why` completes `not judged by the schema of the chart: `. */
  | { readonly kind: 'unjudged'; readonly why: string }
  /** The values can't be merged, which is reported elsewhere; or there is no chart in the ConfigMap. */
  | { readonly kind: 'nothing' };

/**
 * Charts that are kept ready, bytes of their files: a schema takes some ten times its text in memory, and the thread that parses values has not
 * much more than they need. The largest charts that many use have less.
 */
const MAX_BYTES = 1.5 * 1024 * 1024;
const TOO_LARGE = `at admission charts whose schemas and default values have at most ${MAX_BYTES / 1024 / 1024} MiB are`;

type Loaded = { readonly kind: 'chart'; readonly chart: Chart } | Exclude<ChartFindings, { kind: 'judged' }>;

/** The charts that values were judged by lately, each read once: that takes a hundred times as long as to judge by it. For one thread. */
export class LoadedCharts {
  readonly #charts = new LRUCache<string, { readonly loaded: Loaded }>({ maxSize: MAX_BYTES });

  /** Takes up to some seconds for a chart that was not loaded, a millisecond otherwise; never throws. */
  judge({ digest, kept, values }: ChartJob): ChartFindings {
    const loaded = this.#charts.get(digest)?.loaded ?? this.#load(digest, kept);
    return loaded.kind === 'chart' ? judged(loaded.chart, inputOf(values)) : loaded;
  }

  #load(digest: string, kept: ConfigMap): Loaded {
    const decoded = decodeKeptChart(kept, digest);
    if (decoded === undefined) return { kind: 'nothing' };
    if (decoded.kind === 'unjudged') return decoded;
    const size = [...decoded.files.values()].reduce((sum, { length }) => sum + length, 1);
    if (size > MAX_BYTES) return { kind: 'unjudged', why: TOO_LARGE };
    const loaded = ready(decoded.files);
    this.#charts.set(digest, { loaded }, { size });
    return loaded;
  }
}

const ready = (files: ReadonlyMap<string, Buffer>): Loaded => {
  const loaded = loadChart(files);
  return loaded.kind === 'chart' ? loaded : { kind: 'unjudged', why: loaded.why };
};

const unjudgeable = (rule: RuleName, field: string, text: string): Warning => ({
  rule,
  field,
  message: `not judged: ${text}`,
});

const judged = (chart: Chart, input: ResolveInput): ChartFindings => {
  const resolved = resolveValues(input);
  if (resolved.kind === 'invalid') return { kind: 'nothing' };
  const { values, leaves } = resolved;
  const { problems, warnings } = chartProblems(chart, { values, leaves, input });
  const isUnusable = ({ rule }: Warning): boolean => rule === 'chart-schema-unusable';
  return {
    kind: 'judged',
    chart: `${chart.name} ${chart.version}`,
    problems: problems.filter((problem) => !isUnusable(problem)),
    // Such a chart would not be deployed, if Helm thought so, too: it may load what this project does not.
    warnings: [
      ...warnings,
      ...problems.filter(isUnusable).map(({ rule, field, text }) => unjudgeable(rule, field, text)),
    ],
  };
};
