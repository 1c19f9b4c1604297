import { ROLLBACK_TO } from '../../api/annotations.js';
import { lastTried } from '../../api/attempts.js';
import { formatDuration } from '../../api/duration.js';
import { reconcileCommand } from '../../api/kubectl-command.js';
import { rollbackOf } from '../../api/rollback.js';
import type { Settings } from '../../api/settings.js';
import { parseTime, wholeSeconds } from '../../api/timestamp.js';
import type { WerfBundleStatus } from '../../api/werfbundle.js';
import { failureOf } from '../../controller/decide/conclusion.js';
import { conditionOf } from '../../controller/decide/condition.js';
import { openDeployment, wasStarted } from '../../controller/decide/deployment.js';
import { type Due, specChanged, whatIsDue } from '../../controller/decide/due.js';
import { isDeployRequested, isNewGeneration, isRequested } from '../../controller/decide/poll.js';
import { longestInterval } from '../../controller/scans/schedule.js';
import { goodDeployment, heldValues } from '../diagnosis/held-values.js';
import type { NextExplanation, TagExplanation, ValuesExplanation } from './explanation.js';
import type { Seen } from './observe.js';

/** All that the next step depends on. */
interface Explained {
  readonly seen: Seen;
  readonly status: WerfBundleStatus;
  readonly tag: TagExplanation;
  readonly values: ValuesExplanation;
}

type Step = Omit<NextExplanation, 'pollInterval'>;
type Rule = (of: Explained) => Step | undefined;

/** What the controller does next, and what would make it deploy. */
export const explainNext = (of: Omit<Explained, 'status'>): NextExplanation => {
  const facts = { ...of, status: of.seen.bundle.status ?? {} };
  const step = RULES.map((rule) => rule(facts)).find((found) => found !== undefined) ?? upToDate(facts);
  return { ...step, pollInterval: of.seen.settings.registry.pollIntervalMs };
};

const notApplied: Rule = ({ seen: { file } }) =>
  file === undefined
    ? undefined
    : { state: 'not-applied', message: `nothing happens before it is applied (kubectl apply -f ${file})` };

const deleting: Rule = ({ seen: { bundle } }) =>
  bundle.metadata.deletionTimestamp === undefined
    ? undefined
    : { state: 'deleting', message: 'the bundle is being deleted: nothing is deployed any more' };

const running: Rule = ({ status }) => {
  const open = openDeployment(status);
  if (open === undefined) return undefined;
  const what = `${open.tag} (deployment ${open.number}, ${open.reason})`;
  return wasStarted(status)
    ? { state: 'running', reason: open.reason, message: `Job ${open.jobName} deploys ${what}` }
    : { state: 'queued', reason: open.reason, message: `Job ${open.jobName} is about to be made, for ${what}` };
};

const suspended: Rule = ({ seen: { bundle }, status }) => {
  const told = conditionOf(status, 'Suspended');
  if (bundle.spec.suspend === true)
    return { state: 'suspended', message: 'spec.suspend is true: nothing is polled and deployed before it is false' };
  return told?.status === 'True' && !isNewGeneration(bundle)
    ? { state: 'suspended', message: told.message }
    : undefined;
};

/** What somebody has to mend. What the status says counts: the controller may see more than the user. */
const blocked: Rule = ({ seen, values }) => {
  const { account, credentials } = seen;
  const missing = values.sources.filter(({ state }) => state === 'missing');
  const why = [
    ...(account?.read.kind === 'absent'
      ? [`ServiceAccount ${account.reference.name} does not exist in namespace ${account.reference.namespaces[0]}`]
      : []),
    ...(credentials.kind === 'unusable' ? [credentials.why] : []),
    ...(values.encryptionKey?.state === 'missing' ? [`${values.encryptionKey.source}, is not there`] : []),
    ...(missing.length > 0 || values.problems.length > 0
      ? [values.problems[0] ?? `${missing[0]?.source} is missing`]
      : []),
  ];
  return why.length === 0 ? undefined : { state: 'blocked', message: `nothing can be deployed: ${why.join('; ')}` };
};

const pollsFail: Rule = ({ seen: { bundle }, status }) => {
  const reachable = conditionOf(status, 'RegistryReachable');
  if ((status.consecutiveFailures ?? 0) === 0 || isNewGeneration(bundle) || isRequested(bundle)) return undefined;
  const message = reachable?.message ?? status.lastErrorMessage ?? 'polls fail';
  if (reachable?.reason === 'PollingStopped')
    return { state: 'polls-stopped', message: `${message}`, ...at(parseTime(status.nextAttemptTime)) };
  return { state: 'polls-fail', message, ...at(parseTime(status.nextAttemptTime)) };
};

const at = (time: number | undefined): Pick<Step, 'at'> => (time === undefined ? {} : { at: wholeSeconds(time) });

/** What waits for a person, or is planned: the controller alone has seen charts and plans. */
const told: Rule = ({ seen: { bundle }, status }) => {
  const ready = conditionOf(status, 'Ready');
  if (ready === undefined || ready.observedGeneration !== bundle.metadata.generation) return undefined;
  switch (ready.reason) {
    case 'ValuesRefused':
    case 'ApprovalAwaited':
    case 'PlanFailed':
      return ready.status === 'False' ? { state: 'held', message: ready.message } : undefined;
    case 'Planning':
      return { state: 'running', message: ready.message };
    default:
      return undefined;
  }
};

const nothingToDeploy: Rule = ({ tag }) => {
  if (tag.chosen !== undefined || tag.message === undefined) return undefined;
  const state = tag.skipped.some(({ reason }) => reason === 'held' || reason === 'failed')
    ? 'held'
    : 'nothing-to-deploy';
  return { state, message: tag.message };
};

/** By the controller's own rule, but for the values: whether they have changed, only its key can tell. */
const due: Rule = (of) => {
  const { seen, status, tag } = of;
  if (tag.from === 'status' && tag.chosen === undefined)
    return { state: 'unknown', message: 'which tag would be deployed is not known' };
  return stepOf(whatIsDue(dueInput(of)), of) ?? changedSpec(seen, status);
};

const dueInput = ({ seen, status, tag }: Explained): Parameters<typeof whatIsDue>[0] => {
  const { bundle, settings } = seen;
  const checksum = status.deployment?.checksum ?? status.appliedChecksum ?? '';
  const wanted =
    tag.chosen === undefined || tag.digest === undefined ? undefined : { tag: tag.chosen, digest: tag.digest };
  return {
    bundle,
    status,
    settings,
    wanted,
    checksum,
    sameScans: 2,
    requested: { look: isRequested(bundle), deployment: isDeployRequested(bundle) },
    keyId: checksum.split(':')[0] ?? '',
    now: seen.now,
    timeScale: 1,
  };
};

const stepOf = (found: Due, { seen, status }: Explained): Step | undefined => {
  switch (found.kind) {
    case 'deploy': {
      const { reason, target } = found;
      const when = status.deployment === undefined ? 'with the first poll' : whenPolled(seen.settings);
      return { state: 'due', reason, message: `${target.tag} is deployed ${when} (${reason})` };
    }
    case 'later':
      return {
        state: 'retry',
        message: `the deployment of ${status.deployment?.tag} failed, and is tried again`,
        ...at(found.time),
      };
    case 'held':
      return { state: 'held', message: found.message };
    case 'nothing':
    case 'record':
      return failedStep(status, seen);
  }
};

/** While the registry offers just what is deployed: another digest is deployed with the present values. */
const valuesHeld: Rule = ({ seen: { bundle, settings }, status, tag }) => {
  const hold = heldValues(bundle, settings);
  if (hold === undefined || tag.digest !== hold.good.digest) return undefined;
  const { name, namespace } = bundle.metadata;
  return {
    state: 'held',
    message: `the present values, or the present spec, failed as deployment ${hold.number}, and the controller holds them until they change; ${status.lastAppliedTag} is deployed with those of ${goodDeployment(hold)}; mend them, or, only to try just the same again: werfbundle release-hold ${name} -n ${namespace}`,
  };
};

/** A deployment that failed for good; undefined: the last one did not. */
const failedStep = (status: WerfBundleStatus, { bundle }: Seen): Step | undefined => {
  const failure = failureOf(status);
  if (failure === undefined || specChanged(bundle)) return undefined;
  const again = `once that is mended: ${reconcileCommand(bundle.metadata)}`;
  return {
    state: 'failed',
    message: `deploying ${lastTried(status)?.tag} failed, and is not tried again by itself: ${failure.message}; ${again}`,
  };
};

const changedSpec = ({ bundle, settings }: Seen, { deployment }: WerfBundleStatus): Step | undefined =>
  deployment !== undefined && specChanged(bundle)
    ? {
        state: 'due',
        reason: 'NewSpec',
        message: `the spec has changed since the last deployment: if that makes a difference to what is deployed, ${deployment.tag} is deployed again ${whenPolled(settings)} (NewSpec)`,
      }
    : undefined;

const whenPolled = ({ registry: { pollIntervalMs } }: Settings): string =>
  `with the next poll, within ${formatDuration(longestInterval(pollIntervalMs))}`;

const upToDate = ({ seen, tag }: Explained): Step => {
  const { policy, pollIntervalMs } = seen.settings.registry;
  const by = rollbackOf(seen.bundle) === undefined ? 'pinned (spec.registry.tag)' : `rolled back to (${ROLLBACK_TO})`;
  const [pinned, news] = policy.tag === undefined ? ['', 'a new tag'] : [`, and ${by}`, 'that it is published again'];
  return {
    state: 'up-to-date',
    message: `${tag.deployed ?? tag.chosen} is deployed${pinned}; ${news}, other values or another spec are what it waits for: the registry is polled every ${formatDuration(pollIntervalMs)}`,
  };
};

/** The first that has an answer counts: as the controller's guards have it. */
const RULES: readonly Rule[] = [
  notApplied,
  deleting,
  running,
  suspended,
  blocked,
  pollsFail,
  told,
  nothingToDeploy,
  due,
  valuesHeld,
];
