import type { KubeClient } from '../../kube/client.js';
import type { Clock } from '../../process/ports.js';
import { Semaphore } from '../../process/semaphore.js';
import type { Review } from '../decode.js';
import { AccessReviews } from '../grants/access-reviews.js';
import { answerCalls, type Call, type Handler, type HandlerDeps, type QueuedReview } from '../handler.js';
import { type ImpactDeps, judgeImpact } from '../impact/judge-impact.js';
import { Sight } from '../impact/sight.js';
import type { LookupMetrics } from '../metrics.js';
import { type LookupTime, lookupTime } from '../references/lookup-time.js';
import { type Findings, verdictOf } from '../verdict.js';
import { type GuardDeps, judgeChange } from './judge-change.js';
import { decodeChange, type ObjectChange } from './object-change.js';
import { sourceChangeOf } from './source-change.js';

type Deps = Omit<HandlerDeps, 'checks' | 'clock' | 'metrics'> &
  Omit<GuardDeps, 'maySee'> & {
    readonly client: Pick<KubeClient, 'get' | 'ask'>;
    readonly clock: Clock;
    readonly metrics: HandlerDeps['metrics'] & LookupMetrics;
    readonly impact: Omit<ImpactDeps, 'client' | 'metrics'>;
    /** off: nobody is asked for rights, and everybody may see everything. */
    readonly authorize: 'always' | 'cross-namespace' | 'off';
  };

/** The most questions about rights at once. */
const QUESTIONS_AT_ONCE = 16;
/** The time to find out what a change deploys, and a second for the answer, milliseconds: nobody should have to wait for a warning. */
const WITHIN_MS = 3000;

/**
 * The values guard, without its sockets: refuses updates of ConfigMaps and Secrets that would break bundles which use them, and says of
 * all that bundles refer to what a change of it deploys.
 */
export const createGuard = (deps: Deps): Handler =>
  answerCalls(deps, (review, call) => aboutObject(review, call, deps));

const aboutObject = (review: Review, call: Call, deps: Deps): QueuedReview => {
  const decoded = decodeChange(review);
  if (decoded.kind === 'foreign') return { judge: () => decoded };
  const { change } = decoded;
  const { kind, ref, requester, operation, dryRun } = change;
  return {
    about: { name: ref.name, kind: { group: '', kind } },
    fields: { user: requester.username, operation, kind, ...ref, dryRun },
    judge: async () => verdictOf(await withinTime(change, deps, call)),
  };
};

const withinTime = async (change: ObjectChange, deps: Deps, call: Call): Promise<Findings> => {
  const time = lookupTime(deps.clock, call, Math.min(call.withinMs, WITHIN_MS));
  try {
    return await judge(change, deps, { call, time });
  } finally {
    time.release();
  }
};

/** Of what is refused for breaking bundles nothing more is said. */
const judge = async (
  change: ObjectChange,
  deps: Deps,
  { call, time }: { readonly call: Call; readonly time: LookupTime },
): Promise<Findings> => {
  const { client, metrics, authorize, uses, values, charts, clock } = deps;
  const slots = new Semaphore(QUESTIONS_AT_ONCE);
  const reviews = new AccessReviews({ client, metrics, slots, time }, change.requester);
  const sight = new Sight(authorize === 'off' ? undefined : reviews);
  const maySee: GuardDeps['maySee'] = ({ namespace }) => sight.bundlesIn(namespace);
  const source = sourceChangeOf(change);
  const found =
    source === undefined
      ? NOTHING
      : await judgeChange(source, { uses, client, values, maySee, charts, clock, metrics }, call);
  if (found.problems.length > 0) return found;
  const impact = await judgeImpact(change, { ...deps.impact, client, metrics }, { time, sight });
  return { problems: impact.problems, warnings: [...found.warnings, ...impact.warnings] };
};

const NOTHING: Findings = { problems: [], warnings: [] };
