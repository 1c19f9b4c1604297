import type { Job } from '../../api/objects.js';
import type { FailedJob } from './job-result.js';
import { withoutMiddle } from './log-tail.js';

/** Where a message is recorded it may be so long, characters: the advice at its end must not be cut. */
const MOST = 1_024;

/** The apiserver's words, with quotes as they stand, or escaped in JSON; or that rights may not be handed on that one does not have. */
const FORBIDDEN =
  /forbidden: user \\*"system:serviceaccount:([^:"\\\s]+):([^:"\\\s]+)\\*"(?: \(groups=\[[^\]]{0,2000}\]\))? (?:cannot|is attempting to grant) /gi;

/**
 * Adds to a failure for lack of rights which ServiceAccount lacks them, and what to do. Who it is says the Job, which we made: a log
 * is what others write, so one that tells of somebody else leads to no advice.
 * @param said - what is known of the log's end, redacted
 */
export const withRightsAdvice = (
  failed: FailedJob,
  said: { readonly errorLine?: string | undefined; readonly tail?: string | undefined },
  job: Job,
): FailedJob => {
  const account = { namespace: job.metadata.namespace, name: accountOf(job) };
  if (failed.reason !== 'ExitCode' || !lacksRights(said, account)) return failed;
  const advice = `; ${adviceFor(account.namespace, account.name)}`;
  return { ...failed, message: `${withoutMiddle(failed.message, MOST - advice.length - 3)}${advice}` };
};

interface Account {
  readonly namespace: string;
  readonly name: string | undefined;
}

/** undefined: Kubernetes chooses `default`. */
const accountOf = (job: Job): string | undefined => {
  const name = job.spec?.template.spec['serviceAccountName'];
  return typeof name === 'string' ? name : undefined;
};

/** The error decides, as far as it is known; where it lost its middle, or there is none, so does the rest of the log. */
const lacksRights = (
  { errorLine, tail = '' }: Parameters<typeof withRightsAdvice>[1],
  { namespace, name = DEFAULT }: Account,
): boolean => {
  const text = errorLine === undefined || errorLine.includes(' … ') ? `${errorLine ?? ''} ${tail}` : errorLine;
  const told = [...text.replace(/\s+/g, ' ').matchAll(FORBIDDEN)];
  return told.some(([, itsNamespace, itsName]) => itsNamespace === namespace && itsName === name);
};

const DEFAULT = 'default';

const adviceFor = (namespace: string, name: string | undefined): string =>
  name === undefined
    ? `the Job runs as ServiceAccount ${DEFAULT} of namespace ${namespace}, which lacks this right: set spec.converge.serviceAccountName to one with the rights that the chart needs`
    : `the Job runs as ServiceAccount ${name} of namespace ${namespace} (spec.converge.serviceAccountName), which lacks this right: grant it by a Role and a RoleBinding there, or name another ServiceAccount`;
