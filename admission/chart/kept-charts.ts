import { LRUCache } from 'lru-cache';
import { keptChartName } from '../../api/chart/kept-chart.js';
import type { ConfigMap } from '../../api/objects.js';
import { type KubeClient, KubeError } from '../../kube/client.js';
import { CONFIGMAPS } from '../../kube/resources.js';
import type { LookupMetrics } from '../metrics.js';

/** What the controller has kept of a chart. */
type Kept =
  | { readonly kind: 'found'; readonly configMap: ConfigMap; readonly bytes: number }
  | { readonly kind: 'absent' }
  /** `why` is the apiserver's own message. */
  | { readonly kind: 'failed'; readonly why: string };

interface KeptChartsDeps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly metrics: LookupMetrics;
  /** The operator's own. */
  readonly namespace: string;
}

/** Of all that are remembered, bytes as they were sent: the largest charts that many use have some 100 KB. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The charts that the controller keeps, by name and one by one. What was found is remembered: it is never changed, and another digest has another
 * name. What was absent is asked for again: the controller may just have written it.
 */
export class KeptCharts {
  readonly #deps: KeptChartsDeps;
  readonly #found = new LRUCache<string, Kept & { kind: 'found' }>({ maxSize: MAX_BYTES });

  constructor(deps: KeptChartsDeps) {
    this.#deps = deps;
  }

  /** Never rejects for what the apiserver does. @param digest - any text */
  async get(digest: string, signal: AbortSignal): Promise<Kept> {
    const name = keptChartName(digest);
    if (name === undefined) return { kind: 'absent' };
    const known = this.#found.get(digest) ?? (await this.#ask(name, signal));
    if (known.kind === 'found') this.#found.set(digest, known, { size: known.bytes });
    return known;
  }

  async #ask(name: string, signal: AbortSignal): Promise<Kept> {
    const { client, metrics, namespace } = this.#deps;
    let kept: Kept = { kind: 'failed', why: 'no answer in time' };
    try {
      const found = await client.get(CONFIGMAPS, { namespace, name }, signal);
      kept = found === undefined ? { kind: 'absent' } : foundOf(found);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.code !== 'aborted') kept = { kind: 'failed', why: error.message };
    }
    metrics.lookedUp(CONFIGMAPS.kind, kept.kind);
    return kept;
  }
}

/** Of the rest, which may be large as well, nothing is remembered. */
const foundOf = ({ metadata, data = {}, binaryData = {} }: ConfigMap): Kept & { kind: 'found' } => {
  const { namespace, name } = metadata;
  const texts = [...Object.values(data), ...Object.values(binaryData)];
  const bytes = texts.reduce((sum, { length }) => sum + length, 1);
  return { kind: 'found', configMap: { metadata: { namespace, name }, data, binaryData }, bytes };
};
