import type { StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';

/** A deployment that has ended, or the one that goes on. */
export interface KnownDeployment
  extends Omit<NonNullable<WerfBundleStatus['history']>[number], 'result' | 'finishedAt'> {
  /** As the status has it; `Running` and `Waiting` (for its Job) are of the one that goes on. */
  readonly result: NonNullable<WerfBundleStatus['history']>[number]['result'] | 'Running' | 'Waiting';
  readonly finishedAt?: string;
}

/** All deployments that are known, newest first. */
export const deploymentsOf = ({ status = {} }: StoredBundle): readonly KnownDeployment[] => {
  const { deployment, history = [], activeJobName } = status;
  if (deployment === undefined || history.some(({ number }) => number === deployment.number)) return history;
  const { number, tag, digest, checksum, reason, jobName, startedAt } = deployment;
  const result = activeJobName === jobName ? 'Running' : 'Waiting';
  return [{ number, tag, digest, checksum, reason, jobName, startedAt, result }, ...history];
};
