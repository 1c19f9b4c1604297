import { defaultsPatch } from '../api/defaults.js';
import type { AdmissionRequest } from './admission-request.js';
import { isJudged, specRules } from './judge-spec.js';
import { resetOf } from './reset.js';
import { type CallTime, type Check, judge, type Soon, type Verdict, verdictOn } from './verdict.js';

/**
 * Fills in the defaults, and turns the guide's reset into a request to reconcile. A bundle that breaks the spec rules is refused
 * here already, with all its problems: the apiserver applies its schema between the two webhooks, and would refuse the object first,
 * in poorer words. A spec that did not change is left alone. mutate(mutate(x)) = mutate(x).
 * @param how.now - milliseconds since 1970
 */
export const mutate = (
  request: AdmissionRequest,
  how: { readonly checks: readonly Check[]; readonly now: number },
  time: CallTime,
): Soon<Verdict> => {
  const reset = resetOf(request, how.now);
  if (!isJudged(request)) return { kind: 'allow', ...reset };
  if (specRules(request).problems.length > 0) return verdictOn(judge(request, how.checks, time));
  // /validate gives all other warnings: here the apiserver would show them twice.
  return { kind: 'allow', patch: [...defaultsPatch(request.object), ...reset.patch], warnings: reset.warnings };
};
