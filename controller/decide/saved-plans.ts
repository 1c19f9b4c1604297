import { targetNamespaceOf } from '../../api/names.js';
import { openPlan } from '../../api/open-plan.js';
import type { Settings } from '../../api/settings.js';
import { werfVersionIn } from '../../api/werf-version.js';
import type { Deployment, Plan, WerfBundleStatus } from '../../api/werfbundle.js';
import { keptPlanName } from '../deploy/kept-plan.js';
import type { Cleanup } from './decision.js';
import type { JobInputs, Observation } from './observation.js';

/** After so many saved plans in a row that werf has not taken the next one is not saved. */
const MOST_REFUSALS = 3;
/** Each so manieth deployment is applied anew: for a saved plan werf does not shorten the history of the release. */
const SHORTENING = 20;
/** Longer reasons are cut, characters; the schema takes more. */
const LONGEST_WHY = 1_000;

/** The plan's time is over, for people. */
export const TOO_OLD = 'it is older than two hours';

/** Why the bundle's werf can't save and apply plans, for people; undefined: it can. */
export const savingLack = (
  { platform }: Pick<Observation, 'platform'>,
  { converge }: Pick<Settings, 'converge'>,
): string | undefined => {
  const version = werfVersionIn(converge.image ?? platform.werfImage, platform);
  if (version.kind === 'unknown') return `whether werf can save it is not known: ${version.why}`;
  return version.savesPlans ? undefined : `werf ${version.text} can't save plans: 3 is needed`;
};

/** Why the Job of a plan does not save it, for people; undefined: it does. */
export const whyNotSaved = (
  plan: Plan,
  of: {
    readonly seen: Pick<Observation, 'platform'>;
    readonly settings: Settings;
    readonly jobInputs: Pick<JobInputs, 'werfSecretKey'>;
  },
): string | undefined => {
  const { failedTries = 0, refusals = 0, after, message } = plan;
  const lack = savingLack(of.seen, of.settings);
  if (lack !== undefined) return lack;
  // Whatever was amiss with saving it must not keep it from being made.
  if (failedTries > 0) return `the try that was to save it failed: ${message}`;
  if (refusals >= MOST_REFUSALS) return `werf has not taken the last ${refusals} that were saved`;
  if ((after + 1) % SHORTENING === 0)
    return `each ${SHORTENING}th deployment is, so that werf shortens the history of the release`;
  const { werfSecretKey } = of.jobInputs;
  return werfSecretKey === undefined || AES_KEY.test(werfSecretKey)
    ? undefined
    : 'the key of spec.converge.werfSecretKeyRef can encrypt nothing: 32, 48 or 64 hexadecimal digits are needed';
};

const AES_KEY = /^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64})$/;

/** The plan with what is known of how it will be applied. @param why - why another plan will be made then; undefined: it is saved */
export const withApplied = (plan: Plan, why: string | undefined): Plan => {
  const { applies: _, whyAnew: __, ...rest } = plan;
  return why === undefined
    ? { ...rest, applies: 'Exactly' }
    : { ...rest, applies: 'Anew', whyAnew: why.slice(0, LONGEST_WHY) };
};

/** The status, once it is known that its plan will not be applied as it was shown. */
export const withPlanAppliedAnew = (status: WerfBundleStatus, why: string): WerfBundleStatus =>
  status.plan === undefined ? status : { ...status, plan: withApplied(status.plan, why) };

/** Whether a plan is kept for a deployment that is still to come. */
export const awaitsKeptPlan = (status: WerfBundleStatus): boolean =>
  keptPlan(status) !== undefined && openPlan(status) !== undefined;

/** The plan that is kept for its deployment; undefined: there is none. */
const keptPlan = ({ plan }: WerfBundleStatus): Plan | undefined =>
  plan?.result === 'Made' && plan.applies === 'Exactly' ? plan : undefined;

/**
 * The kept plan that a deployment applies: of just what it deploys, and nothing was tried since, for then the release has another
 * revision. undefined: it is applied anew.
 */
export const planToApply = (status: WerfBundleStatus, deployment: Deployment): Plan | undefined => {
  const plan = keptPlanOf(status, deployment);
  return plan !== undefined && !isTried(plan, status) ? plan : undefined;
};

/** Whether a deployment is of what was planned, and another one has applied the plan before. */
export const isAppliedBefore = (status: WerfBundleStatus, deployment: Deployment): boolean => {
  const plan = keptPlanOf(status, deployment);
  return plan !== undefined && isTried(plan, status);
};

/** The plan that was saved, if it is of just what is deployed. */
const keptPlanOf = (status: WerfBundleStatus, { tag, digest, checksum }: Deployment): Plan | undefined => {
  const plan = keptPlan(status);
  return plan?.tag === tag && plan.digest === digest && plan.checksum === checksum ? plan : undefined;
};

const isTried = ({ after }: Plan, { history = [] }: WerfBundleStatus): boolean =>
  history.some(({ number, result }) => number > after && result !== 'Superseded' && result !== 'Refused');

/**
 * Deletes the Secret that may keep a status's plan, whatever is said of how that is applied: a crash, or a refusal, may have left one. Before
 * a status that names the plan no more, it is an action: nobody would find it again.
 */
export const withoutKeptPlan = (
  { bundle }: Pick<Observation, 'bundle'>,
  status: WerfBundleStatus,
): readonly Cleanup[] => {
  const { plan } = status;
  if (plan?.result !== 'Made' || plan.applies === undefined) return [];
  const of = { namespace: targetNamespaceOf(bundle), bundleUid: bundle.metadata.uid };
  return [{ kind: 'delete-secrets', ...of, names: [keptPlanName(plan)], mayStay: true }];
};
