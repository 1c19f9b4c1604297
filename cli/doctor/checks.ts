import type { CheckRow } from '../diagnosis/check.js';
import { FIRST_CHECKS, STATUS_CHECKS } from './bundle-checks.js';
import { DEPLOY_CHECKS } from './deploy-checks.js';
import { HOLD_CHECKS } from './hold-checks.js';
import { JOB_CHECKS } from './job-checks.js';
import type { Observation } from './observation.js';
import { REGISTRY_CHECKS } from './registry-checks.js';
import { TAG_CHECKS } from './tag-checks.js';

/** All checks of a bundle, in the order in which a deployment comes to them. */
export const DOCTOR_CHECKS: readonly CheckRow<Observation>[] = [
  ...FIRST_CHECKS,
  ...REGISTRY_CHECKS,
  ...HOLD_CHECKS,
  ...TAG_CHECKS,
  ...DEPLOY_CHECKS,
  ...JOB_CHECKS,
  ...STATUS_CHECKS,
];
