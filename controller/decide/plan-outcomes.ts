import { reconcileCommand } from '../../api/kubectl-command.js';
import type { Plan, StoredBundle, WerfBundleStatus } from '../../api/werfbundle.js';
import { conclude } from './conclusion.js';
import { createDeploymentPlan, keepPlan } from './create-job.js';
import { secretsWithoutJob } from './deployment.js';
import type { Facts } from './facts.js';
import { isElsewhere } from './finalizer.js';
import type { Finding } from './finding.js';
import { withHold } from './hold-list.js';
import type { PartialDecision } from './partial-decision.js';
import { approvalWords, isOutdated, outdatedAt, returnWords } from './plan-approval.js';
import { withPlanDecided, withPlanEnd, withPlanGivenUp } from './plan-record.js';
import type { PlanState } from './plan-state.js';
import { withDeployRequest } from './poll.js';
import { TOO_OLD, withoutKeptPlan, withPlanAppliedAnew } from './saved-plans.js';
import { standing } from './standing.js';

type Of<K extends PlanState['kind']> = Extract<PlanState, { readonly kind: K }>;

const NOW = { kind: 'now' } as const;

/** What is done and reported while a deployment is planned. */
export const PLAN_OUTCOMES: {
  readonly [K in PlanState['kind']]: (state: Of<K>, facts: Facts) => PartialDecision;
} = {
  'plan-decided': ({ due, hold }, facts) => {
    const { seen, polled } = facts;
    const answered = withHold(withDeployRequest(seen.bundle, polled.status), hold);
    const status = withPlanDecided(seen.bundle, answered, { due, now: seen.now });
    return {
      status,
      ...withoutPlanned(seen, polled.status),
      findings: status.plan === undefined ? polled.findings : [planning(status.plan), ...polled.findings],
      recheck: NOW,
    };
  },
  'plan-obsolete': (_, { seen, polled }) => ({
    status: withPlanGivenUp(polled.status),
    ...withoutPlanned(seen, polled.status),
    findings: [...polled.findings, ...standing(seen, polled.status)],
    recheck: NOW,
  }),
  'plan-finalizer-missing': ({ plan }, facts) => ({ ...told(plan, facts), finalizer: 'add', recheck: NOW }),
  'plan-queued': ({ plan }, facts) => ({
    status: facts.polled.status,
    findings: [queued(plan), ...facts.polled.findings],
    ...keptFinalizer(facts),
    keepsSlot: true,
  }),
  'plan-due': ({ plan, settings, jobInputs, unsaved }, facts) => ({
    ...told(plan, facts),
    ...(unsaved !== undefined && { status: withPlanAppliedAnew(facts.polled.status, unsaved) }),
    actions: [createDeploymentPlan({ seen: facts.seen, settings, jobInputs, plan, saves: unsaved === undefined })],
    keepsSlot: true,
  }),
  planning: ({ plan, recheckAt }, facts) => ({ ...told(plan, facts), recheck: { kind: 'at', time: recheckAt } }),
  'approval-awaited': ({ plan }, facts) => ({
    ...told(plan, facts),
    ...withoutOldPlan(plan, facts),
    findings: [
      { kind: 'approval-awaited', reason: 'ApprovalAwaited', message: approvalWords(facts.seen.bundle, plan) },
      ...facts.polled.findings,
    ],
  }),
  'plan-withheld': ({ plan }, { seen, polled }) => ({
    status: polled.status,
    findings: [
      { kind: 'plan-withheld', reason: 'PlanFailed', message: withheldWords(seen.bundle, plan) },
      ...polled.findings,
    ],
  }),
  'plan-ended': ({ plan, end, settings }, facts) => {
    const { seen, polled } = facts;
    const key = seen.platform.checksumKey;
    const saved = end.kind === 'made' && end.saved?.kind === 'saved' ? end.saved : undefined;
    return {
      ...told(plan, facts),
      ...(saved !== undefined && { actions: [keepPlan({ seen, settings }, { plan, artifact: saved.artifact })] }),
      status: withPlanEnd(seen.bundle, polled.status, { plan, end, now: seen.now, key }),
      recheck: NOW,
    };
  },
  'intent-unplanned': ({ deployment, checksum, why }, { seen, polled }) => {
    const { tag, digest, reason, attempt = 1 } = deployment;
    const message = `no Job was made: ${why}`;
    const ended = conclude(polled.status, deployment, { result: 'Superseded', message, finishedAt: seen.now });
    const due = { kind: 'deploy', target: { tag, digest, checksum }, reason, attempt } as const;
    const status = withPlanDecided(seen.bundle, ended, { due, now: seen.now });
    return {
      status,
      findings: status.plan === undefined ? polled.findings : [planning(status.plan), ...polled.findings],
      actions: withoutKeptPlan(seen, polled.status),
      cleanup: [secretsWithoutJob(seen, deployment)],
      recheck: NOW,
    };
  },
};

/**
 * Deletes the Secrets of a plan that is dropped. If its Job was never made, only Secrets may be left of that; one that was goes with its own.
 * What was kept goes before the status forgets its name.
 */
export const withoutPlanned = (
  seen: Facts['seen'],
  status: WerfBundleStatus,
): Pick<PartialDecision, 'actions' | 'cleanup'> => {
  const { plan } = status;
  if (plan?.result !== undefined) return { actions: withoutKeptPlan(seen, status) };
  return plan === undefined ? {} : { cleanup: [secretsWithoutJob(seen, plan)] };
};

/** What waits for longer than a saved plan holds will be planned anew: nothing is kept for it until then. */
const withoutOldPlan = (
  plan: Plan,
  { seen, polled }: Facts,
): Pick<PartialDecision, 'actions' | 'recheck'> & Partial<Pick<PartialDecision, 'status'>> => {
  if (plan.applies !== 'Exactly') return {};
  const { now, platform } = seen;
  const { timeScale } = platform;
  return isOutdated(plan, { now, timeScale })
    ? { actions: withoutKeptPlan(seen, polled.status), status: withPlanAppliedAnew(polled.status, TOO_OLD) }
    : { recheck: { kind: 'at', time: outdatedAt(plan, { timeScale }) } };
};

const told = (plan: Plan, facts: Facts): Pick<PartialDecision, 'status' | 'findings' | 'finalizer'> => ({
  status: facts.polled.status,
  findings: [planning(plan), ...facts.polled.findings],
  ...keptFinalizer(facts),
});

/** A finalizer that was added for a plan stays until its deployment, which needs it, too. */
const keptFinalizer = ({ seen: { bundle } }: Facts): Pick<PartialDecision, 'finalizer'> =>
  isElsewhere(bundle) ? { finalizer: 'leave' } : {};

/** Why nothing is deployed, and what leads out of it. */
const withheldWords = ({ metadata }: StoredBundle, plan: Plan): string =>
  `${plan.tag} could not be planned, and is not deployed without a plan (deletions: Hold)${returnWords(plan)}: ${plan.message ?? 'no plan'}; for another try, ${reconcileCommand(metadata)}`;

const whatOf = ({ tag, reason }: Plan): string => `planning ${tag} (${reason})`;

/** That a deployment is planned. */
export const planning = (plan: Plan): Finding<'job-active'> => {
  const { failedTries = 0, message } = plan;
  const what = whatOf(plan);
  return {
    kind: 'job-active',
    reason: 'Planning',
    message: failedTries === 0 ? what : `${what}, again, since it has failed: ${message}`,
  };
};

const queued = (plan: Plan): Finding<'job-active'> => ({
  kind: 'job-active',
  reason: 'Queued',
  message: `${whatOf(plan)}: waits until fewer Jobs run than --max-jobs and --max-jobs-per-namespace allow`,
});
