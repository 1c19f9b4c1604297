import { defaultsPatch } from '../api/defaults.js';
import type { AdmissionRequest } from './admission-request.js';
import { isJudged, specRules } from './spec-rules.js';
import { type Check, judge, type Verdict, verdictOf } from './verdict.js';

/**
 * Fills in the defaults. A bundle that breaks the spec rules is refused here already, with all that there is to say about it: the
 * apiserver holds its schema against the object between the two webhooks, and would speak first, in poorer words.
 * A spec that did not change is left alone. mutate(mutate(x)) = mutate(x).
 */
export async function mutate(
  request: AdmissionRequest,
  checks: readonly Check[],
  signal: AbortSignal,
): Promise<Verdict> {
  if (!isJudged(request)) return { kind: 'allow', patch: [], warnings: [] };
  const { problems } = await specRules(request, signal);
  if (problems.length > 0) return verdictOf(await judge(request, checks, signal));
  // The warnings are /validate's: the apiserver would show them twice.
  return { kind: 'allow', patch: defaultsPatch(request.object), warnings: [] };
}
