import { LRUCache } from 'lru-cache';
import { KubeError } from '../../kube/client.js';
import { Deadline } from '../../process/deadline.js';
import type { Clock, Log } from '../../process/ports.js';
import type { ReadingThread } from '../values/reading-thread.js';
import type { Judging, Keeping } from './thread-charts.js';

interface ChartThreadDeps {
  readonly thread: Pick<ReadingThread, 'run'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Divides how long a chart is left alone. */
  readonly timeScale: number;
}

/** What a job is about. */
interface About {
  /** Of the chart. */
  readonly digest: string;
  /** The size of the job: smaller ones go first. */
  readonly bytes: number;
}

/** `unknown`: there is no answer this time; `why` is a sentence without an end. */
type Outcome<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'unknown'; readonly why: string };

type AnswerTo<Kind extends 'keep' | 'judge'> = Kind extends 'keep' ? Keeping : Judging;

/** For one job, from when the thread begins it, milliseconds: the largest charts that many use take half a second. */
const WORKING_MS = 3_000;
/** How long a job waits for the thread, milliseconds: a deployment may wait so long. */
const WAITING_MS = 10_000;
/** How long a chart that took too much is left alone, milliseconds; divided by the time scale. */
const LEFT_ALONE_MS = 10 * 60_000;
const MAX_LEFT_ALONE = 1_000;

/**
 * The work with charts in the thread that all tenants share. What takes too much is the fault of the chart, which is left alone for a while;
 * what waits too long is the fault of others. Neither says anything of the chart that would hold on another day, so that none of it is kept.
 */
export class ChartThread {
  readonly #deps: ChartThreadDeps;
  /** By digest: why, and until when; monotonic. */
  readonly #leftAlone = new LRUCache<string, { readonly why: string; readonly until: number }>({ max: MAX_LEFT_ALONE });

  constructor(deps: ChartThreadDeps) {
    this.#deps = deps;
  }

  /** Why a chart is left alone; undefined if it is not. */
  whyLeftAlone(digest: string): string | undefined {
    const found = this.#leftAlone.get(digest);
    return found !== undefined && this.#deps.clock.monotonic() < found.until ? found.why : undefined;
  }

  /** @throws KubeError `aborted` when the signal is */
  async run<Kind extends 'keep' | 'judge'>(
    job: Parameters<typeof ReadingThread.prototype.run<Kind>>[0],
    { digest, bytes }: About,
    signal: AbortSignal,
  ): Promise<Outcome<AnswerTo<Kind>>> {
    const { clock, thread } = this.#deps;
    const alone = this.whyLeftAlone(digest);
    if (alone !== undefined) return unknown(alone);
    const waiting = new Deadline(clock, WAITING_MS, { signal });
    const working = new Deadline(clock, WORKING_MS, { signal });
    const outcome = await waiting
      .run((limit) => thread.run<Kind>(job, bytes, limit, working))
      .finally(() => working.release());
    if (outcome.kind === 'done') return { kind: 'answer', answer: outcome.answer as AnswerTo<Kind> };
    if (outcome.kind !== 'aborted') return this.#leaveAlone(digest, TOO_LARGE);
    if (working.expired) return this.#leaveAlone(digest, TOO_SLOW);
    if (!waiting.expired) throw new KubeError('aborted', 'judge values: stopped');
    this.#deps.log.warn('values are not judged by the schema of their chart', { digest, why: BUSY });
    return unknown(BUSY);
  }

  #leaveAlone(digest: string, why: string) {
    const { clock, log, timeScale } = this.#deps;
    log.warn('a chart is not judged by for ten minutes', { digest, why });
    this.#leftAlone.set(digest, { why, until: clock.monotonic() + LEFT_ALONE_MS / timeScale });
    return unknown(why);
  }
}

const TOO_SLOW = 'to judge by its schemas takes too much time';
const TOO_LARGE = 'to judge by its schemas takes too much memory';
const BUSY = 'too many others were being read';

const unknown = (why: string) => ({ kind: 'unknown', why }) as const satisfies Outcome<unknown>;
