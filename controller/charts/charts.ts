import { LRUCache } from 'lru-cache';
import type { ChartVerdict } from '../../api/chart/chart-verdict.js';
import type { ConfigMap } from '../../api/objects.js';
import { sourceBytes } from '../../api/values/resolve.js';
import { jobOf } from '../../api/values/values-job.js';
import type { Clock, Log } from '../../process/ports.js';
import type { BundleArchives, RegistryTarget } from '../../registry/port.js';
import { targetKey } from '../../registry/target.js';
import type { ReadingThread } from '../values/reading-thread.js';
import type { ChartStore } from './chart-store.js';
import { ChartThread } from './chart-thread.js';
import type { JudgesByCharts, ValuesForChart } from './judges-by-charts.js';
import { readArchive } from './read-archive.js';
import { hasNoSchema } from './small-archive.js';
import type { Judging, Keeping, KeptContent } from './thread-charts.js';

interface ChartsDeps {
  readonly archives: BundleArchives;
  readonly store: ChartStore;
  readonly thread: Pick<ReadingThread, 'run'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The operator's. */
  readonly namespace: string;
  /** Divides how long a failure is remembered. */
  readonly timeScale: number;
  readonly onRead: (result: ChartReadResult) => void;
  /** Ends what several bundles may wait for. */
  readonly signal: AbortSignal;
}

/** What became of a chart that a registry was asked for. `unjudged`: nothing can be judged by it, which is kept. */
export type ChartReadResult = 'kept' | 'no-schema' | 'unjudged' | 'failed';

/** What is known of a chart. `unknown`: it could not be read; `why` is a sentence without an end. */
type Known =
  | { readonly kind: 'no-schema' }
  | { readonly kind: 'kept'; readonly content: KeptContent }
  | { readonly kind: 'unknown'; readonly why: string };

/** A chart that is wanted. */
type Wanted = Pick<ValuesForChart, 'digest' | 'target'>;

/** Digests of charts without a schema: a forgotten one costs two requests to the registry. */
const WITHOUT_SCHEMA = 5_000;
/** Characters of kept charts in memory: a forgotten one costs one request to the apiserver. */
const CONTENT = 4 * 1024 * 1024;
const FAILURES = 1_000;
/** How long a chart that could not be read is not asked for again, milliseconds; divided by the time scale. */
const FAILURE_MS = 5 * 60_000;

/**
 * The charts of bundles, shared by all of them by their digests. Each is read once: from memory, from its ConfigMap, or from the registry, and
 * is then kept. What could not be read is not asked for again at each look.
 */
export class Charts implements JudgesByCharts {
  readonly #deps: ChartsDeps;
  readonly #withoutSchema = new LRUCache<string, true>({ max: WITHOUT_SCHEMA });
  readonly #kept = new LRUCache<string, KeptContent>({
    maxSize: CONTENT,
    sizeCalculation: ({ binaryData }) => (binaryData?.['chart']?.length ?? 0) + 1_000,
  });
  /** By the key of what is wanted; monotonic. */
  readonly #failures = new LRUCache<string, { readonly why: string; readonly until: number }>({ max: FAILURES });
  readonly #reading = new Map<string, Promise<Known>>();

  readonly #thread: ChartThread;

  constructor(deps: ChartsDeps) {
    this.#deps = deps;
    this.#thread = new ChartThread(deps);
  }

  async judge(question: ValuesForChart, signal: AbortSignal): Promise<ChartVerdict> {
    const alone = this.#thread.whyLeftAlone(question.digest);
    if (alone !== undefined) return unjudged(alone);
    const judging = await this.#judgedBy(await this.#known(question), question, signal);
    if (judging.kind !== 'foreign') return judging;
    // What no controller has written so counts as not there; its name is taken, so that this process keeps the chart for itself.
    this.#kept.delete(question.digest);
    const known = await this.#once(question, () => this.#pulled(question));
    const anew = await this.#judgedBy(known, question, signal);
    return anew.kind === 'foreign' ? unjudged('its kept form can\u2019t be read') : anew;
  }

  async #judgedBy(known: Known, { digest, input }: ValuesForChart, signal: AbortSignal): Promise<Judging> {
    if (known.kind === 'no-schema') return { kind: 'accepts' };
    if (known.kind === 'unknown') return unjudged(known.why);
    const job = { kind: 'judge', digest, kept: known.content, values: jobOf(input) } as const;
    const bytes = sourceBytes(input.sources) + (job.values.inline?.length ?? 0);
    const judged = await this.#thread.run<'judge'>(job, { digest, bytes }, signal);
    return judged.kind === 'answer' ? judged.answer : unjudged(judged.why);
  }

  #known(wanted: Wanted): Promise<Known> | Known {
    const { digest } = wanted;
    if (this.#withoutSchema.has(digest)) return { kind: 'no-schema' };
    const content = this.#kept.get(digest);
    return this.#once(wanted, () => (content === undefined ? this.#read(wanted) : this.#keptAgain(digest, content)));
  }

  /** There was no room for it, or it was swept meanwhile: what is in memory is not pulled again for that. */
  async #keptAgain(digest: string, content: KeptContent): Promise<Known> {
    const { store, signal } = this.#deps;
    await store.keep(digest, content, signal);
    return { kind: 'kept', content };
  }

  /** Of all bundles that want the same at the same time, one reads. */
  #once(wanted: Wanted, read: () => Promise<Known>): Promise<Known> {
    const key = keyOf(wanted);
    const reading = this.#reading.get(key) ?? read().finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  async #read(wanted: Wanted): Promise<Known> {
    const { clock, store, signal } = this.#deps;
    const failure = this.#failures.get(keyOf(wanted));
    if (failure !== undefined && clock.monotonic() < failure.until) return { kind: 'unknown', why: failure.why };
    const content = await store.find(wanted.digest, signal);
    return content === undefined ? await this.#pulled(wanted) : this.#remembered(wanted.digest, content);
  }

  async #pulled(wanted: Wanted): Promise<Known> {
    const { store, onRead, log, signal } = this.#deps;
    const pulled = await readArchive(this.#deps, wanted, signal);
    if (pulled.kind === 'failed') return this.#failed(wanted, pulled.why);
    const { digest } = wanted;
    const keeping =
      pulled.kind === 'archive' ? await this.#keptOf(digest, pulled.bytes) : keptSo(store.unjudged(digest, pulled.why));
    if (keeping.kind === 'unknown') {
      onRead('failed');
      return keeping;
    }
    if (keeping.kind === 'none') {
      onRead('no-schema');
      this.#withoutSchema.set(digest, true);
      return { kind: 'no-schema' };
    }
    const { configMap } = keeping;
    const why = configMap.data?.['reason'];
    onRead(why === undefined ? 'kept' : 'unjudged');
    if (why !== undefined) log.info('values are not judged by the schema of their chart', { digest, why });
    await store.keep(digest, configMap, signal);
    return this.#remembered(digest, configMap);
  }

  /** What the chart itself says: neither that there was too little time, nor memory, which may be otherwise another day. */
  async #keptOf(digest: string, archive: Buffer): Promise<Keeping | Extract<Known, { kind: 'unknown' }>> {
    if (hasNoSchema(archive)) return { kind: 'none' };
    const { namespace, signal } = this.#deps;
    const job = { kind: 'keep', digest, namespace, archive } as const;
    const kept = await this.#thread.run<'keep'>(job, { digest, bytes: archive.length }, signal);
    return kept.kind === 'answer' ? kept.answer : kept;
  }

  #remembered(digest: string, { data, binaryData }: KeptContent): Known {
    const content = { ...(data && { data }), ...(binaryData && { binaryData }) };
    this.#kept.set(digest, content);
    return { kind: 'kept', content };
  }

  #failed(wanted: Wanted, why: string): Known {
    const { clock, log, timeScale, onRead } = this.#deps;
    const { host, repository } = wanted.target;
    onRead('failed');
    log.warn('values are not judged by the schema of their chart, which could not be read', {
      repository: `${host}/${repository}`,
      digest: wanted.digest,
      error: why,
    });
    this.#failures.set(keyOf(wanted), { why, until: clock.monotonic() + FAILURE_MS / timeScale });
    return { kind: 'unknown', why };
  }
}

const keptSo = (configMap: ConfigMap): Keeping => ({ kind: 'kept', configMap });

const unjudged = (why: string): ChartVerdict => ({ kind: 'unjudged', why });

/** Where others may have other credentials, they are others. */
const keyOf = ({ digest, target }: { readonly digest: string; readonly target: RegistryTarget }): string =>
  `${digest} ${targetKey(target)}`;
