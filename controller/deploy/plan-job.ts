import { planJobNameOf } from '../../api/names.js';
import type { Job } from '../../api/objects.js';
import { jobOf } from './job.js';
import type { JobParameters } from './job-parameters.js';
import { ANNOTATIONS, LABELS, PLAN } from './names.js';
import { planArgs } from './werf-args.js';

/** What is deployed, and looked at by a check. */
export interface Applied {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
  /** Of the deployment; 0 if an operator without numbers made it. */
  readonly number: number;
}

/** What a plan's Job is built of. @param check - from 1 */
export const planInput = (
  input: Omit<JobParameters, 'deployment' | 'driftCheck'>,
  applied: Applied,
  check: number,
): JobParameters & { readonly driftCheck: number } => {
  const { name: bundleName, uid } = input.bundle;
  const jobName = planJobNameOf({ bundleName, uid, tag: applied.tag, check });
  return { ...input, deployment: { ...applied, reason: 'DriftCheck', jobName }, driftCheck: check };
};

/**
 * The Job that looks whether a deployed bundle has drifted, with `werf bundle plan --exit-code`: 0 it has not, 2 it has, 3 (werf 3) no object has, and
 * only the release would be recorded anew.
 * @see https://werf.io/docs/v2/reference/cli/werf_bundle_plan.html
 */
export const buildPlanJob = (input: JobParameters): Job => {
  const job = jobOf(input, planArgs(input));
  return job.spec === undefined ? job : { ...job, spec: { ...job.spec, ttlSecondsAfterFinished: UNREAD_TTL_S } };
};

/** It is deleted once it is read. One that nobody is there to read (its bundle is gone, in another namespace) must not stay for days. */
const UNREAD_TTL_S = 3_600;

/** Whether a Job is a plan's. */
export const isPlanJob = (job: Job): boolean => job.metadata.labels?.[LABELS.jobKind] === PLAN;

/** @returns which check a plan's Job is; undefined if it does not say */
export const checkOf = (job: Job): number | undefined => {
  const text = job.metadata.annotations?.[ANNOTATIONS.driftCheck] ?? '';
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined;
};
