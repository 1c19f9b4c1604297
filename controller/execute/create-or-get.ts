import { type Named, type NewObject, refOf, type Stored } from '../../api/objects.js';
import { type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';

/** Codes that refuse this very object, rather than ask to try again later. */
export const REFUSALS: ReadonlySet<KubeError['code']> = new Set(['forbidden', 'invalid', 'not-found', 'too-large']);

/** Creates an object, or returns the one of that name. That is not new, but an earlier try's or a stranger's: the caller checks. */
export const createOrGet = async <S extends Stored>(
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
