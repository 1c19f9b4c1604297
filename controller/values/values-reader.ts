import { isInstant } from '../../api/values/instant.js';
import { MAX_SOURCE_BYTES, sourceBytes } from '../../api/values/resolve.js';
import { KubeError } from '../../kube/client.js';
import { Deadline } from '../../process/deadline.js';
import type { Clock } from '../../process/ports.js';
import type { ReadsValues } from './delivered-values.js';
import { type DeliveredValues, deliveredValues, type ValuesToDeliver } from './delivered-values.js';
import { readingJobOf } from './reading-job.js';
import { MEMORY_MB, type ReadingThread } from './reading-thread.js';

interface ValuesReaderDeps {
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly thread: ReadingThread;
}

/** Time limit, for bugs only: two megabytes take ten seconds or so, and every worker of the controller may wait with as much. */
const TIME_MS = 300_000;

/**
 * Reads values without delaying watches, polls and the Lease: those that are not small are read in a thread of their own.
 *
 * Guarantees: values that take too much memory do not end the process, but count as invalid.
 */
export class ValuesReader implements ReadsValues {
  readonly #clock: Pick<Clock, 'startTimer'>;
  readonly #thread: ReadingThread;

  constructor({ clock, thread }: ValuesReaderDeps) {
    this.#clock = clock;
    this.#thread = thread;
  }

  async read(question: ValuesToDeliver, signal: AbortSignal): Promise<DeliveredValues> {
    const bytes = sourceBytes(question.input.sources);
    // Values that are too large are refused without being parsed.
    if (bytes > MAX_SOURCE_BYTES || isInstant(question.input, bytes)) return deliveredValues(question);
    const deadline = new Deadline(this.#clock, TIME_MS, { signal });
    const job = { kind: 'read', ...readingJobOf(question) } as const;
    const size = bytes + (job.values.inline?.length ?? 0);
    const outcome = await deadline.run((limit) => this.#thread.run<'read'>(job, size, limit));
    switch (outcome.kind) {
      case 'done':
        return outcome.answer;
      case 'exhausted':
        return { kind: 'invalid', message: tooCostly };
      case 'aborted':
        if (deadline.expired) throw new Error(`values could not be read within ${TIME_MS / 1000} s`);
        throw new KubeError('aborted', 'read values: stopped');
      case 'full':
      case 'died':
        throw new Error('the thread that reads values ended');
    }
  }
}

const tooCostly = `spec.converge.valuesFrom: to read all values takes more than ${MEMORY_MB.old} MB of memory: use fewer, or take apart what is one large key`;
