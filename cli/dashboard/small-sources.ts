import type { Stored } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { type ClusterRef, type KubeClient, KubeError, type ResourceType } from '../../kube/client.js';
import { refName } from '../../kube/resource-path.js';
import { CONFIGMAPS, SECRETS } from '../../kube/resources.js';
import type { Reader } from '../explain/read.js';

/**
 * Letters that a page reads of all sources of a bundle's values. They are parsed where all pages are answered, not in a thread: a text of a
 * megabyte can be made to take seconds, and more memory than there is.
 */
const MOST_LETTERS = 128 * 1024;

/** A source that is not read. */
class TooLarge extends KubeError {
  /** Completes "ConfigMap ops/settings". */
  readonly why: string;

  constructor(source: string, why: string) {
    super('too-large', `${source} ${why}: werfbundle explain reads it`);
    this.why = why;
  }
}

/**
 * A client that reads ConfigMaps and Secrets up to a size, all together. What is too large takes no room from others.
 * @returns reads beyond it throw a KubeError `too-large`, with what shows them
 */
export const smallSources = (client: KubeClient): KubeClient => {
  let taken = 0;
  /** An object that is named twice takes its room once. */
  const counted = new Set<string>();
  const get = async <S extends Stored>(type: ResourceType<S>, ref: ClusterRef, signal: AbortSignal) => {
    const object = await client.get(type, ref, signal);
    if (object === undefined || (type.plural !== CONFIGMAPS.plural && type.plural !== SECRETS.plural)) return object;
    const source = `${type.kind} ${refName(ref)}`;
    if (counted.has(source)) return object;
    const letters = lettersOf(object as { readonly data?: Readonly<Record<string, string>> });
    if (taken + letters > MOST_LETTERS) throw new TooLarge(source, whyOf(letters, taken));
    taken += letters;
    counted.add(source);
    return object;
  };
  return new Proxy(client, {
    get: (of, name) => {
      if (name === 'get') return get;
      const found: unknown = Reflect.get(of, name, of);
      return typeof found === 'function' ? found.bind(of) : found;
    },
  });
};

/** Why a bundle's own values are not explained; undefined: they are small enough. */
export const ownTooLarge = ({ spec }: StoredBundle): string | undefined => {
  const letters = JSON.stringify(spec.converge?.values ?? {}).length;
  return letters > MOST_LETTERS ? whyOf(letters, 0) : undefined;
};

const whyOf = (letters: number, taken: number): string => {
  const others = letters > MOST_LETTERS ? '' : `, of which others take ${inKb(taken)}`;
  return `is too large to be shown here (${inKb(letters)}; limit ${inKb(MOST_LETTERS)}${others})`;
};

const inKb = (letters: number): string => `${Math.ceil(letters / 1024)} KB`;

/** Looks with such a client: what is too large is left out like what may not be read, so that the other sources are shown. */
export const smallReader =
  (read: Reader): Reader =>
  async (type, ref) => {
    try {
      return await read(type, ref);
    } catch (error) {
      if (error instanceof TooLarge) return { kind: 'unreadable', why: error.why };
      throw error;
    }
  };

const lettersOf = ({ data = {} }: { readonly data?: Readonly<Record<string, string>> }): number =>
  Object.entries(data).reduce((sum, [key, text]) => sum + key.length + text.length, 0);
