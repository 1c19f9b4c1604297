import { rollbackOf } from '../api/rollback.js';
import { validateBundle } from '../api/validate.js';
import type { AdmissionRequest } from './admission-request.js';
import { sameJson } from './same-json.js';
import type { Findings } from './verdict.js';

/**
 * Whether the rules apply: on CREATE always, on UPDATE if the spec changed. An unchanged spec passes even if the rules have
 * changed since: the object must be able to lose its finalizers, and its labels are not ours to judge.
 */
export const isJudged = ({ object, oldObject }: AdmissionRequest): boolean =>
  oldObject === undefined || !sameJson(object.spec, oldObject.spec);

/**
 * The rules for the object itself, the same as the controller's and the command line's. A rollback is an annotation that does what a field of
 * the spec does: a new one is judged, whatever the spec is like.
 */
export const specRules = (request: AdmissionRequest): Findings => {
  const { object, oldObject } = request;
  if (isJudged(request)) return validateBundle(object, oldObject);
  if (rollbackOf(object) === rollbackOf(oldObject)) return { problems: [], warnings: [] };
  return { problems: validateBundle(object).problems.filter(({ rule }) => rule === 'rollback-tag'), warnings: [] };
};
