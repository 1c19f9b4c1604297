import type { Job, KubeObject, ObjectRef, Secret } from '../api/objects.js';
import type { Deployment } from '../api/werfbundle.js';
import { type KubeClient, KubeError, type ResourceType } from '../kube/client.js';
import { JOBS, SECRETS } from '../kube/resources.js';
import type { Action, Cleanup } from './decide/decision.js';
import { LABELS, madeFor } from './deploy/names.js';
import { ownedBy } from './deploy/secrets.js';

/** Why an action was not done. */
export type ExecuteFailure =
  /** The apiserver will not have the Job, or a Secret of it. `message` is its own words. */
  | { readonly kind: 'refused'; readonly deployment: Deployment; readonly message: string }
  /** Somebody else has a Job or Secret of that name. */
  | { readonly kind: 'taken'; readonly deployment: Deployment; readonly message: string }
  /** The apiserver could not be asked, or was busy: the same again, later. */
  | { readonly kind: 'interrupted'; readonly error: KubeError };

/** Codes that say no to this very object, rather than not now. */
const REFUSALS: ReadonlySet<KubeError['code']> = new Set(['forbidden', 'invalid', 'not-found', 'too-large']);

/** Does the actions in order. @returns the first failure; what was done before it stays, and is found by the next try */
export const execute = async (
  client: KubeClient,
  actions: readonly Action[],
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  for (const action of actions) {
    const failure = await perform(client, action, signal);
    if (failure !== undefined) return failure;
  }
  return undefined;
};

const perform = async (
  client: KubeClient,
  action: Action,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  try {
    switch (action.kind) {
      case 'create-job':
        return await createJob(client, action, signal);
      case 'delete-job':
        await client.delete(JOBS, action.ref, { uid: action.uid, propagation: 'Background' }, signal);
        return undefined;
    }
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return action.kind === 'create-job' && REFUSALS.has(error.code)
      ? { kind: 'refused', deployment: action.deployment, message: error.message }
      : { kind: 'interrupted', error };
  }
};

type CreateJob = Extract<Action, { kind: 'create-job' }>;

const createJob = async (
  client: KubeClient,
  action: CreateJob,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  const uid = action.job.metadata.labels?.[LABELS.bundleUid] ?? '';
  for (const secret of action.secrets) {
    const there = await createOrGet<Secret>(client, SECRETS, secret, signal);
    if (!madeFor(there, uid, action.deployment)) return taken(action, `Secret ${secret.metadata.name}`);
  }
  const job = await createOrGet<Job>(client, JOBS, action.job, signal);
  const ours = madeFor(job, uid, action.deployment) && job.metadata.deletionTimestamp === undefined;
  if (!ours) return taken(action, `Job ${action.job.metadata.name}`);
  return giveSecrets(client, { job, secrets: action.secrets }, signal);
};

/** From now on the Secrets go when the Job goes. The Job is there and counts, so a refusal is not its failure. */
const giveSecrets = async (
  client: KubeClient,
  { job, secrets }: { readonly job: Job; readonly secrets: readonly Secret[] },
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  try {
    for (const secret of secrets) {
      const ref = { namespace: job.metadata.namespace ?? '', name: secret.metadata.name ?? '' };
      await client.mergePatch<Secret>(SECRETS, ref, ownedBy(job), {}, signal);
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
    return REFUSALS.has(error.code) ? undefined : { kind: 'interrupted', error };
  }
};

const taken = ({ deployment }: CreateJob, what: string): ExecuteFailure => ({
  kind: 'taken',
  deployment,
  message: `${what} exists already and is not this deployment's`,
});

/** An object of that name that exists already is what an earlier try left, or a stranger's: the caller looks. */
const createOrGet = async <T extends KubeObject>(
  client: KubeClient,
  type: ResourceType,
  object: T,
  signal: AbortSignal,
): Promise<T> => {
  try {
    return await client.create<T>(type, object, signal);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 'already-exists') throw error;
    const ref = { namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
    const there = await client.get<T>(type, ref, signal);
    if (there === undefined)
      throw new KubeError('conflict', `${type.plural} ${ref.namespace}/${ref.name} came and went`, { cause: error });
    return there;
  }
};

/** Does what is only tidy. @returns the failures, which the Job's deletion will make good */
export const cleanUp = async (
  client: KubeClient,
  cleanup: readonly Cleanup[],
  signal: AbortSignal,
): Promise<readonly KubeError[]> => {
  const failures: KubeError[] = [];
  for (const { namespace, names } of cleanup) {
    for (const name of names) {
      const failure = await deleteQuietly(client, { namespace, name }, signal);
      if (failure !== undefined) failures.push(failure);
    }
  }
  return failures;
};

const deleteQuietly = async (
  client: KubeClient,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<KubeError | undefined> => {
  try {
    await client.delete(SECRETS, ref, {}, signal);
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && error.code !== 'aborted') return error;
    throw error;
  }
};
