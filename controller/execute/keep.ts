import { isDeepStrictEqual } from 'node:util';
import { refOf, type Secret } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { SECRETS } from '../../kube/resources.js';
import type { Action, ExecuteFailure, Keep } from '../decide/decision.js';
import { hasSameNumber, LABELS } from '../deploy/names.js';
import { createOrGet, REFUSALS } from './create-or-get.js';

/**
 * Refusals, and what is still there after it was deleted: a finalizer of others holds it, for as long as they like.
 */
const LETS_NOTHING_BE_KEPT: ReadonlySet<KubeError['code']> = new Set([...REFUSALS, 'already-exists']);

/** Whether a Secret keeps just this, and stays. */
const keeps = ({ metadata, immutable, data }: Secret, wanted: Secret['data']): boolean =>
  metadata.deletionTimestamp === undefined && immutable === true && isDeepStrictEqual(data, wanted);

/** Keeps a saved plan. One that an earlier process has kept under the same number is replaced: its Job was made once more. */
export const keepPlan = async (
  client: KubeClient,
  { secret }: Extract<Action, { kind: 'keep-plan' }>,
  signal: AbortSignal,
): Promise<ExecuteFailure | undefined> => {
  const unkept = (message: string): ExecuteFailure => ({ kind: 'plan-unkept', message });
  try {
    const { object: existing } = await createOrGet(client, SECRETS, secret, signal);
    if (keeps(existing, secret.data)) return undefined;
    if (!hasSameNumber(existing, secret)) return unkept(`Secret ${secret.metadata.name} was made for something else`);
    await client.delete(SECRETS, refOf(existing), { uid: existing.metadata.uid }, signal);
    await client.create(SECRETS, secret, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError) || !LETS_NOTHING_BE_KEPT.has(error.code)) throw error;
    return unkept(error.message);
  }
};

/**
 * Writes what is to be kept over what was kept before. It is no failure of the deployment if that is refused: only a return needs it. Each
 * step may be done again after a crash, since the Job's own Secret is deleted last.
 */
export const keep = async (
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
    if (existing !== undefined && keeps(existing, made.data)) return undefined;
    if (existing !== undefined) await client.delete(SECRETS, refOf(existing), { uid: existing.metadata.uid }, signal);
    await client.create(SECRETS, { ...secret, data: made.data }, signal);
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError) || !LETS_NOTHING_BE_KEPT.has(error.code)) throw error;
    return { kind: 'not-kept', message: `${message}: ${error.message}` };
  }
};
