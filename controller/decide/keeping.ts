import type { HistoryEntry } from '../../api/attempts.js';
import { hasFinalizer } from '../../api/finalizer.js';
import type { Job } from '../../api/objects.js';
import type { Settings } from '../../api/settings.js';
import type { Deployment, WerfBundleStatus } from '../../api/werfbundle.js';
import { buildKept, keptSecret } from '../deploy/kept.js';
import { secretNamesOf } from '../deploy/secret-names.js';
import { secretNamesIn } from './create-job.js';
import type { Action, Keep } from './decision.js';
import { openDeployment } from './deployment.js';
import { isElsewhere, needsFinalizerToCheck } from './finalizer.js';
import type { Observation } from './observation.js';
import type { PartialDecision } from './partial-decision.js';

type Kept = NonNullable<WerfBundleStatus['kept']>;

/**
 * Accounts, whatever was decided, for what is kept of the last successful deployment: it is written before the status says that the
 * deployment has succeeded, and before the Job's Secrets go; and it is deleted when nobody would return to it any more.
 */
export const accountKept = (seen: Observation, partial: PartialDecision): PartialDecision => {
  const { bundle, spec } = seen;
  if (bundle.metadata.deletionTimestamp !== undefined || spec.kind === 'invalid') return partial;
  const { kept } = partial.status;
  if (spec.settings.converge.onFailure !== 'Return') return kept === undefined ? partial : notKept(seen, partial, kept);
  const job = jobOfSuccess(seen, partial.status);
  if (job !== undefined) return keptOfJob(seen, partial, job);
  const isOpen = openDeployment(partial.status) !== undefined;
  // What was kept with another key proves nothing any more, and what succeeded while the spec was refused was not kept.
  const isOfUse = kept !== undefined && kept.checksum === partial.status.appliedChecksum;
  return !isOfUse && !isOpen ? withFinalizerKept(seen, keptOfNow(seen, partial, spec.settings)) : partial;
};

/** Nothing is kept yet, but it will be: the finalizer has to be there before, and is not taken away in between. */
const withFinalizerKept = ({ bundle }: Observation, partial: PartialDecision): PartialDecision =>
  isElsewhere(bundle) && hasFinalizer(bundle) && partial.status.lastAppliedTag !== undefined
    ? { finalizer: 'leave', ...partial }
    : partial;

/** The Job of a deployment that has succeeded just now. */
const jobOfSuccess = ({ bundle, job }: Observation, { history, deployment }: WerfBundleStatus): Job | undefined => {
  const last = history?.[0];
  const isNew = last?.number === deployment?.number && last?.number !== bundle.status?.history?.[0]?.number;
  return isNew && last?.result === 'Succeeded' && job.kind === 'present' ? job.job : undefined;
};

const keptOfJob = (seen: Observation, partial: PartialDecision, job: Job): PartialDecision => {
  const { kept, deployment } = partial.status;
  const { namespace = '', name = '' } = job.metadata;
  const from = { namespace, name: secretNamesOf(name).kept };
  if (!secretNamesIn(job).includes(from.name) || deployment === undefined)
    return kept === undefined ? partial : notKept(seen, partial, kept);
  const { platform } = seen;
  const secret = keptSecret({ bundle: identityOf(seen), deployment, operatorVersion: platform.version, namespace });
  return keeping(partial, { kind: 'keep', secret, from }, deployment);
};

/** Of what was deployed before this was asked for, the present values are kept, if they are those that it was deployed with. */
const keptOfNow = (seen: Observation, partial: PartialDecision, settings: Settings): PartialDecision => {
  const { jobInputs, platform } = seen;
  const { appliedChecksum: checksum, history, deployment } = partial.status;
  const good = history?.find(({ result, reason }) => result === 'Succeeded' && reason !== 'Dismiss');
  if (jobInputs?.kind !== 'ready' || jobInputs.checksum !== checksum || (partial.actions ?? []).length > 0)
    return partial;
  if (deployment === undefined || good?.digest === undefined || good.checksum !== checksum) return partial;
  const { targetNamespace: namespace } = settings.converge;
  const of = { bundle: identityOf(seen), deployment: madeAs(good, { digest: good.digest, checksum }) };
  const { version: operatorVersion, checksumKey: key } = platform;
  const { valuesArgs } = jobInputs;
  // Nobody else would delete it there.
  if (needsFinalizerToCheck(seen.bundle)) return { ...partial, finalizer: 'add', recheck: { kind: 'now' } };
  const made = buildKept({ ...of, operatorVersion, targetNamespace: namespace, key, settings, valuesArgs, jobInputs });
  if (made?.data === undefined) return partial;
  const secret = { ...keptSecret({ ...of, operatorVersion, namespace }), data: made.data };
  return keeping(partial, { kind: 'keep', secret }, { number: good.number, checksum });
};

/** A deployment as its history has it. */
const madeAs = (
  { number, tag, reason, jobName = '' }: HistoryEntry,
  target: { readonly digest: string; readonly checksum: string },
) => ({ number, tag, jobName, reason: reason as Deployment['reason'], ...target });

const identityOf = ({ bundle: { metadata } }: Observation) => {
  const { namespace, name, uid } = metadata;
  return { namespace, name, uid };
};

const keeping = (
  partial: PartialDecision,
  action: Keep,
  { number, checksum }: Pick<Kept, 'number' | 'checksum'>,
): PartialDecision => {
  const { namespace, name } = action.secret.metadata;
  const kept = { number, checksum, namespace: namespace ?? '', name: name ?? '' };
  return withAction(partial, action, { ...partial.status, kept });
};

const notKept = (seen: Observation, partial: PartialDecision, kept: Kept): PartialDecision => {
  const { kept: _, ...status } = partial.status;
  return withAction(partial, { ...deletionOfKept(seen, kept), mayStay: true }, status);
};

/** Deletes the Secret that keeps it. */
export const deletionOfKept = (
  { bundle }: Pick<Observation, 'bundle'>,
  { namespace, name }: Pick<Kept, 'namespace' | 'name'>,
) => ({ kind: 'delete-secrets', namespace, names: [name], bundleUid: bundle.metadata.uid }) as const;

const withAction = (partial: PartialDecision, action: Action, status: WerfBundleStatus): PartialDecision => ({
  ...partial,
  status,
  actions: [...(partial.actions ?? []), action],
});
