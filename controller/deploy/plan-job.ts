import { planJobNameOf } from '../../api/names.js';
import type { Job } from '../../api/objects.js';
import type { Plan } from '../../api/werfbundle.js';
import { jobOf } from './job.js';
import type { JobParameters } from './job-parameters.js';
import { ANNOTATIONS, LABELS, PLAN } from './names.js';
import { SAVING_COMMAND } from './saved-plan.js';
import { planArgs } from './werf-args.js';

/** What is deployed, which a check compares with the cluster. */
export interface Applied {
  readonly tag: string;
  readonly digest: string;
  readonly checksum: string;
  /** The deployment's number; 0 if an operator without numbers made it. */
  readonly number: number;
}

/** The parameters of a check's Job. @param check - number of the check, from 1 */
export const planInput = (
  input: Omit<JobParameters, 'deployment' | 'driftCheck' | 'plan'>,
  applied: Applied,
  check: number,
): JobParameters & { readonly driftCheck: number } => {
  const { name: bundleName, uid } = input.bundle;
  const jobName = planJobNameOf({ bundleName, uid, tag: applied.tag, check });
  return { ...input, deployment: { ...applied, reason: 'DriftCheck', jobName }, driftCheck: check };
};

/** The parameters of the Job that plans a deployment. It bears the number of the last one, so that it is not taken for the next. */
export const deploymentPlanInput = (
  input: Omit<JobParameters, 'deployment' | 'driftCheck' | 'plan'>,
  { number: plan, after: number, tag, digest, checksum, jobName }: Plan,
  { saves }: { readonly saves: boolean } = { saves: false },
): JobParameters & { readonly plan: number } => {
  const deployment = { number, tag, digest, checksum, jobName, reason: 'Plan' } as const;
  return { ...input, deployment, plan, ...(saves && { savedPlan: plan }) };
};

/**
 * The Job of a plan, whether of what is deployed, to find drift, or of what is to be, with `werf bundle plan --exit-code`: 0 nothing would
 * change, 2 something would, 3 (werf 3) only the release would be recorded anew.
 * @see https://werf.io/docs/v2/reference/cli/werf_bundle_plan.html
 */
export const buildPlanJob = (input: JobParameters): Job => {
  const job = jobOf(input, planArgs(input), input.savedPlan === undefined ? undefined : SAVING_COMMAND);
  return job.spec === undefined ? job : { ...job, spec: { ...job.spec, ttlSecondsAfterFinished: UNREAD_TTL_S } };
};

/** A plan's Job is deleted once it is read; one that nobody reads (its bundle in another namespace is gone) must not stay for days. */
const UNREAD_TTL_S = 3_600;

/** Whether a Job is a plan's. */
export const isPlanJob = (job: Job): boolean => job.metadata.labels?.[LABELS.jobKind] === PLAN;

/** Whether werf saves the plan in this Job, or, in that of a deployment, applies one that was saved. */
export const hasSavedPlan = (job: Job): boolean => numberIn(job, ANNOTATIONS.savedPlan) !== undefined;

/** @returns the number of a plan's check; undefined if its Job does not say */
export const checkOf = (job: Job): number | undefined => numberIn(job, ANNOTATIONS.driftCheck);

/** Whether a Job is that of this plan of a deployment, and of no other: its name and all that it was made for are right. */
export const isJobOfPlan = (job: Job, plan: Plan): boolean => {
  const { name, annotations = {} } = job.metadata;
  return (
    isPlanJob(job) &&
    name === plan.jobName &&
    numberIn(job, ANNOTATIONS.plan) === plan.number &&
    annotations[ANNOTATIONS.number] === String(plan.after) &&
    annotations[ANNOTATIONS.digest] === plan.digest &&
    annotations[ANNOTATIONS.checksum] === plan.checksum
  );
};

const numberIn = (job: Job, annotation: string): number | undefined => {
  const text = job.metadata.annotations?.[annotation] ?? '';
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined;
};
