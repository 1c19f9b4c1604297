/** A Pod's restartPolicy. */
export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** Whether a container that ended with `exitCode` is to be started again. An init container never is after a success. */
export const isRestarted = (given: {
  readonly policy: RestartPolicy;
  readonly init: boolean;
  readonly exitCode: number;
}): boolean => {
  if (given.policy === 'Never') return false;
  if (given.policy === 'Always' && !given.init) return true;
  return given.exitCode !== 0;
};

/**
 * How long a container waits before its next start: as with a kubelet none at first, then 10s, 20s … at most 5m.
 * @param restarts - restarts so far, from 0
 * @returns milliseconds
 */
export const restartDelay = (restarts: number): number =>
  restarts === 0 ? 0 : Math.min(10_000 * 2 ** (restarts - 1), 300_000);
