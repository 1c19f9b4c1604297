import { jobNameOf } from '../../api/names.js';
import { openPlan } from '../../api/open-plan.js';
import { parseTime, preciseTime } from '../../api/timestamp.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import { momentOf } from './condition.js';
import { createJob, createPlan } from './create-job.js';
import type { Cleanup } from './decision.js';
import { queued, secretsWithoutJob, started } from './deployment.js';
import { nextCheckNumber, withFailedCheck } from './drift-state.js';
import { type Due, nextDeployment, withRecord } from './due.js';
import type { Facts } from './facts.js';
import { isElsewhere } from './finalizer.js';
import type { Finding } from './finding.js';
import { withHold } from './hold-list.js';
import type { Blocker, Observation } from './observation.js';
import type { PartialDecision } from './partial-decision.js';
import { PLAN_OUTCOMES, planning, withoutPlanned } from './plan-outcomes.js';
import { withoutPlan, withPlanDecided } from './plan-record.js';
import { isPlanned } from './plan-state.js';
import { withDeployRequest } from './poll.js';
import { withoutKeptPlan, withPlanAppliedAnew } from './saved-plans.js';
import { standing } from './standing.js';
import type { State } from './state.js';

/** How often a blocker is checked again, milliseconds; divided by the time scale. */
const BLOCKER_RECHECK_MS = 30_000;
/** How long Secrets may exist without their Job, while something blocks it, milliseconds. */
const ABANDONED_AFTER_MS = 10 * 60_000;
/** How often the registry is asked for the tag to return to, milliseconds; divided by the time scale. */
const TAG_RECHECK_MS = 30_000;
const NOW = { kind: 'now' } as const;

type Of<K extends State['kind']> = Extract<State, { readonly kind: K }>;

/** What is done and reported in each state. */
const OUTCOMES: { readonly [K in State['kind']]: (state: Of<K>, facts: Facts) => PartialDecision } = {
  deleting: ({ next }) => next,
  active: ({ status, finding, recheck }, { polled }) => ({ status, findings: [finding, ...polled.findings], recheck }),
  concluded: ({ status: ended, actions, cleanup, planRefused }, { seen, polled }) => {
    const isPlannedAgain = planRefused === true && keepsPlan(seen);
    const status = isPlannedAgain ? withPlanAgain(seen, ended) : ended;
    const { plan } = status;
    const kept = withoutKeptPlan(seen, ended);
    return {
      status,
      actions: isPlannedAgain ? [...actions, ...kept] : actions,
      cleanup: isPlannedAgain ? cleanup : [...cleanup, ...kept],
      recheck: NOW,
      // What is deployed is not what is wanted: nobody who waits for that may be told that it is.
      findings:
        isPlannedAgain && plan !== undefined
          ? [planning(plan), ...polled.findings]
          : [...polled.findings, ...standing(seen, status)],
    };
  },
  recovered: ({ status }, { polled }) => ({ status, findings: polled.findings, recheck: NOW }),
  unreadable: ({ blocker }, facts) => blocked(facts, blocker),
  suspended: (_, facts) => asPolled(facts),
  'spec-invalid': (_, facts) => asPolled(facts),
  blocked: ({ blocker, deployment }, facts) => ({
    ...blocked(facts, blocker),
    cleanup: deployment === undefined ? [] : abandoned(facts.seen, deployment),
  }),
  'finalizer-missing': ({ deployment }, { polled }) => ({
    status: polled.status,
    recheck: NOW,
    findings: [started(polled.status, deployment).finding, ...polled.findings],
  }),
  queued: ({ deployment }, { polled }) => ({
    status: polled.status,
    findings: [queued(deployment), ...polled.findings],
  }),
  // As always, the intent is written before anything is created.
  'intent-outdated': ({ deployment, checksum }, { polled }) => ({
    status: { ...polled.status, deployment: { ...deployment, checksum } },
    recheck: NOW,
    findings: [started(polled.status, deployment).finding, ...polled.findings],
  }),
  'job-due': ({ deployment, settings, jobInputs, applies, appliesAnew }, { seen, polled }) => {
    const { status, finding } = started(polled.status, deployment);
    const isAnew = appliesAnew !== undefined;
    const job = createJob({ seen, settings, jobInputs, deployment, applies });
    const actions = [...(isAnew ? withoutKeptPlan(seen, status) : []), job];
    const told = isAnew ? withPlanAppliedAnew(status, appliesAnew) : status;
    return { status: told, findings: [finding, ...polled.findings], actions };
  },
  // A request for a deployment counts as answered: asking the registry again and again would not help. Nor is it planned any more.
  'values-refused': ({ target, message }, { seen, polled }) => {
    const isPlanOpen = openPlan(polled.status) !== undefined;
    const status = isPlanOpen ? withoutPlan(polled.status) : polled.status;
    return {
      status: { ...withDeployRequest(seen.bundle, status), refusedDigest: target.digest },
      findings: [{ kind: 'values-refused', reason: 'ValuesRefused', message }, ...polled.findings],
      // The plan's Job is deleted then. What was kept of one that is not open any more went with its deployment.
      ...(isPlanOpen && { ...withoutPlanned(seen, polled.status), recheck: NOW }),
    };
  },
  'plan-decided': PLAN_OUTCOMES['plan-decided'],
  'plan-obsolete': PLAN_OUTCOMES['plan-obsolete'],
  'plan-finalizer-missing': PLAN_OUTCOMES['plan-finalizer-missing'],
  'plan-queued': PLAN_OUTCOMES['plan-queued'],
  'plan-due': PLAN_OUTCOMES['plan-due'],
  planning: PLAN_OUTCOMES.planning,
  'approval-awaited': PLAN_OUTCOMES['approval-awaited'],
  'plan-withheld': PLAN_OUTCOMES['plan-withheld'],
  'plan-ended': PLAN_OUTCOMES['plan-ended'],
  'intent-unplanned': PLAN_OUTCOMES['intent-unplanned'],
  'deployment-due': ({ due, hold }, facts) => {
    const intended = withIntent(facts, due);
    return { ...intended, status: withHold(intended.status, hold) };
  },
  'return-impossible': ({ why }, { seen, polled }) => {
    const number = polled.status.deployment?.number;
    const status = number === undefined ? polled.status : { ...polled.status, notReturned: { number, message: why } };
    return { status, findings: [...polled.findings, ...standing(seen, status)], recheck: NOW };
  },
  'return-awaited': ({ why }, { seen, polled }) => {
    const { status } = polled;
    const waits = `${status.lastAppliedTag} follows as soon as the registry says what its tag is: ${why}`;
    const failed = standing(seen, status).map((finding) => ({ ...finding, message: `${finding.message}; ${waits}` }));
    return {
      status,
      findings: [...polled.findings, ...failed],
      recheck: { kind: 'at', time: seen.now + TAG_RECHECK_MS / seen.platform.timeScale },
    };
  },
  'registry-unasked': ({ anew: { status, findings } }) => ({ status, findings }),
  'record-outdated': ({ due }, { seen, polled }) => ({
    status: withRecord(polled.status, due),
    findings: [...polled.findings, ...standing(seen, polled.status)],
    recheck: NOW,
  }),
  'check-finalizer-missing': (state, facts) => ({ ...settled(state, facts), finalizer: 'add', recheck: NOW }),
  'check-impossible': ({ lack, ...state }, facts) => {
    const { status, findings } = settled(state, facts);
    return { status: withFailedCheck(status, lack, momentOf(facts.seen)), findings, recheck: NOW };
  },
  'check-queued': (state, facts) => ({ ...settled(state, facts), ...keepFinalizer(facts.seen), keepsSlot: true }),
  'check-due': ({ applied, settings, jobInputs, ...state }, facts) => {
    const check = nextCheckNumber(facts.polled.status);
    const actions = [createPlan({ seen: facts.seen, settings, jobInputs, applied, check })];
    return { ...settled(state, facts), ...keepFinalizer(facts.seen), keepsSlot: true, actions };
  },
  settled: ({ recheckAt, nearCheck, ...state }, facts) => ({
    ...settled(state, facts),
    ...(nearCheck && keepFinalizer(facts.seen)),
    ...(recheckAt !== undefined && { recheck: { kind: 'at', time: recheckAt } }),
  }),
};

/** What follows from a state: actions, a status, and findings that the status does not tell yet. */
export const outcomeOf = <K extends State['kind']>(state: Of<K>, facts: Facts): PartialDecision =>
  OUTCOMES[state.kind as K](state, facts);

const asPolled = ({ seen, polled }: Facts): PartialDecision => ({
  status: polled.status,
  findings: [...polled.findings, ...standing(seen, polled.status)],
});

const settled = (
  { held, refused, askedInVain }: Pick<Of<'settled'>, 'held' | 'refused' | 'askedInVain'>,
  facts: Facts,
): PartialDecision => {
  const { status, findings } = asPolled(facts);
  const holding: readonly Finding[] =
    held === undefined ? [] : [{ kind: 'downgrade-held', reason: 'DowngradeHeld', message: held }];
  const refusing: readonly Finding[] =
    refused === undefined ? [] : [{ kind: 'values-refused', reason: 'ValuesRefused', message: refused }];
  // The request counts as answered: the spec admits no tag, and asking the registry again and again would not help.
  return {
    status: askedInVain ? withDeployRequest(facts.seen.bundle, status) : status,
    findings: [...holding, ...refusing, ...findings],
  };
};

/** Keeps a finalizer that was added for a check until that check. */
const keepFinalizer = ({ bundle }: Observation): Pick<PartialDecision, 'finalizer'> =>
  isElsewhere(bundle) ? { finalizer: 'leave' } : {};

const blocked = ({ seen, polled }: Facts, { reason, message }: Blocker): PartialDecision => ({
  status: polled.status,
  findings: [{ kind: 'blocker', reason, message }, ...polled.findings],
  recheck: { kind: 'at', time: seen.now + BLOCKER_RECHECK_MS / seen.platform.timeScale },
});

/** Secrets that a crash may have left of an intent that is blocked: after so long, no other process is likely to be creating its Job. */
const abandoned = (seen: Observation, deployment: Deployment): readonly Cleanup[] => {
  const age = seen.now - (parseTime(deployment.startedAt) ?? seen.now);
  return age >= ABANDONED_AFTER_MS ? [secretsWithoutJob(seen, deployment)] : [];
};

/** Whether deployments are planned now: the plan of an earlier one is of no use otherwise. */
const keepsPlan = ({ spec }: Observation): boolean => spec.kind === 'valid' && isPlanned(spec.settings);

/** Plans once more what werf has refused to apply as it was saved, and has not begun. */
const withPlanAgain = ({ bundle, now }: Observation, ended: WerfBundleStatus): WerfBundleStatus => {
  const { deployment, plan } = ended;
  if (deployment === undefined) return ended;
  const { tag, digest, checksum, reason, attempt = 1 } = deployment;
  const due = { target: { tag, digest, checksum }, reason, attempt };
  return withPlanDecided(bundle, ended, { due, now, refusals: (plan?.refusals ?? 0) + 1 });
};

/** Writes the intent; the next reconcile creates its Job. */
const withIntent = ({ seen, polled }: Facts, due: Extract<Due, { kind: 'deploy' }>): PartialDecision => {
  const { name: bundleName, uid } = seen.bundle.metadata;
  const deployment = nextDeployment(seen.bundle, due, {
    jobName: (number, tag) => jobNameOf({ bundleName, uid, tag, number }),
    startedAt: preciseTime(seen.now),
    highest: seen.jobs.highest,
  });
  const message = `deploying ${deployment.tag} (${deployment.reason})`;
  const status = keepsPlan(seen) ? polled.status : withoutPlan(polled.status);
  return {
    status: { ...withDeployRequest(seen.bundle, status), deployment },
    ...(!keepsPlan(seen) && withoutPlanned(seen, polled.status)),
    findings: [{ kind: 'job-active', reason: 'Deploying', message }],
    recheck: NOW,
  };
};
