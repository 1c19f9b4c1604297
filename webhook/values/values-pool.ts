import type { Warning } from '../../api/problem.js';
import { isTooDeep } from '../../api/values/deliverable.js';
import type { Log } from '../../kube/ports.js';
import { isLargerThan } from './json-size.js';
import { judgeValues, type ValuesFindings, type ValuesQuestion } from './judge-values.js';
import { checkable } from './limits.js';
import { ThreadQueue } from './thread-queue.js';
import { jobOf } from './values-job.js';
import { type ThreadOutcome, ValuesThread } from './values-thread.js';

/** What came of a question. `failed`: it could not be checked; `reason` ends such a sentence. */
export type ValuesAnswer =
  | ({ readonly kind: 'judged' } & ValuesFindings)
  | { readonly kind: 'failed'; readonly reason: string };

export interface PoolOptions {
  readonly log: Log;
  /** How many threads at most; each is started when it is needed for the first time. */
  readonly threads?: number;
  /** The program of the threads, elsewhere than it usually is. */
  readonly file?: URL;
}

/** Texts up to this size are parsed where they are: it takes a millisecond or two, hardly more than handing them over. */
const MAX_INSTANT_BYTES = 2 * 1024;
/** Characters of inline values that are merged where they are; they are parsed already. */
const MAX_INSTANT_INLINE = 16 * 1024;
/** Of all questions that wait for a thread; the webhook has 256 MB for everything. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** One: a second would not fit into the memory of the webhook's container when both have the worst to read. */
const THREADS = 1;

/**
 * Judges values without keeping other requests waiting: what is not small is parsed in a thread of its own.
 *
 * Guarantees: each question is answered, at the latest when its signal is aborted, and never with a rejection; a thread that is
 * too slow, or dies, is replaced; smaller questions go first, so that large ones hold up large ones only.
 */
export class ValuesPool {
  readonly #log: Log;
  readonly #queue: ThreadQueue<ValuesThread>;
  readonly #threads: readonly ValuesThread[];

  constructor({ log, threads = THREADS, file = threadFile() }: PoolOptions) {
    this.#log = log;
    this.#threads = Array.from({ length: threads }, () => new ValuesThread(file));
    this.#queue = new ThreadQueue(this.#threads, MAX_WAITING_BYTES);
  }

  async judge(question: ValuesQuestion, signal: AbortSignal): Promise<ValuesAnswer> {
    const { question: parsed, warnings, bytes } = checkable(question);
    if (isInstant(parsed, bytes)) return judged(judgeValues(parsed), warnings);
    const job = jobOf(parsed);
    const place = await this.#queue.take(bytes + (job.inline?.length ?? 0), signal);
    if (place.kind === 'full') return { kind: 'failed', reason: 'too many values are being read; try again' };
    if (place.kind === 'aborted') return tooLate;
    try {
      return this.#answer(await place.thread.run(job, signal), warnings);
    } finally {
      this.#queue.release(place.thread);
    }
  }

  /** Ends the threads, for whoever does not end with the process. What is under way fails. */
  stop(): void {
    for (const thread of this.#threads) thread.stop();
  }

  #answer(outcome: ThreadOutcome, warnings: readonly Warning[]): ValuesAnswer {
    switch (outcome.kind) {
      case 'done':
        return judged(outcome.findings, warnings);
      case 'aborted':
        return tooLate;
      case 'exhausted':
        return judged({ problems: [], warnings: [] }, [...warnings, tooCostly]);
      case 'died':
        this.#log.error('the thread that reads values ended', { fault: faultOf(outcome.error) });
        return { kind: 'failed', reason: "the thread that reads values ended; the webhook's log says why" };
    }
  }
}

const tooLate: ValuesAnswer = { kind: 'failed', reason: 'there was not enough time to read all values' };

const tooCostly: Warning = {
  field: 'spec.converge.valuesFrom',
  message: 'not checked: to read these values takes more memory than there is at admission',
};

const judged = (findings: ValuesFindings, warnings: readonly Warning[]): ValuesAnswer => ({
  kind: 'judged',
  problems: findings.problems,
  warnings: [...warnings, ...findings.warnings],
});

/** Inline values that are too deep are refused before anything is read, and could not be sent. */
const isInstant = ({ inline }: ValuesQuestion, bytes: number): boolean =>
  (bytes <= MAX_INSTANT_BYTES && !isLargerThan(inline, MAX_INSTANT_INLINE)) || isTooDeep(inline);

/** The class and the stack of an exception without its message, which might quote values. */
const faultOf = (error: unknown): string =>
  error instanceof Error
    ? [error.name, ...(error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))].join('\n')
    : typeof error;

/** Beside this file, whether it is a source or has been bundled into dist/webhook.js. */
const threadFile = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './values-worker.js', import.meta.url);
