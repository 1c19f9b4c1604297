import { deployRelevantOf } from '../../api/checksum.js';
import { inputOf, jobOf, type ValuesJob } from '../../api/values/values-job.js';
import type { ValuesQuestion } from './delivered-values.js';

/** A question on its way to the thread that answers it. */
export type ReadingJob = Omit<ValuesQuestion, 'input'> & { readonly values: ValuesJob };

/** Of the settings only what the checksum covers: they hold the inline values as well. */
export const readingJobOf = ({ input, settings, checksumKey }: ValuesQuestion): ReadingJob => ({
  values: jobOf(input),
  settings: deployRelevantOf(settings),
  checksumKey,
});

export const questionOf = ({ values, settings, checksumKey }: ReadingJob): ValuesQuestion => ({
  input: inputOf(values),
  settings,
  checksumKey,
});
