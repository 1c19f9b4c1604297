import { MISSING_REFERENCES } from '../../api/annotations.js';
import type { KubeClient } from '../../kube/client.js';
import type { Clock } from '../../kube/ports.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import type { AdmissionRequest } from '../admission-request.js';
import { AccessReviews } from '../grants/access-reviews.js';
import { askGrants, type GrantNeeds } from '../grants/grants.js';
import { asksForGrants } from '../grants/occasion.js';
import type { LookupMetrics } from '../metrics.js';
import { isJudged } from '../spec-rules.js';
import type { Check } from '../verdict.js';
import { type Finding, type Strictness, weigh } from './finding.js';
import { judgeReferences } from './judge-references.js';
import { judgeRelease } from './judge-release.js';
import { judgeTarget } from './judge-target.js';
import { type LookupTime, lookupTime } from './lookup-time.js';
import { Lookups } from './lookups.js';
import type { ParseValues } from './ports.js';
import type { Holder, Releases } from './releases.js';
import { Slots } from './slots.js';
import { type Subject, subjectOf } from './subject.js';

/** What the platform decides of grants and references. */
export interface ReachSettings {
  readonly checkReferences: boolean;
  readonly missingReferences: 'deny' | 'warn';
  readonly onLookupFailure: 'deny' | 'warn';
  readonly authorize: GrantNeeds['authorize'];
  /** consent: another namespace must accept bundles by annotation; always: it need not. */
  readonly crossNamespace: 'consent' | 'always';
  /** The operator's own namespace, whose bundles need no consent, and the names of its Secrets that were given by a flag. */
  readonly operator: GrantNeeds['operator'];
}

export interface ReachNeeds {
  readonly kube: Pick<KubeClient, 'get' | 'createSubresource'>;
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
  (needs: ReachNeeds) =>
  async (request: AdmissionRequest, signal: AbortSignal): Promise<readonly Finding[]> => {
    if (!asksForGrants(request)) return [];
    const time = lookupTime(needs.clock, signal, request.withinMs);
    try {
      return await reach(needs, request, time);
    } finally {
      time.release();
    }
  };

/** The check of what a bundle reaches for, as strict as the platform has it. */
export const createReachCheck = (needs: ReachNeeds): Check => {
  const find = createReach(needs);
  return async (request, signal) => weigh(await find(request, signal), strictnessFor(needs.settings, request));
};

/** How strict to be with a request: a dry run of a whole stage comes before what it refers to exists (Flux makes one). */
export const strictnessFor = (
  settings: Pick<ReachSettings, 'missingReferences' | 'onLookupFailure'>,
  { object, dryRun }: AdmissionRequest,
): Strictness => ({
  missing: dryRun || object.metadata.annotations?.[MISSING_REFERENCES] === 'warn' ? 'warn' : settings.missingReferences,
  unchecked: settings.onLookupFailure,
});

const reach = async (needs: ReachNeeds, request: AdmissionRequest, time: LookupTime): Promise<readonly Finding[]> => {
  const { settings } = needs;
  const { object, oldObject, requester } = request;
  const subject = subjectOf(object, request.namespace, oldObject);
  const calls = { kube: needs.kube, metrics: needs.metrics, slots: new Slots(CALLS_AT_ONCE), time };
  const reviews = new AccessReviews(calls, requester);
  const { authorize, operator } = settings;
  const grants = await askGrants({ authorize, operator, requester, reviews }, subject);
  if (!isJudged(request)) return grants.findings;
  const lookups = new Lookups(calls);
  const found = await Promise.all([
    grants.deploy ? judgeTarget(lookups, targetQuestion(settings, subject)) : [],
    settings.checkReferences
      ? judgeReferences({ lookups, granted: grants.granted, parseValues: needs.parseValues, time }, subject)
      : [],
    settings.checkReferences && grants.deploy && subject.placeChanged
      ? judgeRelease(
          { releases: needs.releases, time, maySee: (holder) => maySee({ authorize, reviews }, holder) },
          subject,
          oldObject === undefined ? { name: object.metadata.name ?? '' } : object.metadata,
        )
      : [],
  ]);
  return [...grants.findings, ...found.flat()];
};

const targetQuestion = (
  { crossNamespace, operator, checkReferences }: ReachSettings,
  subject: Subject,
): Parameters<typeof judgeTarget>[1] => ({
  subject,
  consent: crossNamespace === 'consent' && subject.own !== operator.namespace,
  existence: checkReferences && subject.targetChanged,
});

const maySee = async (
  { authorize, reviews }: { readonly authorize: GrantNeeds['authorize']; readonly reviews: AccessReviews },
  { namespace, name }: Holder,
): Promise<boolean> => {
  if (authorize === 'off') return true;
  const { group, plural: resource } = WERFBUNDLES;
  return (await reviews.may({ verb: 'get', group, resource, namespace, name })).kind === 'allowed';
};
