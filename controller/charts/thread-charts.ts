import { LRUCache } from 'lru-cache';
import { type Chart, loadChart } from '../../api/chart/chart.js';
import { type ChartVerdict, chartVerdict } from '../../api/chart/chart-verdict.js';
import { decodeKeptChart, encodeKeptChart, type KeptChart, keptChartOf } from '../../api/chart/kept-chart.js';
import { unpackChart } from '../../api/chart/unpack.js';
import type { ConfigMap } from '../../api/objects.js';
import { inputOf, type ValuesJob } from '../../api/values/values-job.js';

/** An archive that was pulled, of which is to be kept what judging needs. */
export interface KeepingJob {
  /** Of the bundle's manifest. */
  readonly digest: string;
  /** The operator's. */
  readonly namespace: string;
  readonly archive: Uint8Array;
}

/** What is to be kept. `none`: there is no schema. */
export type Keeping = { readonly kind: 'none' } | { readonly kind: 'kept'; readonly configMap: ConfigMap };

/** Values that are to be judged by a kept chart. */
export interface JudgingJob {
  readonly digest: string;
  readonly kept: KeptContent;
  readonly values: ValuesJob;
}

/** Of the ConfigMap in which a chart is kept. */
export type KeptContent = Pick<ConfigMap, 'data' | 'binaryData'>;

/** `foreign`: no controller has written that ConfigMap so. */
export type Judging = ChartVerdict | { readonly kind: 'foreign' };

/** An archive, unpacked, with all its templates; bytes. */
const UNPACKED_BYTES = 32 * 1024 * 1024;
/** Of the charts that stay ready to be used, bytes of their files: in memory one takes ten times that. */
const READY_BYTES = 4 * 1024 * 1024;

type Ready = { readonly kind: 'chart'; readonly chart: Chart } | Unjudged;
type Unjudged = { readonly kind: 'unjudged'; readonly why: string };

/** The work with charts that would hold up the event loop: to read one takes up to a second, to judge by one that is ready a third of a millisecond. */
export class ThreadCharts {
  readonly #ready = new LRUCache<string, Ready & { readonly bytes: number }>({
    maxSize: READY_BYTES,
    sizeCalculation: ({ bytes }) => bytes + 1,
  });

  keep({ digest, namespace, archive }: KeepingJob): Keeping {
    const unpacked = unpackChart(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength), UNPACKED_BYTES);
    const found =
      unpacked.kind === 'files'
        ? keptChartOf(unpacked.files)
        : unjudged(`its archive can\u2019t be read: ${unpacked.why}`);
    if (found === undefined) return { kind: 'none' };
    const ready = this.#load(digest, found);
    const kept = ready.kind === 'unjudged' ? ready : found;
    return { kind: 'kept', configMap: encodeKeptChart(kept, { digest, namespace }) };
  }

  judge({ digest, kept, values }: JudgingJob): Judging {
    const ready = this.#ready.get(digest) ?? this.#read(digest, kept);
    if (ready === undefined) return { kind: 'foreign' };
    return ready.kind === 'chart' ? chartVerdict(ready.chart, inputOf(values)) : { kind: 'unjudged', why: ready.why };
  }

  #read(digest: string, kept: KeptContent): Ready | undefined {
    const decoded = decodeKeptChart({ metadata: { name: '', namespace: '' }, ...kept }, digest);
    return decoded && this.#load(digest, decoded);
  }

  #load(digest: string, kept: KeptChart): Ready {
    const bytes = kept.kind === 'chart' ? [...kept.files.values()].reduce((sum, { length }) => sum + length, 0) : 0;
    const ready = readyOf(kept);
    this.#ready.set(digest, { ...ready, bytes });
    return ready;
  }
}

const readyOf = (kept: KeptChart): Ready => {
  if (kept.kind === 'unjudged') return kept;
  const loaded = loadChart(kept.files);
  return loaded.kind === 'chart' ? loaded : unjudged(loaded.why);
};

const unjudged = (why: string): Unjudged => ({ kind: 'unjudged', why });
