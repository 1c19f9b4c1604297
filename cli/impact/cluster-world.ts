import type { Found, ObjectName, World } from '../../api/impact/world.js';
import type { StoredBundle } from '../../api/werfbundle.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { WERFBUNDLES } from '../../kube/resources.js';
import { Semaphore } from '../../process/semaphore.js';
import { clusterReader, type Reader } from '../explain/read.js';
import { REFERRED } from './changes.js';

/** How many reads are under way at once. */
const READS = 16;

/** What there is in a cluster of the objects that were asked for, read with the rights of the client's user. It holds contents of Secrets. */
export class ClusterWorld implements World {
  readonly #read: Reader;
  readonly #slots = new Semaphore(READS);
  readonly #found = new Map<string, Found>();

  constructor(client: Pick<KubeClient, 'get'>, signal: AbortSignal) {
    this.#read = clusterReader(client, signal);
  }

  /** Reads objects, each once. @throws KubeError when the apiserver could not be asked */
  async read(names: Iterable<ObjectName>): Promise<void> {
    const wanted = new Map([...names].filter(({ key }) => !this.#found.has(key)).map((name) => [name.key, name]));
    await Promise.all(
      [...wanted.values()].map((name) =>
        this.#slots.run(async () => void this.#found.set(name.key, await readOne(this.#read, name))),
      ),
    );
  }

  /** What was not read is unknown. */
  find({ key }: ObjectName): Found {
    return this.#found.get(key) ?? NOT_READ;
  }
}

const NOT_READ: Found = { kind: 'unknown', why: 'was not read' };

const readOne = async (read: Reader, { kind, ref: { namespace, name } }: ObjectName): Promise<Found> => {
  const answer = await read(REFERRED[kind], namespace === '' ? { name } : { namespace, name });
  return answer.kind === 'unreadable' ? { kind: 'unknown', why: answer.why } : answer;
};

/** The bundles that a user may see. */
interface SeenBundles {
  readonly bundles: readonly StoredBundle[];
  /** The namespaces that were looked at, where not all may be; undefined: all of them. */
  readonly only: readonly string[] | undefined;
}

/** Lists all bundles; for who may not do that, those of some namespaces. @throws KubeError */
export const seenBundles = async (
  client: Pick<KubeClient, 'list'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<SeenBundles> => {
  const all = await bundlesIn(client, undefined, signal);
  if (all !== undefined) return { bundles: all, only: undefined };
  const bundles: StoredBundle[] = [];
  const only: string[] = [];
  for (const namespace of namespaces) {
    const some = await bundlesIn(client, namespace, signal);
    if (some === undefined) continue;
    bundles.push(...some);
    only.push(namespace);
  }
  return { bundles, only };
};

/** Undefined: the user may not list them. */
const bundlesIn = async (client: Pick<KubeClient, 'list'>, namespace: string | undefined, signal: AbortSignal) => {
  try {
    return (await client.list(WERFBUNDLES, namespace === undefined ? {} : { namespace }, signal)).items;
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return undefined;
    throw error;
  }
};
