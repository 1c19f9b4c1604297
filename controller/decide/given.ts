import type { Settings } from '../../api/settings.js';
import type { Need } from './decision.js';
import type { Idle } from './facts.js';
import type { JobInputs } from './observation.js';

/** What a Job is made with: the present settings and values or, for another checksum, those that are kept. */
type Given =
  | { readonly kind: 'given'; readonly settings: Settings; readonly jobInputs: JobInputs }
  | Extract<Need, { readonly what: 'kept' }>
  /** `why` is for people. */
  | { readonly kind: 'gone'; readonly why: string };

/**
 * What a Job with this checksum is made with. Credentials and keys are the present ones, and what must not be shown in its log is what comes
 * from Secrets of either.
 * @param present - of the present spec and values
 */
export const givenFor = (
  { seen: { kept }, settings }: Pick<Idle, 'seen' | 'settings'>,
  { present, checksum }: { readonly present: JobInputs; readonly checksum: string },
): Given => {
  if (present.checksum === checksum) return { kind: 'given', settings, jobInputs: present };
  if (kept === undefined) return { kind: 'needs', what: 'kept', settings };
  if (kept.kind === 'gone' || kept.checksum !== checksum)
    return { kind: 'gone', why: kept.kind === 'gone' ? kept.why : 'other values are kept' };
  const { valuesArgs, valuesFile, secretTexts } = kept.inputs;
  const texts = [...new Set([...secretTexts, ...present.secretTexts])];
  const jobInputs: JobInputs = { ...present, checksum, valuesArgs, valuesFile, secretTexts: texts };
  return { kind: 'given', settings: kept.settings, jobInputs };
};
