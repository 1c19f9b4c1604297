import { isDeepStrictEqual } from 'node:util';
import { type Job, type ObjectRef, type Pod, refOf, type Secret, type Stored } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { JOBS, PODS, SECRETS } from '../../kube/resources.js';
import type { Action, Cleanup, ExecuteFailure } from '../decide/decision.js';
import { hasSameNumber, LABELS, madeAlike } from '../deploy/names.js';
import { hasBegun, isJobOf } from '../deploy/result.js';
import { ownedBy } from '../deploy/secrets.js';
import { createOrGet, REFUSALS } from './create-or-get.js';
import { keep, keepPlan } from './keep.js';

interface ExecuteDeps {
  readonly client: KubeClient;
  /** The Job with what it proves of itself, and nothing else. */
  readonly prove: (job: Stored<Job>) => Stored<Job>;
}

/**
 * Does the actions in order, up to the first failure; what was done before it stays, and is found by the next try. What may stay where it
 * can't be deleted keeps nothing else from being done.
 */
export const execute = async (
  deps: ExecuteDeps,
  actions: readonly Action[],
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  let left: ExecuteFailure | undefined;
  for (const action of actions) {
    const failure = await perform(deps, action, signal);
    if (failure?.kind === 'not-deleted') left = failure;
    else if (failure !== undefined) return failure;
  }
  return left;
};

const perform = async (deps: ExecuteDeps, action: Action, signal: AbortSignal): Promise<ExecuteFailure | undefined> => {
  try {
    switch (action.kind) {
      case 'create-job':
      case 'create-plan':
        return await createJobOrNothing(deps, action, signal);
      case 'keep-plan':
        return await keepPlan(deps.client, action, signal);
      case 'delete-job':
        return await deleteJob(deps.client, action, signal);
      case 'keep':
        return await keep(deps.client, action, signal);
      case 'delete-secrets':
        return await deleteOrLeave(deps.client, action, signal);
    }
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return { kind: 'interrupted', error };
  }
};

type DeleteJob = Extract<Action, { kind: 'delete-job' }>;

const deleteJob = async (
  client: KubeClient,
  { ref, uid, unlessBegun, propagation = 'Background' }: DeleteJob,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  if (unlessBegun && (await podsOf(client, { ref, uid }, signal)).some(hasBegun)) return { kind: 'begun' };
  await client.delete(JOBS, ref, { uid, propagation }, signal);
  return undefined;
};

/** Reads a Job's Pods live, since the watch may not have brought a Pod yet that runs already. */
const podsOf = async (
  client: KubeClient,
  { ref, uid }: Pick<DeleteJob, 'ref' | 'uid'>,
  signal: AbortSignal,
): Promise<readonly Pod[]> => {
  const labelSelector = `batch.kubernetes.io/controller-uid=${uid}`;
  return (await client.list(PODS, { namespace: ref.namespace, labelSelector }, signal)).items;
};

type CreateJob = Extract<Action, { kind: 'create-job' | 'create-plan' }>;

/**
 * Creates the Job, or deletes its Secrets if the Job is refused. They are deleted before the refusal is recorded, so that after a crash
 * in between the same is tried again.
 */
const createJobOrNothing = async (
  deps: ExecuteDeps,
  action: CreateJob,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  const failure = await refusable(action, () => createJob(deps, action, signal));
  if (failure !== undefined && failure.kind !== 'begun') {
    for (const secret of action.secrets) {
      const ref = refOf(secret);
      await deleteSecret(deps.client, ref, (found) => madeAlike(found, secret), signal);
    }
  }
  return failure;
};

const refusable = async (
  action: CreateJob,
  work: () => Promise<ExecuteFailure | undefined>,
): Promise<ExecuteFailure | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KubeError) || !REFUSALS.has(error.code)) throw error;
    return refused(action, error.message);
  }
};

const createJob = async (
  { client, prove }: ExecuteDeps,
  action: CreateJob,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  for (const secret of action.secrets) {
    const { object: existing } = await createOrGet(client, SECRETS, secret, signal);
    if (!hasSameNumber(existing, secret)) return taken(action, `Secret ${secret.metadata.name}`);
    const isSame = existing.immutable === true && isDeepStrictEqual(existing.data, secret.data);
    const fits = madeAlike(existing, secret) && isSame;
    if (!fits) await replaceUnused(client, { action, existing, secret }, signal);
  }
  const { object, isNew } = await createOrGet(client, JOBS, action.job, signal);
  const job = prove(object);
  if (isNew && !madeAlike(job, action.job)) return await withdraw(client, action, { job, signal });
  const stays = job.metadata.deletionTimestamp === undefined;
  if (stays && !madeAlike(job, action.job) && isMadeMeanwhile(job, action)) return { kind: 'begun' };
  if (!stays || !madeAlike(job, action.job)) return taken(action, `Job ${action.job.metadata.name}`);
  await giveSecrets(client, { job, secrets: action.secrets }, signal);
  return undefined;
};

/**
 * Deletes a Job that was created just now, but not as it was meant, and so would not be known again. It must not be taken for somebody
 * else's: the next number would be tried, and the next, each with a Job that runs.
 */
const withdraw = async (
  client: KubeClient,
  action: CreateJob,
  { job, signal }: { readonly job: Stored<Job>; readonly signal: AbortSignal },
): Promise<ExecuteFailure> => {
  await client.delete(JOBS, refOf(job), { uid: job.metadata.uid, propagation: 'Background' }, signal);
  const what = "annotations werf.io/… or labels werf.io/… of its Pod's template";
  return refused(
    action,
    `Job ${job.metadata.name} was changed as it was created, by a webhook or a policy of the cluster, which has to leave alone ${what}`,
  );
};

const isMadeMeanwhile = (job: Job, action: CreateJob): boolean =>
  action.kind === 'create-job' && isJobOf(job, action.job.metadata.labels?.[LABELS.bundleUid] ?? '', action.deployment);

/**
 * Replaces a Secret that an earlier try has left, unless its Job exists: it may have other values, or the same ones divided otherwise
 * between file and arguments. Everything that a Job uses has to be from one try.
 */
const replaceUnused = async (
  client: KubeClient,
  {
    action,
    existing,
    secret,
  }: { readonly action: CreateJob; readonly existing: Stored<Secret>; readonly secret: Secret },
  signal: AbortSignal,
): Promise<void> => {
  const job = await client.get(JOBS, refOf(action.job), signal);
  if (job !== undefined) return;
  await client.delete(SECRETS, refOf(existing), { uid: existing.metadata.uid }, signal);
  await client.create(SECRETS, secret, signal);
};

/** Makes the Job the owner of its Secrets. A refusal is not a failure of the Job, which exists already. */
const giveSecrets = async (
  client: KubeClient,
  { job, secrets }: { readonly job: Stored<Job>; readonly secrets: readonly Secret[] },
  signal: AbortSignal,
): Promise<void> => {
  try {
    for (const secret of secrets) {
      await client.mergePatch(SECRETS, refOf(secret), ownedBy(job), {}, signal);
    }
  } catch (error) {
    if (!(error instanceof KubeError) || !REFUSALS.has(error.code)) throw error;
  }
};

const refused = (action: CreateJob, message: string): ExecuteFailure =>
  action.kind === 'create-plan'
    ? { kind: 'plan-refused', message }
    : { kind: 'refused', deployment: action.deployment, message };

const taken = (action: CreateJob, what: string): ExecuteFailure => {
  const message = `${what} exists already and was made for something else`;
  return action.kind === 'create-plan'
    ? { kind: 'plan-taken', message }
    : { kind: 'taken', deployment: action.deployment, message };
};

/** @throws KubeError if one of them could not be deleted, unless it was refused, and it may stay */
const deleteOrLeave = async (
  client: KubeClient,
  action: Cleanup,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  try {
    await deleteSecrets(client, action, signal);
    return undefined;
  } catch (error) {
    if (action.mayStay !== true || !(error instanceof KubeError) || !REFUSALS.has(error.code)) throw error;
    return { kind: 'not-deleted', message: error.message };
  }
};

/** @throws KubeError if one of them could not be deleted */
const deleteSecrets = async (
  client: KubeClient,
  { namespace, names, bundleUid }: Cleanup,
  signal: AbortSignal,
): Promise<void> => {
  const ours = ({ metadata }: Secret) => metadata.labels?.[LABELS.bundleUid] === bundleUid;
  for (const name of names) await deleteSecret(client, { namespace, name }, ours, signal);
};

/** Deletes a Secret if it is ours. A name proves nothing: a changed annotation must not make the controller delete others' Secrets. */
const deleteSecret = async (
  client: KubeClient,
  ref: ObjectRef,
  isOurs: (secret: Secret) => boolean,
  signal: AbortSignal,
): Promise<void> => {
  const secret = await client.get(SECRETS, ref, signal);
  if (secret === undefined || !isOurs(secret)) return;
  await client.delete(SECRETS, ref, { uid: secret.metadata.uid }, signal);
};

/** Does the cleanups. @returns the failures; the next reconcile tries again */
export const cleanUp = async (
  client: KubeClient,
  cleanup: readonly Cleanup[],
  signal: AbortSignal,
): Promise<readonly KubeError[]> => {
  const failures: KubeError[] = [];
  for (const one of cleanup) {
    try {
      await deleteSecrets(client, one, signal);
    } catch (error) {
      if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
      failures.push(error);
    }
  }
  return failures;
};
