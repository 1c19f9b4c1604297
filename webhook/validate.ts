import type { AdmissionRequest } from './admission-request.js';
import { type Check, judge, type Verdict, verdictOf } from './verdict.js';

/** Judges the object as it would be stored, after all mutating webhooks and the schema's defaults. Changes nothing. */
export async function validate(
  request: AdmissionRequest,
  { checks }: { readonly checks: readonly Check[] },
  signal: AbortSignal,
): Promise<Verdict> {
  return verdictOf(await judge(request, checks, signal));
}
