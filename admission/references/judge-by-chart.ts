import { REFUSED_VALUES } from '../../api/annotations.js';
import { valueAt } from '../../api/json-map.js';
import type { Problem, Warning } from '../../api/problem.js';
import type { WerfBundle } from '../../api/werfbundle.js';
import type { AdmissionRequest } from '../admission-request.js';
import type { ChartAnswer, ChartJudge } from '../chart/chart-judge.js';
import { type DeployedChart, deployedChartOf } from '../chart/deployed-chart.js';
import type { Grants } from '../grants/grants.js';
import { type BundleReferences, bundleReferencesOf, type Reference } from './bundle-references.js';
import { denied, type Finding, noted } from './finding.js';
import type { LookupTime } from './lookup-time.js';
import type { Lookups } from './lookups.js';
import { storedSources, wholeValuesOf } from './whole-values.js';

interface ByChartDeps {
  readonly charts: Pick<ChartJudge, 'judge'>;
  readonly lookups: Pick<Lookups, 'get'>;
  readonly time: LookupTime;
  /** Of what the request asks for. */
  readonly granted: ReadonlySet<Reference>;
  /** The same of what is stored. */
  readonly grantsOf: (refs: BundleReferences) => Promise<Pick<Grants, 'granted'>>;
}

/**
 * What the chart that is deployed says of changed values. They are refused if this very change is to blame, and no other chart can be meant as far as
 * anybody knows; otherwise it is a warning. A new bundle has no chart yet, and one that chooses another tag will have another one: then
 * nobody judges before the controller.
 */
export const judgeByChart = async (
  deps: ByChartDeps,
  { request, refs }: { readonly request: AdmissionRequest; readonly refs: BundleReferences },
): Promise<readonly Finding[]> => {
  const { object, oldObject } = request;
  if (oldObject === undefined || !refs.valuesChanged || choosesAnew(object, oldObject)) return [];
  const chart = deployedChartOf(oldObject);
  if (chart === undefined) return [];
  const verdict = await verdictOn(deps, { chart, refs, granted: deps.granted });
  if (verdict === undefined) return [];
  const warnings = verdict.warnings.map(noted);
  if (verdict.kind === 'unjudged' || verdict.problems.length === 0) return warnings;
  const isRefused = mayRefuse(request, { chart, refs }) && (await isToBlame(deps, { request, oldObject, chart }));
  return [...(isRefused ? refusals(verdict) : verdict.problems.map(asWarning).map(noted)), ...warnings];
};

/** What decides which tag is deployed. */
const CHOICE = ['url', 'versionConstraint', 'tagPattern', 'tagOrder', 'tag'];

const choosesAnew = (object: WerfBundle, oldObject: WerfBundle): boolean =>
  CHOICE.some((field) => {
    const [now, before] = [object, oldObject].map((bundle) => valueAt(bundle, 'spec', 'registry', field) ?? null);
    return now !== before;
  });

const verdictOn = async (
  { charts, lookups, time }: ByChartDeps,
  about: {
    readonly chart: DeployedChart;
    readonly refs: BundleReferences;
    readonly granted: ReadonlySet<Reference>;
  },
): Promise<ChartAnswer | undefined> => {
  const isGranted = (reference: Reference): boolean => about.granted.has(reference);
  const values = await wholeValuesOf(about.refs, { sourceAt: storedSources(lookups), isGranted });
  if (values === undefined) return undefined;
  return await charts.judge({ digest: about.chart.digest, values }, time.signal);
};

/**
 * A suspended bundle waits for something, perhaps for another chart. A dry run of Flux or Argo CD judges before the ConfigMaps of the same commit
 * are there: to refuse it would keep them away for ever.
 */
const mayRefuse = (
  { object, dryRun }: AdmissionRequest,
  { chart, refs }: { readonly chart: DeployedChart; readonly refs: BundleReferences },
): boolean =>
  chart.isSettled &&
  valueAt(object, 'spec', 'suspend') !== true &&
  object.metadata.annotations?.[REFUSED_VALUES] !== 'warn' &&
  !(dryRun && refs.sources.length > 0);

/** Whether the chart accepts what is stored: who finds a bundle broken must be able to mend one thing after the other. */
const isToBlame = async (
  deps: ByChartDeps,
  {
    request,
    oldObject,
    chart,
  }: { readonly request: AdmissionRequest; readonly oldObject: WerfBundle; readonly chart: DeployedChart },
): Promise<boolean> => {
  const refs = bundleReferencesOf(oldObject, request.namespace);
  const { granted } = await deps.grantsOf(refs);
  const before = await verdictOn(deps, { chart, refs, granted });
  return before?.kind === 'judged' && before.problems.length === 0 && before.warnings.length === 0;
};

const refusals = ({ problems, chart }: Extract<ChartAnswer, { kind: 'judged' }>): readonly Finding[] => {
  const remedy = `; chart ${chart}, which is deployed, accepts the values that are stored: if these are meant for another one, annotate the bundle with ${REFUSED_VALUES}=warn`;
  return problems.map(({ rule, code, field, message }, index) =>
    denied({ rule, code, field, message: index === 0 ? `${message}${remedy}` : message }),
  );
};

const asWarning = ({ rule, field, message }: Problem): Warning => ({ rule, field, message });
