import { encodeKeptChart, KEPT_BY, keptChartName } from '../../api/chart/kept-chart.js';
import type { ConfigMap, NewObject, Stored } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { Log } from '../../process/ports.js';
import type { KeptContent } from './thread-charts.js';

interface ChartStoreDeps {
  readonly client: Pick<KubeClient, 'get' | 'create'>;
  readonly log: Log;
  /** The operator's. */
  readonly namespace: string;
  /** The Lease of the controllers with the same share: they sweep what they have kept. */
  readonly lease: string;
}

/** The ConfigMaps in which charts are kept. */
export class ChartStore {
  readonly #deps: ChartStoreDeps;

  constructor(deps: ChartStoreDeps) {
    this.#deps = deps;
  }

  /** @returns undefined if none is kept for the digest, or it may not be read @throws KubeError when the apiserver could not be asked */
  async find(digest: string, signal: AbortSignal): Promise<KeptContent | undefined> {
    const { client, namespace, log } = this.#deps;
    const name = keptChartName(digest);
    if (name === undefined) return undefined;
    try {
      const found = await client.get<Stored<ConfigMap>>(CONFIGMAPS, { namespace, name }, signal);
      return found?.data?.['digest'] === digest ? found : undefined;
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== 'forbidden') throw error;
      log.warn('a kept chart may not be read: it is pulled again', { error: error.message });
      return undefined;
    }
  }

  /** Keeps a chart; if that fails, only the next process misses it. @throws KubeError `aborted` when the signal is */
  async keep(configMap: ConfigMap, signal: AbortSignal): Promise<void> {
    const { client, lease, log } = this.#deps;
    const { metadata } = configMap;
    const labelled = { ...configMap, metadata: { ...metadata, labels: { ...metadata.labels, [KEPT_BY]: lease } } };
    try {
      await client.create<Stored<ConfigMap>>(CONFIGMAPS, labelled as NewObject<Stored<ConfigMap>>, signal);
    } catch (error) {
      if (!(error instanceof KubeError) || error.code === 'aborted') throw error;
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
