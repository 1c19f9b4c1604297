import { releaseNameOf, targetNamespaceOf } from '../../api/names.js';
import type { Job, ObjectRef, Pod, Secret, Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { LABELS } from '../../controller/deploy/names.js';
import { type KubeClient, KubeError, type ListOptions, type ResourceType } from '../../kube/client.js';
import { JOBS, PODS, SECRETS } from '../../kube/resources.js';
import { findLive, type LiveObject } from './live-object.js';
import { type HeldObject, type RecordedRelease, recordedRelease } from './release.js';

/** What a list came to. */
type ListSeen<T> = { readonly kind: 'listed'; readonly items: readonly T[] } | { readonly kind: 'forbidden' };

/** What belongs to a bundle, as its user may see it. */
export interface TreeSeen {
  readonly bundle: StoredBundle;
  readonly jobs: ListSeen<Stored<Job>>;
  readonly pods: ListSeen<Stored<Pod>>;
  readonly release: ReleaseSeen;
}

interface ReleaseSeen {
  /** Of the release. */
  readonly ref: ObjectRef;
  readonly record:
    | { readonly kind: 'found'; readonly release: RecordedRelease }
    /** It may not be read, there is none, or it is not in a form that is known. */
    | { readonly kind: 'forbidden' | 'absent' | 'unreadable' };
  readonly objects: readonly { readonly object: HeldObject; readonly live: LiveObject }[];
}

type Client = Pick<KubeClient, 'get' | 'list'>;

/** Reads what belongs to a bundle. @throws KubeError when the apiserver could not be asked */
export const observeTree = async (client: Client, bundle: StoredBundle, signal: AbortSignal): Promise<TreeSeen> => {
  const namespace = targetNamespaceOf(bundle);
  const where = { namespace, labelSelector: `${LABELS.bundleUid}=${bundle.metadata.uid}` };
  const [jobs, pods, release] = await Promise.all([
    listed(client, JOBS, where, signal),
    listed(client, PODS, where, signal),
    readRelease(client, { namespace, name: releaseNameOf(bundle) }, signal),
  ]);
  return { bundle, jobs, pods, release };
};

const listed = async <S extends Stored>(
  client: Client,
  type: ResourceType<S>,
  where: ListOptions,
  signal: AbortSignal,
): Promise<ListSeen<S>> => {
  try {
    return { kind: 'listed', items: (await client.list(type, where, signal)).items };
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return { kind: 'forbidden' };
    throw error;
  }
};

const readRelease = async (client: Client, ref: ObjectRef, signal: AbortSignal): Promise<ReleaseSeen> => {
  const where = { namespace: ref.namespace, labelSelector: `owner=helm,name=${ref.name}` };
  const found = await listed<Stored<Secret>>(client, SECRETS, where, signal);
  if (found.kind === 'forbidden') return { ref, record: { kind: 'forbidden' }, objects: [] };
  const secret = newest(found.items);
  if (secret === undefined) return { ref, record: { kind: 'absent' }, objects: [] };
  const release = recordedRelease(secret);
  if (release === undefined) return { ref, record: { kind: 'unreadable' }, objects: [] };
  const objects: { readonly object: HeldObject; readonly live: LiveObject }[] = [];
  for (const some of inChunks(release.objects)) {
    const looked = some.map(async (object) => ({
      object,
      live: await findLive(client, { object, namespace: ref.namespace }, signal),
    }));
    objects.push(...(await Promise.all(looked)));
  }
  return { ref, record: { kind: 'found', release }, objects };
};

/** The version that is deployed; else the last one. */
const newest = (secrets: readonly Stored<Secret>[]): Stored<Secret> | undefined => {
  const version = ({ metadata }: Secret): number => Number(metadata.labels?.['version'] ?? 0);
  const sorted = secrets.toSorted((a, b) => version(b) - version(a));
  return sorted.find(({ metadata }) => metadata.labels?.['status'] === 'deployed') ?? sorted[0];
};

/** So many objects are looked for at once. */
const AT_ONCE = 10;

const inChunks = (objects: readonly HeldObject[]): readonly (readonly HeldObject[])[] =>
  Array.from({ length: Math.ceil(objects.length / AT_ONCE) }, (_, at) =>
    objects.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
  );
