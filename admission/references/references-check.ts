import { MISSING_REFERENCES } from '../../api/annotations.js';
import { targetOf } from '../../api/references/references.js';
import type { ReleaseHolder } from '../../api/references/release.js';
import { type ConsentRule, needsConsent } from '../../api/references/target-namespace.js';
import type { KubeClient } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import { Semaphore } from '../../process/semaphore.js';
import type { AdmissionRequest } from '../admission-request.js';
import type { ChartJudge } from '../chart/chart-judge.js';
import { AccessReviews } from '../grants/access-reviews.js';
import { askGrants, forbiddenUses, type GrantDeps } from '../grants/grants.js';
import { needsGrants } from '../grants/needs-grants.js';
import { isJudged } from '../judge-spec.js';
import type { LookupMetrics } from '../metrics.js';
import type { CallTime, Check, Findings, Soon } from '../verdict.js';
import { type BundleReferences, bundleReferencesOf } from './bundle-references.js';
import { type Finding, type Strictness, weigh } from './finding.js';
import { judgeByChart } from './judge-by-chart.js';
import { judgeReferences } from './judge-references.js';
import { judgeRelease } from './judge-release.js';
import { judgeTarget } from './judge-target.js';
import { type LookupTime, lookupTime } from './lookup-time.js';
import { Lookups } from './lookups.js';
import type { ParseValues } from './ports.js';
import type { Releases } from './releases.js';

/** How strict the platform is with what bundles refer to. */
export interface ReferenceSettings {
  readonly checkReferences: boolean;
  readonly missingReferences: 'deny' | 'warn';
  readonly onLookupFailure: 'deny' | 'warn';
  readonly authorize: GrantDeps['authorize'];
  readonly crossNamespace: ConsentRule['crossNamespace'];
  /** The operator's own namespace, whose bundles need no consent, and the names of its Secrets that were given by a flag. */
  readonly operator: GrantDeps['operator'];
}

interface ReferencesDeps {
  readonly client: Pick<KubeClient, 'get' | 'ask'>;
  readonly clock: Clock;
  readonly metrics: LookupMetrics;
  readonly releases: Releases;
  readonly parseValues: ParseValues;
  /** Left out: values are not judged by the chart that is deployed. */
  readonly charts?: Pick<ChartJudge, 'judge'>;
  readonly settings: ReferenceSettings;
}

/** Limit for one request. More would open many connections at once, each of which costs more than it saves. */
const CALLS_AT_ONCE = 16;

/**
 * Finds what is wrong with what a bundle refers to: first whether its user may use it, then, of what is granted, whether it exists.
 * There is one time limit for all of it, and no object is read twice. The caller decides which findings deny the request.
 */
export const createReferencesJudge =
  (deps: ReferencesDeps) =>
  (request: AdmissionRequest, call: CallTime): Soon<readonly Finding[]> => {
    if (!needsGrants(request)) return [];
    const { object, oldObject, namespace } = request;
    const { settings } = deps;
    const namespaces = { own: namespace, target: targetOf(object, namespace) };
    const alone = asksNobody(settings, namespaces);
    if (alone && !isOperators(settings, namespaces)) return [];
    const refs = bundleReferencesOf(object, namespace, oldObject);
    return alone ? forbiddenUses(settings.operator, refs) : withinTime(deps, { request, refs, call });
  };

type Namespaces = Pick<BundleReferences, 'own' | 'target'>;

/** Whether the bundle could refer to objects of the operator's own. */
const isOperators = ({ operator }: ReferenceSettings, { own, target }: Namespaces): boolean =>
  own === operator.namespace || target === operator.namespace;

/** Whether the flags are such that the apiserver need not be asked anything. */
const asksNobody = (settings: ReferenceSettings, { own, target }: Namespaces): boolean => {
  const { checkReferences, authorize } = settings;
  const inside = target === undefined || target === own;
  const noGrants = authorize === 'off' || (authorize === 'cross-namespace' && inside);
  const noConsent = inside || !needsConsent({ own, target }, consentRule(settings));
  return !checkReferences && noGrants && noConsent;
};

/** The check of what a bundle refers to, as strict as the platform's settings. */
export const createReferencesCheck = (deps: ReferencesDeps): Check => {
  const find = createReferencesJudge(deps);
  return (request, call) => {
    const weighed = (found: readonly Finding[]): Findings => weigh(found, strictnessFor(deps.settings, request));
    const found = find(request, call);
    return found instanceof Promise ? found.then(weighed) : weighed(found);
  };
};

/** How strict to be with a request: Flux makes a dry run of a whole stage before the objects exist that it refers to. */
export const strictnessFor = (
  settings: Pick<ReferenceSettings, 'missingReferences' | 'onLookupFailure'>,
  { object, dryRun }: AdmissionRequest,
): Strictness => ({
  missing: dryRun || object.metadata.annotations?.[MISSING_REFERENCES] === 'warn' ? 'warn' : settings.missingReferences,
  unchecked: settings.onLookupFailure,
});

interface ReferencesRequest {
  readonly request: AdmissionRequest;
  readonly refs: BundleReferences;
  readonly call: CallTime;
}

const withinTime = async (
  deps: ReferencesDeps,
  { request, refs, call }: ReferencesRequest,
): Promise<readonly Finding[]> => {
  const time = lookupTime(deps.clock, call, request.withinMs);
  try {
    return await judge(deps, { request, refs, time });
  } finally {
    time.release();
  }
};

const judge = async (
  deps: ReferencesDeps,
  { request, refs, time }: Omit<ReferencesRequest, 'call'> & { readonly time: LookupTime },
): Promise<readonly Finding[]> => {
  const { settings } = deps;
  const { object, oldObject, requester } = request;
  const calls = { client: deps.client, metrics: deps.metrics, slots: new Semaphore(CALLS_AT_ONCE), time };
  const reviews = new AccessReviews(calls, requester);
  const { authorize, operator } = settings;
  const grantsOf = (of: BundleReferences) => askGrants({ authorize, operator, requester, reviews }, of);
  const grants = await grantsOf(refs);
  if (!isJudged(request)) return grants.findings;
  const lookups = new Lookups(calls);
  const { granted } = grants;
  const inside = { lookups, granted, time, grantsOf };
  const found = await Promise.all([
    grants.deploy ? judgeTarget(lookups, targetInput(settings, refs)) : [],
    settings.checkReferences ? judgeContents({ ...deps, ...inside }, { request, refs }) : [],
    settings.checkReferences && grants.deploy && refs.releaseChanged
      ? judgeRelease(
          { releases: deps.releases, time, maySee: (holder) => maySee({ authorize, reviews }, holder) },
          refs,
          oldObject === undefined ? { name: object.metadata.name ?? '' } : object.metadata,
        )
      : [],
  ]);
  return [...grants.findings, ...found.flat()];
};

/** What a bundle refers to, and then, if nothing is wrong with it, what the chart that is deployed says of all values together. */
const judgeContents = async (
  deps: Parameters<typeof judgeReferences>[0] &
    Omit<Parameters<typeof judgeByChart>[0], 'charts'> &
    Pick<ReferencesDeps, 'charts'>,
  { request, refs }: Pick<ReferencesRequest, 'request' | 'refs'>,
): Promise<readonly Finding[]> => {
  const findings = await judgeReferences(deps, refs);
  const { charts } = deps;
  if (charts === undefined || findings.some(({ kind }) => kind !== 'noted')) return findings;
  return [...findings, ...(await judgeByChart({ ...deps, charts }, { request, refs }))];
};

const targetInput = (settings: ReferenceSettings, refs: BundleReferences): Parameters<typeof judgeTarget>[1] => ({
  refs,
  consent: consentRule(settings),
  existence: settings.checkReferences && refs.targetNamespace?.changed === true,
});

const consentRule = ({ crossNamespace, operator }: ReferenceSettings): ConsentRule => ({
  crossNamespace,
  namespace: operator.namespace,
});

const maySee = async (
  { authorize, reviews }: { readonly authorize: GrantDeps['authorize']; readonly reviews: AccessReviews },
  { namespace, name }: ReleaseHolder,
): Promise<boolean> => {
  if (authorize === 'off') return true;
  const { group, plural: resource } = WERFBUNDLES;
  return (await reviews.may({ verb: 'get', group, resource, namespace, name })).kind === 'allowed';
};
