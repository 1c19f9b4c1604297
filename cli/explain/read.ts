import type { Stored } from '../../api/objects.js';
import { type ClusterRef, type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import type { Reads } from '../../kube/get-once.js';
import { refName } from '../../kube/resource-path.js';
import { SERVICEACCOUNTS } from '../../kube/resources.js';
import { asStored, type InputObjects, isEncrypted } from '../validate/input-objects.js';

/** What came of looking for an object. `unreadable`: it may exist; `why` completes "Secret ops/database". */
export type Read<T> =
  | { readonly kind: 'found'; readonly object: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Looks for objects. @throws KubeError when the apiserver could not be asked */
export type Reader = <S extends Stored>(type: ResourceType<S>, ref: ClusterRef) => Promise<Read<S>>;

const FORBIDDEN = 'may not be read by you';

/** Looks in a cluster, with the rights of the client's user: what these don't allow to be seen is not absent. */
export const clusterReader =
  (client: Pick<KubeClient, 'get'>, signal: AbortSignal): Reader =>
  async (type, ref) => {
    try {
      const object = await client.get(type, ref, signal);
      return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
    } catch (error) {
      if (error instanceof KubeError && error.code === 'forbidden') return { kind: 'unreadable', why: FORBIDDEN };
      throw error;
    }
  };

/**
 * Looks among the objects of files first.
 * @param input.near - the file of the bundle
 * @param input.otherwise - where else; undefined: what the files don't hold is not known
 */
export const inputReader =
  (input: { readonly objects: InputObjects; readonly near: string; readonly otherwise: Reader | undefined }): Reader =>
  async <S extends Stored>(type: ResourceType<S>, ref: ClusterRef): Promise<Read<S>> => {
    const { otherwise } = input;
    const found = input.objects.find(type.kind, ref, input.near);
    if (found === undefined) return otherwise?.(type, ref) ?? unknownIn(type, ref);
    // Only the cluster knows the content of an encrypted one.
    if (otherwise !== undefined && isEncrypted(found)) return otherwise(type, ref);
    try {
      // The type of a resource is the type of its objects.
      return { kind: 'found', object: asStored(type, found) as S };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return { kind: 'unreadable', why: error.message.replace(/^the one of /, 'of ') };
    }
  };

const unknownIn = <S extends Stored>(type: ResourceType<S>, ref: ClusterRef): Read<S> =>
  // Kubernetes itself creates this account in every namespace.
  type.kind === SERVICEACCOUNTS.kind && ref.name === 'default'
    ? { kind: 'found', object: { metadata: ref } as S }
    : { kind: 'unreadable', why: 'is not in the input' };

/** A reader for the controller's own functions. `get` throws a KubeError `forbidden`, whose message is a whole sentence, for what is unreadable. */
export const asReads = (read: Reader): Reads => ({
  get: async <S extends Stored>(type: ResourceType<S>, ref: ClusterRef): Promise<S | undefined> => {
    const found = await read(type, ref);
    if (found.kind === 'unreadable') throw new KubeError('forbidden', `${type.kind} ${refName(ref)} ${found.why}`);
    return found.kind === 'found' ? found.object : undefined;
  },
});
