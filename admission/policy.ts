import { type PlatformPolicy, policyProblems } from '../api/platform-policy.js';
import { isJudged } from './judge-spec.js';
import type { Check } from './verdict.js';

/** The check of where the platform lets bundles and images come from; it judges the whole spec whenever any of it changes. */
export const createPolicyCheck =
  (policy: PlatformPolicy): Check =>
  (request) => ({ problems: isJudged(request) ? policyProblems(request.object, policy) : [], warnings: [] });
