/** A deploy that ended without success. `message` is in the guide's words; nothing of a log is in it. */
export interface FailedJob {
  readonly kind: 'failed';
  readonly reason: 'OOMKilled' | 'ExitCode' | 'Timeout' | 'Error';
  readonly message: string;
  readonly podName?: string;
  /** Wall clock, milliseconds. */
  readonly finishedAt: number;
}

/** The state of a Job. */
export type JobResult =
  /**
   * Container `werf` was not started yet. `reason` is Kubernetes' own (`ImagePullBackOff`, `Unschedulable`, `NoPod`); `message`
   * is '' while the wait is nothing unusual, or only events tell more: see waiting.ts.
   */
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string; readonly recheckAt?: number }
  /** `recheckAt`: when to look again though nothing has changed. */
  | { readonly kind: 'running'; readonly podName: string; readonly recheckAt?: number }
  | { readonly kind: 'succeeded'; readonly podName?: string; readonly finishedAt: number }
  | FailedJob
  /** It ended, and whether it succeeded is unknown: it was evicted or drained, or its node is gone. It is to be tried again. */
  | { readonly kind: 'lost'; readonly message: string };
