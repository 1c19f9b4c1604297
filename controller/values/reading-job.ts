import { deployRelevantOf } from '../../api/checksum.js';
import { inputOf, jobOf, type ValuesJob } from '../../api/values/values-job.js';
import type { ValuesToDeliver } from './delivered-values.js';

/** Values as they are sent to the thread that reads them. */
export type ReadingJob = Omit<ValuesToDeliver, 'input'> & { readonly values: ValuesJob };

/** Takes from the settings only what the checksum covers, since they hold the inline values as well. */
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
