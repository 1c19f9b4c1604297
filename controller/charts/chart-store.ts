import {
  encodeKeptChart,
  KEPT_BY,
  KEPT_BYTES,
  keptBytes,
  keptChartName,
  keptConfigMap,
} from '../../api/chart/kept-chart.js';
import type { ConfigMap, NewObject, Stored } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { Log } from '../../process/ports.js';
import type { KeptRoom } from './kept-room.js';
import type { KeptContent } from './thread-charts.js';

interface ChartStoreDeps {
  readonly client: Pick<KubeClient, 'get' | 'create'>;
  readonly log: Log;
  /** The operator's. */
  readonly namespace: string;
  /** The Lease of the controllers with the same share: they sweep what they have kept. */
  readonly lease: string;
  readonly room: KeptRoom;
}

/** The ConfigMaps in which charts are kept. */
export class ChartStore {
  readonly #deps: ChartStoreDeps;

  constructor(deps: ChartStoreDeps) {
    this.#deps = deps;
  }

  /** @returns undefined if none is kept for the digest, or it may not be read @throws KubeError when the apiserver could not be asked */
  async find(digest: string, signal: AbortSignal): Promise<KeptContent | undefined> {
    const { client, namespace, log, room } = this.#deps;
    const name = keptChartName(digest);
    if (name === undefined) return undefined;
    room.use(name);
    try {
      const found = await client.get<Stored<ConfigMap>>(CONFIGMAPS, { namespace, name }, signal);
      if (found === undefined) room.free(name);
      else room.found(name, found.metadata.labels?.[KEPT_BY] === this.#deps.lease ? keptBytes(found) : 0);
      return found?.data?.['digest'] === digest ? found : undefined;
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== 'forbidden') throw error;
      log.warn('a kept chart may not be read: it is pulled again', { error: error.message });
      return undefined;
    }
  }

  /**
   * Keeps a chart, unless it is there, or there is no room: then only the next process and webhooks miss it. What could not be written is not
   * tried again before the next sweep.
   * @throws KubeError `aborted` when the signal is
   */
  async keep(digest: string, content: KeptContent, signal: AbortSignal): Promise<void> {
    const { client, namespace, lease, log, room } = this.#deps;
    const { metadata, ...rest } = keptConfigMap(content, { digest, namespace });
    const { name } = metadata;
    const bytes = keptBytes(content);
    room.use(name);
    const taken = room.take(name, bytes);
    if (taken === 'full')
      log.warn('no more charts are kept until some that nobody uses are deleted: webhooks do not judge by new ones');
    if (taken !== 'taken') return;
    const labels = { ...metadata.labels, [KEPT_BY]: lease };
    const labelled = { ...rest, metadata: { ...metadata, labels, annotations: { [KEPT_BYTES]: String(bytes) } } };
    try {
      await client.create<Stored<ConfigMap>>(CONFIGMAPS, labelled as NewObject<Stored<ConfigMap>>, signal);
    } catch (error) {
      if (!(error instanceof KubeError) || error.code === 'aborted') {
        room.free(name);
        throw error;
      }
      // Immutable, and named by its content: another process was quicker.
      if (error.code === 'already-exists') return;
      log.warn('a chart could not be kept: the next controller pulls it again, and webhooks do not judge by it', {
        error: error.message,
      });
    }
  }

  /** That nothing can be judged by a chart. */
  unjudged(digest: string, why: string): ConfigMap {
    return encodeKeptChart({ kind: 'unjudged', why }, { digest, namespace: this.#deps.namespace });
  }
}
