import { MISSING_REFERENCES } from '../../api/annotations.js';
import { targetOf } from '../../api/references/references.js';
import type { ReleaseHolder } from '../../api/references/release.js';
import { type ConsentRule, needsConsent } from '../../api/references/target-namespace.js';
import type { KubeClient } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { Clock } from '../../process/ports.js';
import type { AdmissionRequest } from '../admission-request.js';
import { AccessReviews } from '../grants/access-reviews.js';
import { askGrants, forbiddenUses, type GrantDeps } from '../grants/grants.js';
import { asksForGrants } from '../grants/occasion.js';
import type { LookupMetrics } from '../metrics.js';
import { isJudged } from '../spec-rules.js';
import type { CallTime, Check, Findings, Soon } from '../verdict.js';
import { type Finding, type Strictness, weigh } from './finding.js';
import { judgeReferences } from './judge-references.js';
import { judgeRelease } from './judge-release.js';
import { judgeTarget } from './judge-target.js';
import { type LookupTime, lookupTime } from './lookup-time.js';
import { Lookups } from './lookups.js';
import type { ParseValues } from './ports.js';
import type { Releases } from './releases.js';
import { Slots } from './slots.js';
import { type Subject, subjectOf } from './subject.js';

/** How strict the platform is with what bundles reach for. */
export interface ReachSettings {
  readonly checkReferences: boolean;
  readonly missingReferences: 'deny' | 'warn';
  readonly onLookupFailure: 'deny' | 'warn';
  readonly authorize: GrantDeps['authorize'];
  readonly crossNamespace: ConsentRule['crossNamespace'];
  /** The operator's own namespace, whose bundles need no consent, and the names of its Secrets that were given by a flag. */
  readonly operator: GrantDeps['operator'];
}

interface ReachDeps {
  readonly client: Pick<KubeClient, 'get' | 'createSubresource'>;
  readonly clock: Clock;
  readonly metrics: LookupMetrics;
  readonly releases: Releases;
  readonly parseValues: ParseValues;
  readonly settings: ReachSettings;
}

/** Of one request. More would open many connections at once, and each costs more than the look-ups it saves. */
const CALLS_AT_ONCE = 16;

/**
 * Finds what is wrong with what a bundle reaches for: first whether its user may, then, of what they may, whether it is there. One
 * time for all of it, and no object asked for twice. What of it stands for a refusal is the caller's to say.
 */
export const createReach =
  (deps: ReachDeps) =>
  (request: AdmissionRequest, call: CallTime): Soon<readonly Finding[]> => {
    if (!asksForGrants(request)) return [];
    const { object, oldObject, namespace } = request;
    const { settings } = deps;
    const places = { own: namespace, target: targetOf(object, namespace) };
    const alone = asksNobody(settings, places);
    if (alone && !isOperators(settings, places)) return [];
    const subject = subjectOf(object, namespace, oldObject);
    return alone ? forbiddenUses(settings.operator, subject) : reach(deps, { request, subject, call });
  };

type Places = Pick<Subject, 'own' | 'target'>;

/** Whether something of the operator's own may be within reach. */
const isOperators = ({ operator }: ReachSettings, { own, target }: Places): boolean =>
  own === operator.namespace || target === operator.namespace;

/** Whether the flags leave nothing that the apiserver would have to be asked. */
const asksNobody = (settings: ReachSettings, { own, target }: Places): boolean => {
  const { checkReferences, authorize } = settings;
  const inside = target === undefined || target === own;
  const noGrants = authorize === 'off' || (authorize === 'cross-namespace' && inside);
  const noConsent = inside || !needsConsent({ own, target }, consentRule(settings));
  return !checkReferences && noGrants && noConsent;
};

/** The check of what a bundle reaches for, as strict as the platform has it. */
export const createReachCheck = (deps: ReachDeps): Check => {
  const find = createReach(deps);
  return (request, call) => {
    const weighed = (found: readonly Finding[]): Findings => weigh(found, strictnessFor(deps.settings, request));
    const found = find(request, call);
    return found instanceof Promise ? found.then(weighed) : weighed(found);
  };
};

/** How strict to be with a request: a dry run of a whole stage comes before what it refers to exists (Flux makes one). */
export const strictnessFor = (
  settings: Pick<ReachSettings, 'missingReferences' | 'onLookupFailure'>,
  { object, dryRun }: AdmissionRequest,
): Strictness => ({
  missing: dryRun || object.metadata.annotations?.[MISSING_REFERENCES] === 'warn' ? 'warn' : settings.missingReferences,
  unchecked: settings.onLookupFailure,
});

interface Question {
  readonly request: AdmissionRequest;
  readonly subject: Subject;
  readonly call: CallTime;
}

const reach = async (deps: ReachDeps, { request, subject, call }: Question): Promise<readonly Finding[]> => {
  const time = lookupTime(deps.clock, call, request.withinMs);
  try {
    return await asked(deps, { request, subject, time });
  } finally {
    time.release();
  }
};

const asked = async (
  deps: ReachDeps,
  { request, subject, time }: Omit<Question, 'call'> & { readonly time: LookupTime },
): Promise<readonly Finding[]> => {
  const { settings } = deps;
  const { object, oldObject, requester } = request;
  const calls = { client: deps.client, metrics: deps.metrics, slots: new Slots(CALLS_AT_ONCE), time };
  const reviews = new AccessReviews(calls, requester);
  const { authorize, operator } = settings;
  const grants = await askGrants({ authorize, operator, requester, reviews }, subject);
  if (!isJudged(request)) return grants.findings;
  const lookups = new Lookups(calls);
  const found = await Promise.all([
    grants.deploy ? judgeTarget(lookups, targetQuestion(settings, subject)) : [],
    settings.checkReferences
      ? judgeReferences({ lookups, granted: grants.granted, parseValues: deps.parseValues, time }, subject)
      : [],
    settings.checkReferences && grants.deploy && subject.releaseChanged
      ? judgeRelease(
          { releases: deps.releases, time, maySee: (holder) => maySee({ authorize, reviews }, holder) },
          subject,
          oldObject === undefined ? { name: object.metadata.name ?? '' } : object.metadata,
        )
      : [],
  ]);
  return [...grants.findings, ...found.flat()];
};

const targetQuestion = (settings: ReachSettings, subject: Subject): Parameters<typeof judgeTarget>[1] => ({
  subject,
  consent: consentRule(settings),
  existence: settings.checkReferences && subject.targetNamespace?.changed === true,
});

const consentRule = ({ crossNamespace, operator }: ReachSettings): ConsentRule => ({
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
