import { deployRelevantOf } from '../../api/checksum.js';
import { inputOf, jobOf, type ValuesJob } from '../../api/values/values-job.js';
import type { ValuesToDeliver } from './delivered-values.js';

/** A question on its way to the thread that answers it. */
export type ReadingJob = Omit<ValuesToDeliver, 'input'> & { readonly values: ValuesJob };

/** Of the settings only what the checksum covers: they hold the inline values as well. */
export const readingJobOf = ({ input, settings, checksumKey }: ValuesToDeliver): ReadingJob => ({
  values: jobOf(input),
  settings: deployRelevantOf(settings),
  checksumKey,
});

export const valuesToDeliver = ({ values, settings, checksumKey }: ReadingJob): ValuesToDeliver => ({
  input: inputOf(values),
  settings,
  checksumKey,
});
