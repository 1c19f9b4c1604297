import type { Stored } from '../../api/objects.js';
import { type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import type { HeldObject } from './release.js';

/** What became of looking for an object. `unknown`: the cluster does not serve its kind, or by another name than usual. */
export type LiveObject =
  | { readonly kind: 'found'; readonly object: Stored & { readonly status?: unknown } }
  | { readonly kind: 'absent' | 'forbidden' | 'unknown' };

/**
 * Looks for an object of any kind, by the plural that its kind has by custom; as one of a namespace first, then of the cluster.
 * @param namespace - of objects that name none @throws KubeError when the apiserver could not be asked
 */
export const findLive = async (
  client: Pick<KubeClient, 'get'>,
  { object, namespace }: { readonly object: HeldObject; readonly namespace: string },
  signal: AbortSignal,
): Promise<LiveObject> => {
  const { name } = object;
  const type = typeOf(object);
  const own = { namespace: object.namespace ?? namespace, name };
  const there = await look(() => client.get({ ...type, namespaced: true }, own, signal));
  if (there.kind === 'found' || there.kind === 'absent') return there;
  const ofCluster = await look(() => client.get({ ...type, namespaced: false }, { name }, signal));
  return ofCluster.kind === 'unknown' ? there : ofCluster;
};

const look = async (get: () => Promise<Stored | undefined>): Promise<LiveObject> => {
  try {
    const object = await get();
    return object === undefined ? { kind: 'absent' } : { kind: 'found', object };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.code === 'forbidden') return { kind: 'forbidden' };
    // A 404 that names no object: the kind is not served there. A release may name what no apiserver takes, too: the rest is shown.
    if (error.status === 404 || error.code === 'invalid') return { kind: 'unknown' };
    throw error;
  }
};

const typeOf = ({ apiVersion, kind }: HeldObject): Omit<ResourceType, 'namespaced'> => {
  const [first = '', second] = apiVersion.split('/');
  const [group, version] = second === undefined ? ['', first] : [first, second];
  return { group, version, kind, plural: pluralOf(kind) };
};

/**
 * As Kubernetes itself guesses it, right for all of its own kinds; a wrong guess is told as unknown, never as absent.
 * @see https://pkg.go.dev/k8s.io/apimachinery/pkg/api/meta#UnsafeGuessKindToResource
 */
const pluralOf = (kind: string): string => {
  const singular = kind.toLowerCase();
  if (singular === 'endpoints') return singular;
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
};
