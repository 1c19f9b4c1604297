import { jobNameOf } from '../../api/names.js';
import type { Job } from '../../api/objects.js';
import type { Deployment, DeployReason, StoredBundle } from '../../api/werfbundle.js';
import type { KnownJobs } from '../decide/observation.js';
import { ANNOTATIONS, HIGHEST_NUMBER } from '../deploy/names.js';

/**
 * The deployments of a bundle that its Jobs were made for.
 * @param all - proven to be made for the bundle
 * @param namespace - that of its deployments' Jobs
 */
export const knownJobs = (all: readonly Job[], bundle: StoredBundle, namespace: string): KnownJobs => {
  const jobs = all.filter((job) => job.metadata.namespace === namespace);
  const highest = Math.max(0, ...jobs.map((job) => numberOf(job) ?? 0));
  const newest = jobs.find(
    (job) =>
      numberOf(job) === highest &&
      job.metadata.deletionTimestamp === undefined &&
      deploymentOf(job, bundle) !== undefined,
  );
  return { highest, newest: newest && deploymentOf(newest, bundle) };
};

/** The number of a Job's deployment. One that nothing could come after is none: a Job from before is not signed. */
const numberOf = (job: Job): number | undefined => {
  const text = job.metadata.annotations?.[ANNOTATIONS.number] ?? '';
  return /^[1-9][0-9]{0,14}$/.test(text) && Number(text) <= HIGHEST_NUMBER ? Number(text) : undefined;
};

/** The intent that a Job was made for; undefined if its name is not the one that this intent leads to. */
const deploymentOf = (job: Job, { metadata: { name, uid } }: StoredBundle): Deployment | undefined => {
  const number = numberOf(job);
  const annotations = job.metadata.annotations ?? {};
  const [tag, digest, checksum, reason] = (['tag', 'digest', 'checksum', 'reason'] as const).map(
    (key) => annotations[ANNOTATIONS[key]],
  );
  if (number === undefined || tag === undefined || digest === undefined || checksum === undefined) return undefined;
  const jobName = jobNameOf({ bundleName: name, uid, tag, number });
  if (job.metadata.name !== jobName || !isReason(reason)) return undefined;
  const startedAt = job.metadata.creationTimestamp ?? '';
  return { number, tag, digest, checksum, reason, jobName, startedAt };
};

const REASONS: Readonly<Record<DeployReason, true>> = {
  NewTag: true,
  MovedTag: true,
  NewSpec: true,
  NewValues: true,
  Retry: true,
  Requested: true,
  DriftCorrection: true,
  Downgrade: true,
  Rollback: true,
  Return: true,
  JobLost: true,
  Dismiss: true,
};

const isReason = (text: string | undefined): text is DeployReason => text !== undefined && Object.hasOwn(REASONS, text);
