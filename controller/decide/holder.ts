import type { Idle } from './facts.js';
import type { Holder } from './hold-list.js';
import type { PollAccount } from './poll.js';

/** A bundle with its holds, of what is known of it. @param status - if not that with the poll accounted for */
export const holderOf = (
  { seen, polled, settings }: Idle,
  status = polled.status,
): Holder & Pick<PollAccount, 'wanted'> => {
  const checksum = seen.jobInputs?.kind === 'ready' ? seen.jobInputs.checksum : undefined;
  return { bundle: seen.bundle, settings, status, wanted: polled.wanted, checksum };
};
