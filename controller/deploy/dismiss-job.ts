import type { Job } from '../../api/objects.js';
import { jobOf } from './job.js';
import type { JobParameters } from './job-parameters.js';
import { dismissArgs } from './werf-args.js';

/**
 * Longest time for one try to uninstall a release, milliseconds; spec.converge.timeout where that is shorter. A bundle that is being
 * deleted blocks the deletion of its namespace, and users who wait for kubectl.
 */
export const DISMISS_LIMIT_MS = 10 * 60_000;

/**
 * The Job that uninstalls a bundle's release. It has no Secrets: the ServiceAccount's rights are all that it needs. werf has no time
 * limit for it, so the Pod's deadline is the only one.
 * @see https://werf.io/docs/v2/reference/cli/werf_dismiss.html
 */
export const buildDismissJob = (input: Omit<JobParameters, 'secrets' | 'valuesArgs' | 'driftCheck'>): Job => {
  const { converge } = input.settings;
  const timeoutMs = Math.min(converge.timeoutMs, DISMISS_LIMIT_MS);
  const whole: JobParameters = {
    ...input,
    settings: { ...input.settings, converge: { ...converge, timeoutMs } },
    valuesArgs: [],
    secrets: { values: false, dockerConfig: false, key: false, ca: false },
  };
  return jobOf(whole, dismissArgs(whole));
};
