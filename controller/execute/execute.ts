import { isDeepStrictEqual } from 'node:util';
import {
  type Job,
  type Named,
  type NewObject,
  type ObjectRef,
  type Pod,
  refOf,
  type Secret,
  type Stored,
} from '../../api/objects.js';
import { type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { JOBS, PODS, SECRETS } from '../../kube/resources.js';
import type { Action, Cleanup, ExecuteFailure, Keep } from '../decide/decision.js';
import { hasSameNumber, LABELS, madeAlike } from '../deploy/names.js';
import { hasBegun, isJobOf } from '../deploy/result.js';
import { ownedBy } from '../deploy/secrets.js';

/** Codes that refuse this very object, rather than ask to try again later. */
const REFUSALS: ReadonlySet<KubeError['code']> = new Set(['forbidden', 'invalid', 'not-found', 'too-large']);

interface ExecuteDeps {
  readonly client: KubeClient;
  /** The Job with what it proves of itself, and nothing else. */
  readonly prove: (job: Stored<Job>) => Stored<Job>;
}

/** Does the actions in order. @returns the first failure; what was done before it stays, and is found by the next try */
export const execute = async (
  deps: ExecuteDeps,
  actions: readonly Action[],
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  for (const action of actions) {
    const failure = await perform(deps, action, signal);
    if (failure !== undefined) return failure;
  }
  return undefined;
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
        await deleteSecrets(deps.client, action, signal);
        return undefined;
    }
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return { kind: 'interrupted', error };
  }
};

/** Keeps a saved plan. One that an earlier process has kept under the same number is replaced: its Job was made once more. */
const keepPlan = async (
  client: KubeClient,
  { secret }: Extract<Action, { kind: 'keep-plan' }>,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  const unkept = (message: string): ExecuteFailure => ({ kind: 'plan-unkept', message });
  try {
    const { object: existing } = await createOrGet(client, SECRETS, secret, signal);
    if (existing.immutable === true && isDeepStrictEqual(existing.data, secret.data)) return undefined;
    if (!hasSameNumber(existing, secret)) return unkept(`Secret ${secret.metadata.name} was made for something else`);
    await client.delete(SECRETS, refOf(existing), { uid: existing.metadata.uid }, signal);
    await client.create(SECRETS, secret, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError) || !REFUSALS.has(error.code)) throw error;
    return unkept(error.message);
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

/** Creates an object, or returns the one of that name. That is not new, but an earlier try's or a stranger's: the caller checks. */
const createOrGet = async <S extends Stored>(
  client: KubeClient,
  type: ResourceType<S>,
  object: NewObject<S> & Named,
  signal: AbortSignal,
): Promise<{ readonly object: S; readonly isNew: boolean }> => {
  try {
    return { object: await client.create(type, object, signal), isNew: true };
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'already-exists') throw error;
    const ref = refOf(object);
    const existing = await client.get(type, ref, signal);
    if (existing === undefined)
      throw new KubeError('conflict', `${type.plural} ${ref.namespace}/${ref.name} came and went`, { cause: error });
    return { object: existing, isNew: false };
  }
};

/**
 * Writes what is to be kept over what was kept before. It is no failure of the deployment if that is refused: only a return needs it. Each
 * step may be done again after a crash, since the Job's own Secret is deleted last.
 */
const keep = async (
  client: KubeClient,
  { secret, from }: Keep,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  const ours = ({ metadata }: Secret) =>
    metadata.labels?.[LABELS.bundleUid] === secret.metadata.labels?.[LABELS.bundleUid];
  const message = `what was deployed is not kept in Secret ${secret.metadata.name}`;
  try {
    const made = from === undefined ? secret : await client.get(SECRETS, from, signal);
    if (made?.data === undefined || !ours(made))
      return { kind: 'not-kept', message: `${message}: the Secret of its Job is gone` };
    const existing = await client.get(SECRETS, refOf(secret), signal);
    if (existing !== undefined && !ours(existing))
      return { kind: 'not-kept', message: `${message}: somebody else has a Secret of that name` };
    if (existing?.immutable === true && isDeepStrictEqual(existing.data, made.data)) return undefined;
    if (existing !== undefined) await client.delete(SECRETS, refOf(existing), { uid: existing.metadata.uid }, signal);
    await client.create(SECRETS, { ...secret, data: made.data }, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError) || !REFUSALS.has(error.code)) throw error;
    return { kind: 'not-kept', message: `${message}: ${error.message}` };
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
