import type { Review } from '../decode.js';
import { answerCalls, type Call, type Handler, type HandlerDeps, type QueuedReview } from '../handler.js';
import { type ImpactDeps, judgeImpact } from '../impact/judge-impact.js';
import { type Findings, verdictOf } from '../verdict.js';
import { type GuardDeps, judgeChange } from './judge-change.js';
import { decodeChange, type ObjectChange } from './object-change.js';
import { sourceChangeOf } from './source-change.js';

type JudgeDeps = GuardDeps & { readonly impact: ImpactDeps };

/**
 * The values guard, without its sockets: refuses updates of ConfigMaps and Secrets that would break bundles which use them, and says of
 * all that bundles refer to what a change of it deploys.
 */
export const createGuard = (deps: Omit<HandlerDeps, 'checks'> & JudgeDeps): Handler =>
  answerCalls(deps, (review, call) => aboutObject(review, call, deps));

const aboutObject = (review: Review, call: Call, deps: JudgeDeps): QueuedReview => {
  const decoded = decodeChange(review);
  if (decoded.kind === 'foreign') return { judge: () => decoded };
  const { change } = decoded;
  const { kind, ref, requester, operation, dryRun } = change;
  return {
    about: { name: ref.name, kind: { group: '', kind } },
    fields: { user: requester.username, operation, kind, ...ref, dryRun },
    judge: async () => verdictOf(await judge(change, deps, call)),
  };
};

/** Of what is refused for breaking bundles nothing more is said. */
const judge = async (change: ObjectChange, deps: JudgeDeps, call: Call): Promise<Findings> => {
  const source = sourceChangeOf(change);
  const found = source === undefined ? NOTHING : await judgeChange(source, deps, call);
  if (found.problems.length > 0) return found;
  const impact = await judgeImpact(change, deps.impact, call);
  return { problems: impact.problems, warnings: [...found.warnings, ...impact.warnings] };
};

const NOTHING: Findings = { problems: [], warnings: [] };
