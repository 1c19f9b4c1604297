import type { Review } from '../decode.js';
import { answerCalls, type Call, type Handler, type HandlerDeps, type QueuedReview } from '../handler.js';
import { verdictOf } from '../verdict.js';
import { type GuardDeps, judgeChange } from './judge-change.js';
import { decodeChange } from './source-change.js';

/** The values guard, without its sockets: refuses updates of ConfigMaps and Secrets that would break bundles which use them. */
export const createGuard = (deps: Omit<HandlerDeps, 'checks'> & GuardDeps): Handler =>
  answerCalls(deps, (review, call) => aboutSource(review, call, deps));

const aboutSource = (review: Review, call: Call, deps: GuardDeps): QueuedReview => {
  const decoded = decodeChange(review);
  if (decoded.kind === 'foreign') return { judge: () => decoded };
  const { change } = decoded;
  const { kind, namespace, name, user, dryRun } = change;
  return {
    about: { name, kind: { group: '', kind } },
    fields: { user, operation: 'UPDATE', kind, namespace, name, dryRun },
    judge: async () => verdictOf(await judgeChange(change, deps, call)),
  };
};
