import type { AdmissionRequest } from './admission-request.js';
import { isJudged } from './spec-rules.js';
import { type Check, judge, type Verdict, verdictOf } from './verdict.js';

/** Judges the object as it would be stored, after all mutating webhooks and the schema's defaults. Changes nothing. */
export async function validate(
  request: AdmissionRequest,
  checks: readonly Check[],
  signal: AbortSignal,
): Promise<Verdict> {
  if (!isJudged(request)) return { kind: 'allow', patch: [], warnings: [] };
  return verdictOf(await judge(request, checks, signal));
}
