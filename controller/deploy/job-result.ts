/** A deploy that ended without success. `message` is in the guide's words; nothing of a log is in it. */
export interface FailedJob {
  readonly kind: 'failed';
  readonly reason: 'OOMKilled' | 'ExitCode' | 'Timeout' | 'Error';
  readonly message: string;
  readonly podName?: string;
  /** Wall clock, milliseconds. */
  readonly finishedAt: number;
}

/** How a Job stands. */
export type JobResult =
  /**
   * Container `werf` was not started yet. `reason` is Kubernetes' word (`ImagePullBackOff`, `Unschedulable`, `NoPod`);
   * `message` is '' as long as that is nothing unusual, or only events tell more: see waiting.ts.
   */
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string; readonly recheckAt?: number }
  /** `recheckAt`: when to look again though nothing has changed. */
  | { readonly kind: 'running'; readonly podName: string; readonly recheckAt?: number }
  | { readonly kind: 'succeeded'; readonly podName?: string; readonly finishedAt: number }
  | FailedJob
  /** It ended, and nobody can tell whether it succeeded: evicted, drained, the node is gone. To be tried again. */
  | { readonly kind: 'lost'; readonly message: string };
