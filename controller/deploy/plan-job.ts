import { planJobNameOf } from '../../api/names.js';
import type { Job } from '../../api/objects.js';
import { jobOf } from './job.js';
import type { JobParameters } from './job-parameters.js';
import { ANNOTATIONS, LABELS, PLAN } from './names.js';
import { planArgs } from './werf-args.js';

/** What is deployed, which a check compares with the cluster. */
export interface Applied {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
  /** The deployment's number; 0 if an operator without numbers made it. */
  readonly number: number;
}

/** The parameters of a plan's Job. @param check - number of the check, from 1 */
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
 * The Job that checks whether a deployed bundle has drifted, with `werf bundle plan --exit-code`: 0 it has not, 2 it has, 3 (werf 3) only
 * the release would be recorded anew.
 * @see https://werf.io/docs/v2/reference/cli/werf_bundle_plan.html
 */
export const buildPlanJob = (input: JobParameters): Job => {
  const job = jobOf(input, planArgs(input));
  return job.spec === undefined ? job : { ...job, spec: { ...job.spec, ttlSecondsAfterFinished: UNREAD_TTL_S } };
};

/** A plan's Job is deleted once it is read; one that nobody reads (its bundle in another namespace is gone) must not stay for days. */
const UNREAD_TTL_S = 3_600;

/** Whether a Job is a plan's. */
export const isPlanJob = (job: Job): boolean => job.metadata.labels?.[LABELS.jobKind] === PLAN;

/** @returns the number of a plan's check; undefined if its Job does not say */
export const checkOf = (job: Job): number | undefined => {
  const text = job.metadata.annotations?.[ANNOTATIONS.driftCheck] ?? '';
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined;
};
