import { planJobNameOf } from '../../api/names.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import type { Applied } from '../deploy/plan-job.js';
import { isLookAsked, nextCheckTime } from './drift-schedule.js';
import { appliedOf, isBeingCorrected, isCorrectionDue, nextCheckNumber, withAttemptsCounted } from './drift-state.js';
import type { Idle } from './facts.js';
import { type Finding, strongest } from './finding.js';
import { isRequested } from './poll.js';
import { standing } from './standing.js';

/** The check for drift that comes next. */
interface NextCheck {
  readonly applied: Applied;
  /** Name of the Job that it needs. */
  readonly jobName: string;
  /** Wall clock, milliseconds. */
  readonly time: number;
  /** `soon`: a reconcile was requested, and the check comes with the registry's answer. */
  readonly when: 'now' | 'soon' | 'later';
}

/** @returns undefined: drift is not looked for, a check exists already, or something else is to be done or reported first */
export const nextCheckOf = (idle: Idle): NextCheck | undefined => {
  const { seen, polled, settings } = idle;
  if (!settings.driftDetection.enabled || seen.plans.length > 0 || !isQuiet(idle)) return undefined;
  const applied = appliedOf(polled.status);
  if (applied === undefined) return undefined;
  const { name: bundleName, uid } = seen.bundle.metadata;
  const jobName = planJobNameOf({ bundleName, uid, tag: applied.tag, check: nextCheckNumber(polled.status) });
  const time = isLookAsked(seen) ? seen.now : nextCheckTime({ ...seen, status: polled.status });
  const later = isRequested(seen.bundle) ? 'soon' : 'later';
  return { applied, jobName, time, when: seen.now >= time ? 'now' : later };
};

/** Whether to apply again what is deployed: a check has found drift, no check exists now, and nothing else comes first. */
export const isCorrectable = (idle: Idle): boolean => {
  const { seen, polled, settings } = idle;
  const { driftDetection } = settings;
  if (!driftDetection.enabled || seen.plans.length > 0 || !isQuiet(idle)) return false;
  return isCorrectionDue(withAttemptsCounted(seen.bundle.status ?? {}, polled.status), driftDetection);
};

/** Whether the bundle is synced, a downgrade of it is held, or a correction of it has failed. */
const isQuiet = ({ seen, polled }: Idle): boolean =>
  saysNothingElse([...polled.findings, ...standing(seen, polled.status)], polled.status);

const saysNothingElse = (findings: readonly Finding[], status: WerfBundleStatus): boolean => {
  const kind = strongest(findings)?.kind;
  return kind === 'synced' || kind === 'downgrade-held' || (kind === 'job-failed' && isBeingCorrected(status));
};
