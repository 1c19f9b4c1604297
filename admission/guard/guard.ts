import type { Review } from '../decode.js';
import { answerCalls, type Call, type Handler, type HandlerNeeds, type Question } from '../handler.js';
import { verdictOf } from '../verdict.js';
import { type GuardSenses, judgeChange } from './judge-change.js';
import { decodeChange } from './source-change.js';

/** The values guard, without its sockets: refuses updates of ConfigMaps and Secrets that would break bundles which use them. */
export const createGuard = (needs: Omit<HandlerNeeds, 'checks'> & GuardSenses): Handler =>
  answerCalls(needs, (review, call) => aboutSource(review, call, needs));

function aboutSource(review: Review, call: Call, senses: GuardSenses): Question {
  const decoded = decodeChange(review);
  if (decoded.kind === 'foreign') return { judge: () => decoded };
  const { change } = decoded;
  const { kind, namespace, name, user, dryRun } = change;
  return {
    about: { name, kind: { group: '', kind } },
    fields: { user, operation: 'UPDATE', kind, namespace, name, dryRun },
    judge: async () => verdictOf(await judgeChange(change, senses, call.signal)),
  };
}
