import type { Stored } from '../../api/objects.js';
import { type ClusterRef, type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { refName } from '../../kube/resource-path.js';
import { CONFIGMAPS, SECRETS } from '../../kube/resources.js';

/**
 * Letters that a page reads of all sources of a bundle's values. They are parsed where all pages are answered, not in a thread: a text of a
 * megabyte can be made to take seconds, and more memory than there is.
 */
const MOST_LETTERS = 128 * 1024;

/**
 * A client that reads ConfigMaps and Secrets up to a size, all together.
 * @returns reads beyond it throw a KubeError `too-large`, with what shows them
 */
export const smallSources = (client: KubeClient): KubeClient => {
  let left = MOST_LETTERS;
  const get = async <S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal) => {
    const object = await client.get(type, ref, signal);
    if (object === undefined || (type.plural !== CONFIGMAPS.plural && type.plural !== SECRETS.plural)) return object;
    left -= lettersOf(object as { readonly data?: Readonly<Record<string, string>> });
    if (left >= 0) return object;
    const kb = MOST_LETTERS / 1024;
    throw new KubeError(
      'too-large',
      `with ${type.kind} ${refName(ref)} the values have more than ${kb} KB, which this page does not read: werfbundle explain does`,
    );
  };
  return new Proxy(client, {
    get: (of, name) => {
      if (name === 'get') return get;
      const found: unknown = Reflect.get(of, name, of);
      return typeof found === 'function' ? found.bind(of) : found;
    },
  });
};

const lettersOf = ({ data = {} }: { readonly data?: Readonly<Record<string, string>> }): number =>
  Object.entries(data).reduce((sum, [key, text]) => sum + key.length + text.length, 0);
