import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import { openPlan } from '../../api/open-plan.js';
import type { Settings } from '../../api/settings.js';
import { werfVersionIn } from '../../api/werf-version.js';
import type { DeployReason } from '../../api/werfbundle.js';
import { conditionOf } from './condition.js';
import type { Need } from './decision.js';
import type { Due } from './due.js';
import type { Idle } from './facts.js';
import { wantedOf } from './hold-list.js';
import { holderOf } from './holder.js';
import type { Platform } from './observation.js';

/**
 * What is new to the bundle: the tag, the digest, or the values. All else was deployed with these values before, or is tried again because
 * werf has said what is wrong with it.
 */
const NEW: ReadonlySet<DeployReason> = new Set<DeployReason>([
  'NewTag',
  'MovedTag',
  'NewSpec',
  'NewValues',
  'Downgrade',
  'Rollback',
]);

/** Werf 3 reads schemas as they are judged here; those before it have another library, which refuses and accepts other things. */
const JUDGES_ALIKE = '3';

/**
 * Holds what is due if the schema of its chart refuses the values: no Job is made that is known to fail. What could not be judged is
 * deployed, and werf judges.
 * @returns a text: why it is held; undefined: nothing is in the way
 */
export const refusalOf = (
  { seen, polled, settings }: Idle,
  due: Extract<Due, { kind: 'deploy' }>,
): string | Need | undefined => {
  const { target, reason } = due;
  const plan = openPlan(polled.status);
  // A request for what is being planned does not make it old.
  const isPlanned = plan !== undefined && NEW.has(plan.reason) && plan.digest === target.digest;
  if (!(NEW.has(reason) || isPlanned) || !isJudged(seen.platform, settings)) return undefined;
  const { chart } = seen;
  if (chart?.digest !== target.digest) return { kind: 'needs', what: 'chart', digest: target.digest, settings };
  const { verdict } = chart;
  return verdict.kind === 'refuses'
    ? refusalText(target.tag === polled.status.lastAppliedTag ? 'what has changed is' : `tag ${target.tag} is`, verdict)
    : undefined;
};

const isJudged = (platform: Platform, { converge }: Settings): boolean => {
  if (!platform.chartSchemas) return false;
  const werf = werfVersionIn(converge.image ?? platform.werfImage, platform);
  return werf.kind === 'known' && werf.text.split('.')[0] === JUDGES_ALIKE;
};

/** Characters of all problems together: what is told of the first ones leads to the others. */
const LONGEST_TEXT = 1_500;

const refusalText = (what: string, { chart, problems }: Extract<ChartVerdict, { kind: 'refuses' }>): string => {
  const told: string[] = [];
  let length = 0;
  for (const problem of problems) {
    length += problem.length + 2;
    if (told.length > 0 && length > LONGEST_TEXT) break;
    told.push(problem.slice(0, LONGEST_TEXT));
  }
  const rest = problems.length - told.length;
  const more = rest === 0 ? [] : [`and ${rest} more`];
  return `${what} not deployed: the schema of chart ${chart} refuses today\u2019s values: ${[...told, ...more].join('; ')}`;
};

/**
 * The refusal that the status tells, if it still stands: what was refused could not be judged anew, since nothing has happened, or since it is not
 * known now what the registry offers.
 * @param due - undefined: nothing has happened that could have made a difference
 */
export const standingRefusal = (idle: Idle, due: Due | undefined): string | undefined => {
  const { seen, polled } = idle;
  const { status = {} } = seen.bundle;
  const ready = conditionOf(status, 'Ready');
  if (ready?.reason !== 'ValuesRefused') return undefined;
  // A refusal may be older than the registry's answer about a spec, by which what was deployed last is deployed again.
  const isOfThisSpec = ready.observedGeneration === seen.bundle.metadata.generation;
  const isAskedAnew = !isOfThisSpec && conditionOf(polled.status, 'RegistryReachable')?.status === 'Unknown';
  const offersNothing = seen.delivery?.outcome.kind === 'nothing-to-deploy';
  if (isAskedAnew || offersNothing) return undefined;
  // What was refused may stand in the place of what is held.
  const wanted = wantedOf(holderOf(idle));
  const isUnchanged = due === undefined && wanted?.digest === status.refusedDigest;
  return wanted === undefined || isUnchanged ? ready.message : undefined;
};
