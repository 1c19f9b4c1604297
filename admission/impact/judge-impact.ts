import type { ImpactPlatform } from '../../api/impact/facts.js';
import { objectKey } from '../../api/object-key.js';
import type { ObjectRef } from '../../api/objects.js';
import { ACCEPT_BUNDLES_FROM } from '../../api/references/target-namespace.js';
import type { KubeClient } from '../../kube/client.js';
import { Semaphore } from '../../process/semaphore.js';
import type { ObjectChange } from '../guard/object-change.js';
import type { LookupMetrics } from '../metrics.js';
import type { BundleIndex } from '../references/bundle-index.js';
import type { LookupTime } from '../references/lookup-time.js';
import { Lookups } from '../references/lookups.js';
import type { Use } from '../references/uses.js';
import { sameJson } from '../same-json.js';
import type { ValuesPool } from '../values/values-pool.js';
import type { Findings } from '../verdict.js';
import { MAX_BUNDLES, observe } from './observe.js';
import type { Sight } from './sight.js';
import { hitBy, type Impact, impactProblem, impactUnknown, impactWarning, MAX_NAMED } from './words.js';

export interface ImpactDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly metrics: LookupMetrics;
  readonly bundles: Pick<BundleIndex, 'of' | 'rivalsOf'>;
  readonly answers: Pick<ValuesPool, 'impact'>;
  readonly settings: {
    /** What the platform set for all bundles, as far as the webhook knows it. */
    readonly platform: ImpactPlatform;
    /** More bundles may be hit by one change only if it confirms that; undefined: any number. */
    readonly maxImpact: number | undefined;
  };
}

/** The most reads at once. */
const READS_AT_ONCE = 16;
const NOTHING: Findings = { problems: [], warnings: [] };

/**
 * What a change of something that bundles refer to does to them: a warning, or a refusal if it hits more than the platform lets one change
 * hit. Of a change that changes nothing for any bundle nothing is said, and nothing is looked up. What could not be found out makes bundles
 * ones that may be deployed. Rejects only when the call is aborted.
 */
export const judgeImpact = async (
  change: ObjectChange,
  deps: ImpactDeps,
  { time, sight }: Asking,
): Promise<Findings> => {
  if (change.isGoing || isSame(change)) return NOTHING;
  const named = await usesOf(change, deps, time);
  if (named === undefined) return { problems: [], warnings: [impactUnknown(change)] };
  const uses = named.filter(isTouchedBy(change));
  if (uses.length === 0) return NOTHING;
  const users = [...new Map(uses.map(({ bundle }) => [objectKey(bundle), bundle])).values()];
  const lookups = new Lookups({
    client: deps.client,
    metrics: deps.metrics,
    slots: new Semaphore(READS_AT_ONCE),
    time,
  });
  const impact = await impactOf(change, users, { ...deps, lookups, sight, signal: time.signal });
  return impact.bundles.length === 0
    ? NOTHING
    : await findingsOf(impact, change, { sight, maxImpact: deps.settings.maxImpact });
};

/** undefined: the bundles are not known in time. */
const usesOf = async (
  change: ObjectChange,
  { bundles }: ImpactDeps,
  { signal }: LookupTime,
): Promise<readonly Use[] | undefined> => {
  try {
    return await bundles.of(change, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    return undefined;
  }
};

/** On whose behalf, and for how long, something is looked up. */
interface Asking {
  readonly time: LookupTime;
  /** What the user may see. */
  readonly sight: Sight;
}

/** Whether nothing changes of what bundles read. Of a ServiceAccount they ask only whether it is there. */
const isSame = ({ kind, before, after }: ObjectChange): boolean => {
  if (before === undefined || after === undefined) return false;
  switch (kind) {
    case 'ServiceAccount':
      return true;
    case 'Namespace':
      return before.metadata.annotations?.[ACCEPT_BUNDLES_FROM] === after.metadata.annotations?.[ACCEPT_BUNDLES_FROM];
    default:
      return sameJson([before.data, before.binaryData], [after.data, after.binaryData]);
  }
};

/** A use of one key has nothing to do with the others; which of them a bundle really finds, shows when it is looked at. */
const isTouchedBy =
  ({ before, after }: ObjectChange) =>
  ({ key }: Use): boolean => {
    if (key === undefined || before === undefined || after === undefined) return true;
    return before.data?.[key] !== after.data?.[key] || before.binaryData?.[key] !== after.binaryData?.[key];
  };

interface Looking {
  readonly lookups: Lookups;
  readonly sight: Sight;
  readonly signal: AbortSignal;
}

/** What the change does to those that name it, or to how many of them at most. */
const impactOf = async (
  change: ObjectChange,
  users: readonly ObjectRef[],
  { bundles, answers, settings, lookups, sight, signal }: ImpactDeps & Looking,
): Promise<Impact> => {
  const atMost: Impact = { kind: 'at-most', bundles: users };
  if (users.length > MAX_BUNDLES) return atMost;
  const { platform } = settings;
  const rivalsOf = (ref: ObjectRef) => bundles.rivalsOf(ref);
  const observed = await observe({ lookups, sight, rivalsOf, platform }, change, users);
  if (observed.kind === 'too-much') return atMost;
  const answer = await answers.impact(observed.question, observed.bytes, signal);
  if (answer === undefined) return atMost;
  const unread = observed.unread.map((ref) => ({ ref, outcome: 'may-deploy' }) as const);
  return { kind: 'known', bundles: [...answer, ...unread] };
};

const findingsOf = async (
  impact: Impact,
  change: ObjectChange,
  { sight, maxImpact }: { readonly sight: Sight; readonly maxImpact: number | undefined },
): Promise<Findings> => {
  const hit = hitBy(impact);
  const told = { change, impact, hit, seen: await seenOf(hit, change, sight) };
  const problem = impactProblem(told, maxImpact);
  return problem === undefined
    ? { problems: [], warnings: [impactWarning(told)] }
    : { problems: [problem], warnings: [] };
};

/** The first bundles that the user may know of. Few namespaces are asked about, and that of what is changed is the likeliest. */
const seenOf = async (
  hit: readonly ObjectRef[],
  { ref }: ObjectChange,
  sight: Sight,
): Promise<readonly ObjectRef[]> => {
  if (hit.some(({ namespace }) => namespace === ref.namespace)) await sight.bundlesIn(ref.namespace);
  const seen: ObjectRef[] = [];
  for (const bundle of hit) {
    if (seen.length === MAX_NAMED) break;
    if (await sight.bundlesIn(bundle.namespace)) seen.push(bundle);
  }
  return seen;
};
