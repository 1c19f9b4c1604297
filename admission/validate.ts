import type { AdmissionRequest } from './admission-request.js';
import { type CallTime, type Check, judge, type Soon, type Verdict, verdictOn } from './verdict.js';

/** Judges the object as it would be stored, after all mutating webhooks and the schema's defaults. Changes nothing. */
export const validate = (
  request: AdmissionRequest,
  { checks }: { readonly checks: readonly Check[] },
  time: CallTime,
): Soon<Verdict> => verdictOn(judge(request, checks, time));
