import type { Warning } from '../../api/problem.js';
import { isInstant } from '../../api/values/instant.js';
import { jobOf, type ValuesJob } from '../../api/values/values-job.js';
import type { Log } from '../../process/ports.js';
import { type PoolOutcome, ThreadPool } from '../../process/thread-pool.js';
import type { ChartFindings, ChartJob } from '../chart/loaded-charts.js';
import { answerImpact, type Concerned, type ImpactQuestion } from '../impact/question.js';
import { judgeValues, type ValuesFindings, type ValuesToJudge } from './judge-values.js';
import { checkable } from './limits.js';

/** The result of judging values. `failed`: they could not be checked; `reason` completes such a sentence. */
export type ValuesAnswer =
  | ({ readonly kind: 'judged' } & ValuesFindings)
  | { readonly kind: 'failed'; readonly reason: string };

/** What the thread is asked: about values, by a chart or not, or what a change does to bundles, as JSON: a text is copied at once. */
export type JudgingJob = ValuesJob | ChartJob | { readonly impact: string };
/** What it answers. */
export type JudgingAnswer = ValuesFindings | ChartFindings | ImpactFindings;
interface ImpactFindings {
  readonly concerned: readonly Concerned[];
}

/** The time for the work, which a `Deadline` starts when its signal is read. */
interface Working {
  readonly signal: AbortSignal;
}

interface ValuesPoolDeps {
  readonly log: Log;
  /** How many threads at most; each is started when it is needed for the first time. */
  readonly threads?: number;
  /** The program of the threads, if it is not in its usual place. */
  readonly file?: URL;
}

/**
 * What a thread may take, megabytes. Dense YAML of 256 KiB needs about 100 for a moment; with the webhook's own 100 this has to stay
 * below the 256 of its container. Charts that are kept ready have up to 16 of it: then the densest YAML ends the thread, unchecked, and the charts
 * with it.
 */
const MEMORY_MB = { old: 112, young: 16 };
/** Limit for all values that wait for a thread; the webhook has 256 MB for everything. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** An impact with less than so many bytes to be parsed, and so many characters in all, is found on the main thread: that takes a few milliseconds. */
const MAX_INSTANT_IMPACT = { bytes: 2 * 1024, characters: 32 * 1024 };
/** One: a second would not fit into the memory of the webhook's container when both have the worst to read. */
const THREADS = 1;

/**
 * Judges values, and changes of them, without keeping other requests waiting: those that are not small are parsed in a thread of its own.
 *
 * Guarantees: each question is answered, at the latest when its signal is aborted, and never with a rejection; a thread that is
 * too slow, or dies, is replaced; smaller questions go first, so that large ones hold up large ones only.
 */
export class ValuesPool {
  readonly #pool: ThreadPool<JudgingJob, JudgingAnswer>;

  constructor({ log, threads = THREADS, file = threadFile() }: ValuesPoolDeps) {
    const maxWaitingBytes = MAX_WAITING_BYTES;
    this.#pool = new ThreadPool({ log, name: 'values', file, threads, memoryMb: MEMORY_MB, maxWaitingBytes });
  }

  async judge(question: ValuesToJudge, signal: AbortSignal): Promise<ValuesAnswer> {
    const { question: parsed, warnings, bytes } = checkable(question);
    if (isInstant(parsed, bytes)) return judged(judgeValues(parsed), warnings);
    const job = jobOf(parsed);
    return answerOf(await this.#run<ValuesFindings>(job, bytes + (job.inline?.length ?? 0), signal), warnings);
  }

  /**
   * Judges values by a chart, in the thread however small they are: a chart that is not loaded takes up to seconds.
   * @param bytes - of the values and of the chart, by which the job is queued
   * @param signal - ends the waiting for the thread
   * @param working - ends the work; its signal is read when the thread begins
   */
  judgeByChart(
    job: ChartJob,
    bytes: number,
    signal: AbortSignal,
    working: Working,
  ): Promise<PoolOutcome<ChartFindings>> {
    return this.#run<ChartFindings>(job, bytes, signal, working);
  }

  /**
   * What a change does to bundles.
   * @param bytes - of all texts in it that have to be parsed
   * @returns undefined: that could not be found out in time, or takes too much memory
   */
  async impact(
    question: ImpactQuestion,
    bytes: number,
    signal: AbortSignal,
  ): Promise<readonly Concerned[] | undefined> {
    const text = JSON.stringify(question);
    if (bytes <= MAX_INSTANT_IMPACT.bytes && text.length <= MAX_INSTANT_IMPACT.characters)
      return answerImpact(question);
    const outcome = await this.#run<ImpactFindings>({ impact: text }, text.length, signal);
    return outcome.kind === 'done' ? outcome.answer.concerned : undefined;
  }

  /** Ends the threads, for callers that do not live as long as the process. Jobs under way fail. */
  stop(): void {
    this.#pool.stop();
  }

  /** The thread answers each kind of job with its own kind of findings. */
  #run<Findings extends JudgingAnswer>(
    job: JudgingJob,
    bytes: number,
    signal: AbortSignal,
    working: Working = { signal },
  ): Promise<PoolOutcome<Findings>> {
    return this.#pool.run(job, bytes, signal, working) as Promise<PoolOutcome<Findings>>;
  }
}

const answerOf = (outcome: PoolOutcome<ValuesFindings>, warnings: readonly Warning[]): ValuesAnswer => {
  switch (outcome.kind) {
    case 'done':
      return judged(outcome.answer, warnings);
    case 'full':
      return { kind: 'failed', reason: 'too many values are being read; try again' };
    case 'aborted':
      return tooLate;
    case 'exhausted':
      return judged({ problems: [], warnings: [] }, [...warnings, tooCostly]);
    case 'died':
      return { kind: 'failed', reason: "the thread that reads values ended; the webhook's log says why" };
  }
};

const tooLate: ValuesAnswer = { kind: 'failed', reason: 'there was not enough time to read all values' };

const tooCostly: Warning = {
  rule: 'values-not-checked',
  field: 'spec.converge.valuesFrom',
  message: 'not checked: to read these values takes more memory than there is at admission',
};

const judged = (findings: ValuesFindings, warnings: readonly Warning[]): ValuesAnswer => ({
  kind: 'judged',
  problems: findings.problems,
  warnings: [...warnings, ...findings.warnings],
});

/** Beside this file, whether that stands by itself or has been bundled into dist/. */
const threadFile = (): URL => new URL('./judging-worker.js', import.meta.url);
