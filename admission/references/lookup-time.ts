import { formatDuration } from '../../api/duration.js';
import { KubeError } from '../../kube/client.js';
import { Deadline } from '../../process/deadline.js';
import type { Clock } from '../../process/ports.js';
import type { CallTime } from '../verdict.js';

/** The part of a call's time that is reserved for putting the answer together, milliseconds. */
const ANSWER_MS = 1000;

/** The time for all look-ups of one request. */
export interface LookupTime {
  /** Aborted when the time is over, or the caller waits no more. The first read of it starts the time. */
  readonly signal: AbortSignal;
  /** Why a look-up failed, for people; the apiserver's own message is passed on. */
  whyFailed(error: KubeError): string;
  /** Lets go of timer and listener. */
  release(): void;
}

/**
 * The time for look-ups: shorter than the call's own, so that a verdict is still given when an apiserver is slow; at least half of it.
 * It starts with the first look-up, since many requests need none, and timers and signals cost more than most rules.
 * @param withinMs - how long the answer to the call may take
 */
export const lookupTime = (clock: Clock, call: CallTime, withinMs: number): LookupTime => {
  const ms = Math.max(withinMs - ANSWER_MS, withinMs / 2);
  const deadline = new Deadline(clock, ms, call);
  return {
    get signal() {
      return deadline.signal;
    },
    whyFailed: (error) => (error.code === 'aborted' ? `no answer within ${formatDuration(ms)}` : error.message),
    release: () => deadline.release(),
  };
};

/** Returns a {@link KubeError}, which a caller can act on; anything else is a bug, and is thrown. */
export const asKubeError = (error: unknown): KubeError => {
  if (error instanceof KubeError) return error;
  throw error;
};
