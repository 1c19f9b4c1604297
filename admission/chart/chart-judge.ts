import { LRUCache } from 'lru-cache';
import type { ChartProblem } from '../../api/chart/chart-problems.js';
import type { Warning } from '../../api/problem.js';
import { isTooDeep } from '../../api/values/deliverable.js';
import type { ResolveInput } from '../../api/values/resolve.js';
import { jobOf } from '../../api/values/values-job.js';
import { Deadline } from '../../process/deadline.js';
import type { Clock, Log } from '../../process/ports.js';
import type { PoolOutcome } from '../../process/thread-pool.js';
import { checkable } from '../values/limits.js';
import type { ValuesPool } from '../values/values-pool.js';
import type { KeptCharts } from './kept-charts.js';
import type { ChartFindings } from './loaded-charts.js';

/** All values of a bundle, and the digest of the bundle whose chart is to judge them. */
interface ChartQuestion {
  readonly digest: string;
  /** All that there is: a source without `found` is one that does not exist. */
  readonly values: ResolveInput;
}

/** What a chart says of values; nothing of a Secret's contents is in it. */
export type ChartAnswer =
  | {
      readonly kind: 'judged';
      /** `shop 1.2.0` */
      readonly chart: string;
      readonly problems: readonly ChartProblem[];
      /** What could not be judged. */
      readonly warnings: readonly Warning[];
    }
  /** Without a warning where there is nothing to judge by, as with most charts. */
  | { readonly kind: 'unjudged'; readonly warnings: readonly Warning[] };

interface ChartJudgeDeps {
  readonly kept: Pick<KeptCharts, 'get'>;
  readonly pool: Pick<ValuesPool, 'judgeByChart'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Larger values are judged by the controller alone: they are parsed once more for it. */
const MAX_VALUES_BYTES = 256 * 1024;
/** A chart that takes longer holds up the thread for all others, milliseconds; the largest that many use takes half a second, once. */
const JUDGING_MS = 3000;
/** How long a chart that took too much is left alone, milliseconds. */
const LEFT_ALONE_MS = 10 * 60_000;
const MAX_LEFT_ALONE = 1000;

/** Judges values by charts that the controller has kept. */
export class ChartJudge {
  readonly #deps: ChartJudgeDeps;
  /** By digest: why, and until when. */
  readonly #leftAlone = new LRUCache<string, { readonly why: string; readonly until: number }>({ max: MAX_LEFT_ALONE });

  constructor(deps: ChartJudgeDeps) {
    this.#deps = deps;
  }

  /** Whether there is anything to judge by, or that can't be found out: with most charts there is nothing. Never rejects for what the apiserver does. */
  async isKept(digest: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#deps.kept.get(digest, signal)).kind !== 'absent';
  }

  /** Resolves soon after `signal` is aborted; never rejects for what apiserver, chart or values are like. */
  async judge({ digest, values }: ChartQuestion, signal: AbortSignal): Promise<ChartAnswer> {
    const { question, warnings, bytes } = checkable(values);
    // That they are too large, or too deep, is told where they are read.
    if (warnings.length > 0 || isTooDeep(question.inline)) return NOTHING;
    const kept = await this.#deps.kept.get(digest, signal);
    if (kept.kind === 'absent') return NOTHING;
    if (kept.kind === 'failed') return unjudged(kept.why);
    const leftAlone = this.#leftAlone.get(digest);
    if (leftAlone !== undefined && leftAlone.until > this.#deps.clock.monotonic()) return unjudged(leftAlone.why);
    const job = { kind: 'chart', digest, kept: kept.configMap, values: jobOf(question) } as const;
    const size = bytes + (job.values.inline?.length ?? 0);
    if (size > MAX_VALUES_BYTES) return unjudged(TOO_LARGE);
    // It begins with the work: how busy the thread is with others says nothing of the chart.
    const working = new Deadline(this.#deps.clock, JUDGING_MS, { signal });
    const outcome = await this.#deps.pool.judgeByChart(job, size + kept.bytes, signal, working);
    working.release();
    if (outcome.kind === 'exhausted') this.#leaveAlone(digest, TOO_MUCH_MEMORY);
    if (outcome.kind === 'aborted' && outcome.began && working.expired) this.#leaveAlone(digest, TOO_SLOW);
    return verdictOf(outcome);
  }

  #leaveAlone(digest: string, why: string): void {
    this.#deps.log.warn('a chart is not judged by for ten minutes', { digest, why });
    this.#leftAlone.set(digest, { why, until: this.#deps.clock.monotonic() + LEFT_ALONE_MS });
  }
}

const TOO_LARGE = `at admission values of at most ${MAX_VALUES_BYTES} bytes are`;
const TOO_SLOW = 'it takes too long at admission';
const TOO_MUCH_MEMORY = 'it takes more memory than there is at admission';

const verdictOf = (outcome: PoolOutcome<ChartFindings>): ChartAnswer => {
  switch (outcome.kind) {
    case 'done':
      return verdictIn(outcome.answer);
    case 'exhausted':
      return unjudged(TOO_MUCH_MEMORY);
    case 'aborted':
      return unjudged('there was not enough time');
    case 'full':
      return unjudged('too many values are being read');
    case 'died':
      return unjudged("the thread that judges ended; the webhook's log says why");
  }
};

const verdictIn = (findings: ChartFindings): ChartAnswer => {
  switch (findings.kind) {
    case 'judged':
      return findings;
    case 'unjudged':
      return unjudged(findings.why);
    case 'nothing':
      return NOTHING;
  }
};

const NOTHING: ChartAnswer = { kind: 'unjudged', warnings: [] };

const unjudged = (why: string): ChartAnswer => ({
  kind: 'unjudged',
  warnings: [
    {
      rule: 'chart-not-judged',
      field: 'spec.converge.values',
      message: `not judged by the schema of the chart: ${why}`,
    },
  ],
});
