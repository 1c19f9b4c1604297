import type { Job, Pod } from '../../api/objects.js';
import type { WerfVersion } from '../../api/werf-version.js';
import type { FailedJob } from './job-result.js';
import { withRightsAdvice } from './missing-rights.js';
import { hasSavedPlan } from './plan-job.js';
import type { PlanFinding } from './plan-summary.js';
import { exitCodeOf, withErrorLine } from './result.js';
import { isPlanRefusal } from './saved-plan.js';

/**
 * What a plan has found. `release-only`: no object would change, or none but those that each deployment makes anew, but the release would be
 * recorded anew.
 */
export type PlanResult =
  | { readonly kind: 'release-only' }
  | { readonly kind: 'changes'; readonly finding: PlanFinding }
  /** The plan could not tell. `message` says why. */
  | { readonly kind: 'failed'; readonly message: string };

/** A plan's Job that ended, but not with exit code 0, which says that nothing would change. */
interface EndedPlan {
  readonly result: FailedJob;
  readonly job: Job;
  readonly pod: Pod | undefined;
  /** Of werf in the Job's image. */
  readonly version: WerfVersion;
}

/**
 * Exit codes of `werf bundle plan --exit-code` for a plan that is not empty. werf 3 has a code of its own if only the release would be
 * recorded anew, and no object changed; werf 2 exits with 2 then, too, and its log tells.
 */
const CHANGES = 2;
const RELEASE_ONLY = 3;
/** werf's exit code for any error of its own. */
const FAILED = 1;

const endedWith = (code: number, { result, pod }: Pick<EndedPlan, 'result' | 'pod'>): boolean =>
  result.reason === 'ExitCode' && pod !== undefined && exitCodeOf(pod) === code;

/** Whether the exit code alone says that only the release would be recorded anew. */
export const isReleaseOnlyByCode = (plan: EndedPlan): boolean =>
  endedWith(RELEASE_ONLY, plan) && plan.version.kind === 'known';

/**
 * Whether werf itself has not taken the saved plan that it was to apply. Whatever else has ended it, it may have begun before, and its last error
 * may be a chart's.
 * @param errorLine - as `lastErrorLine` finds it
 */
export const isPlanRefused = (
  { result, job, pod }: Omit<EndedPlan, 'version'>,
  errorLine: string | undefined,
): boolean => endedWith(FAILED, { result, pod }) && hasSavedPlan(job) && isPlanRefusal(errorLine);

const UNSAID: PlanFinding = { kind: 'unsaid' };

/** @param log - what its log says, redacted; undefined: it can't be read */
export const planResult = (
  plan: EndedPlan,
  log: { readonly finding: PlanFinding; readonly errorLine: string | undefined } | undefined,
): PlanResult => {
  const { finding = UNSAID, errorLine } = log ?? {};
  const isReleaseOnly = finding.kind === 'release-only' || finding.kind === 'each-time';
  if (isReleaseOnlyByCode(plan)) return { kind: 'release-only' };
  if (endedWith(CHANGES, plan)) return isReleaseOnly ? { kind: 'release-only' } : { kind: 'changes', finding };
  const { result, job, version } = plan;
  if (endedWith(RELEASE_ONLY, plan) && version.kind === 'unknown')
    return isReleaseOnly
      ? { kind: 'release-only' }
      : {
          kind: 'failed',
          message: `werf ended with exit code 3, and what that means is not known: ${version.why}`,
        };
  const { message } = withRightsAdvice(withErrorLine(result, errorLine), { errorLine }, job);
  return { kind: 'failed', message };
};
