import { REFUSED_VALUES } from '../../api/annotations.js';
import type { ChartProblem } from '../../api/chart/chart-problems.js';
import type { ObjectRef } from '../../api/objects.js';
import type { Problem, Warning } from '../../api/problem.js';
import type { FoundSource } from '../../api/values/problem.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import type { KubeClient } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import { Semaphore } from '../../process/semaphore.js';
import type { ChartAnswer, ChartJudge } from '../chart/chart-judge.js';
import { type DeployedChart, deployedChartOf } from '../chart/deployed-chart.js';
import type { LookupMetrics } from '../metrics.js';
import { type BundleReferences, bundleReferencesOf } from '../references/bundle-references.js';
import { type LookupTime, lookupTime } from '../references/lookup-time.js';
import { Lookups } from '../references/lookups.js';
import type { Use } from '../references/uses.js';
import { type FetchSource, storedSources, wholeValuesOf } from '../references/whole-values.js';
import type { Findings } from '../verdict.js';
import type { SourceChange } from './source-change.js';
import { bundleName, type MaySee, refusedBy, usedBy } from './used-by.js';

export interface ByChartsDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly charts: Pick<ChartJudge, 'judge' | 'isKept'>;
  readonly clock: Clock;
  readonly metrics: LookupMetrics;
  readonly maySee: MaySee;
}

/** What a guard has to look at. */
interface ChangeInUse {
  readonly change: SourceChange;
  /** By any bundles. */
  readonly uses: readonly Use[];
  /** How long the answer may take, milliseconds. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

/** The most bundles that are judged for one change; each costs reads of its own. */
const MAX_JUDGED = 10;
/** The most reads at once. */
const CALLS_AT_ONCE = 16;

/**
 * What the charts that are deployed would refuse of bundles' values, if a source of theirs changed so, and accept as they are. As a rule they are
 * warnings: in the request of a source nobody sees whether another chart comes with it. Never rejects.
 */
export const judgeByCharts = async (
  { change, uses, withinMs, signal }: ChangeInUse,
  { client, charts, clock, metrics, maySee }: ByChartsDeps,
): Promise<Findings> => {
  const time = lookupTime(clock, { signal }, withinMs);
  try {
    const lookups = new Lookups({ client, metrics, slots: new Semaphore(CALLS_AT_ONCE), time });
    const judged = chosen(uses);
    const found = await Promise.all(
      judged.bundles.map((use) => judgeBundle({ lookups, charts, time, maySee }, change, use)),
    );
    const isMore = judged.rest > 0 && found.some(({ kind }) => kind !== 'nothing');
    return together(
      found.flatMap((about) => (about.kind === 'refused' ? [about] : [])),
      [
        ...found.flatMap((about) => (about.kind === 'unjudged' ? about.warnings : [])),
        ...(isMore ? [unjudged(`the charts of ${judged.rest} more bundles that use it were not asked`)] : []),
      ],
    );
  } finally {
    time.release();
  }
};

/** A bundle that uses the source, and what its status said of its chart when it was last heard of. */
interface Deployed {
  readonly bundle: ObjectRef;
  readonly digest: string;
}

/** One bundle of each chart before others of the same one: what a schema refuses of one, it mostly refuses of all. */
const chosen = (uses: readonly Use[]): { readonly bundles: readonly Deployed[]; readonly rest: number } => {
  const byName = new Map(
    uses.flatMap(({ bundle, digest }) =>
      digest === undefined ? [] : [[bundleName(bundle), { bundle, digest }] as const],
    ),
  );
  const deployed = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, bundle]) => bundle);
  const first = new Map(deployed.toReversed().map((bundle) => [bundle.digest, bundle]));
  const isFirst = (one: Deployed): boolean => first.get(one.digest) === one;
  const all = [...deployed.filter(isFirst), ...deployed.filter((one) => !isFirst(one))];
  return {
    bundles: all.slice(0, MAX_JUDGED),
    rest: Math.max(0, all.length - MAX_JUDGED),
  };
};

/** Something that a chart refuses of a bundle. */
interface Refusal {
  /** Path in the source. */
  readonly field: string;
  readonly text: string;
}

type Judged =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'unjudged'; readonly warnings: readonly Warning[] }
  | {
      readonly kind: 'refused';
      /** undefined: the user may not know of it. */
      readonly bundle: string | undefined;
      readonly refusals: readonly Refusal[];
      /** Whether the bundle wants such a change refused, and no other chart can be meant as far as anybody knows. */
      readonly denies: boolean;
    };

interface BundleDeps {
  readonly lookups: Lookups;
  readonly charts: Pick<ChartJudge, 'judge' | 'isKept'>;
  readonly time: LookupTime;
  readonly maySee: MaySee;
}

const NOTHING: Judged = { kind: 'nothing' };

const judgeBundle = async (
  deps: BundleDeps,
  change: SourceChange,
  { bundle: ref, digest }: Deployed,
): Promise<Judged> => {
  // Before anything else is read, which for most charts would be in vain.
  if (!(await deps.charts.isKept(digest, deps.time.signal))) return NOTHING;
  const fetched = await deps.lookups.get(WERFBUNDLES, ref);
  if (fetched.kind === 'failed') {
    // The apiserver's words have the name in them, too.
    const which = (await deps.maySee(ref)) ? `WerfBundle ${bundleName(ref)}` : undefined;
    const text =
      which === undefined
        ? 'a WerfBundle that uses it could not be read'
        : `${which} could not be read: ${fetched.why}`;
    return { kind: 'unjudged', warnings: [unjudged(text)] };
  }
  if (fetched.kind === 'absent') return NOTHING;
  const bundle = fetched.value;
  const chart = deployedChartOf(bundle);
  if (chart === undefined) return NOTHING;
  const refs = bundleReferencesOf(bundle, ref.namespace);
  const now = await verdictWith(deps, { change, content: change.after, chart, refs });
  if (now === undefined) return NOTHING;
  if (now.kind === 'unjudged') return now.warnings.length === 0 ? NOTHING : { kind: 'unjudged', warnings: inData(now) };
  if (now.problems.length === 0) return { kind: 'accepted' };
  const before = await verdictWith(deps, { change, content: change.before, chart, refs });
  // What was refused before may stay so.
  if (before?.kind === 'judged' && before.problems.length > 0) return { kind: 'accepted' };
  const wasAccepted = before?.kind === 'judged' && before.warnings.length === 0;
  return {
    kind: 'refused',
    bundle: (await deps.maySee(ref)) ? bundleName(ref) : undefined,
    refusals: refusalsOf(now, { change, refs }),
    denies: wasAccepted && chart.isSettled && wantsRefusal(bundle),
  };
};

const wantsRefusal = ({ metadata }: StoredBundle): boolean => metadata.annotations?.[REFUSED_VALUES] === 'deny';

const verdictWith = async (
  { lookups, charts, time }: BundleDeps,
  about: {
    readonly change: SourceChange;
    readonly content: FoundSource;
    readonly chart: DeployedChart;
    readonly refs: BundleReferences;
  },
): Promise<ChartAnswer | undefined> => {
  const { change, content, chart, refs } = about;
  const stored = storedSources(lookups);
  const sourceAt: FetchSource = (kind, ref) =>
    kind === change.after.kind && ref.namespace === change.after.namespace && ref.name === change.after.name
      ? Promise.resolve({ kind: 'found', value: content })
      : stored(kind, ref);
  const values = await wholeValuesOf(refs, { sourceAt, isGranted: () => true });
  return values && (await charts.judge({ digest: chart.digest, values }, time.signal));
};

/**
 * What may be told to whoever changes one source, who may be allowed to read neither the bundle nor its other sources: what is wrong with this one;
 * what is missing, if no other Secret has a part in it; and of anything else that there is something.
 */
const refusalsOf = (
  { problems, chart }: Extract<ChartAnswer, { kind: 'judged' }>,
  about: { readonly change: SourceChange; readonly refs: BundleReferences },
): readonly Refusal[] => {
  const told = problems.map((problem) => toldOf(problem, about) ?? elsewhere(chart));
  return [...new Map(told.map((refusal) => [refusal.text, refusal])).values()];
};

const toldOf = (
  { source, key, place, text }: ChartProblem,
  { change, refs }: { readonly change: SourceChange; readonly refs: BundleReferences },
): Refusal | undefined => {
  const isThis = ({ kind, name }: Pick<FoundSource, 'kind' | 'name'>): boolean =>
    kind === change.after.kind && name === change.after.name;
  if (source !== undefined)
    return isThis(source) && source.namespace === change.after.namespace && key !== undefined
      ? { field: `data[${key}]`, text }
      : undefined;
  const hasOtherSecrets = refs.sources.some((other) => other?.kind === 'Secret' && !isThis(other));
  return (place === 'nowhere' || place === 'default') && !hasOtherSecrets
    ? { field: 'data', text: `of all values together, ${text}` }
    : undefined;
};

const elsewhere = (chart: string): Refusal => ({
  field: 'data',
  text: `the schema of chart ${chart} refuses all values together, for one that stands elsewhere`,
});

/** Each fault once, with the bundles that have it; a fault of several is a problem if one of them wants it refused. */
const together = (found: readonly Extract<Judged, { kind: 'refused' }>[], warnings: readonly Warning[]): Findings => {
  const faults = new Map<
    string,
    Refusal & { readonly users: (string | undefined)[]; readonly denying: (string | undefined)[] }
  >();
  for (const { bundle, refusals, denies } of found)
    for (const { field, text } of refusals) {
      const fault = faults.get(text) ?? { field, text, users: [], denying: [] };
      (denies ? fault.denying : fault.users).push(bundle);
      faults.set(text, fault);
    }
  const all = [...faults.values()];
  return {
    problems: all.filter(({ denying }) => denying.length > 0).map(problemOf),
    warnings: [
      ...all.filter(({ users }) => users.length > 0).map(({ field, text, users }) => warningOf(field, text, users)),
      ...warnings,
    ],
  };
};

const problemOf = ({
  field,
  text,
  denying,
}: Refusal & { readonly denying: readonly (string | undefined)[] }): Problem => ({
  rule: 'source-in-use',
  code: 'FieldValueInvalid',
  field,
  message: `Invalid value: "<contents omitted>": ${text}; ${usedBy(denying)}`,
});

const warningOf = (field: string, text: string, users: readonly (string | undefined)[]): Warning => ({
  rule: 'source-in-use',
  field,
  message: `${refusedBy(users)}: ${text}`,
});

const unjudged = (why: string): Warning => ({
  rule: 'chart-not-judged',
  field: 'data',
  message: `not judged by the schema of the chart: ${why}`,
});

const inData = ({ warnings }: ChartAnswer): readonly Warning[] =>
  warnings.map(({ rule, message }) => ({ rule, field: 'data', message }));
