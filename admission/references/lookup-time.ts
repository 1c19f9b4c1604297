import { formatDuration } from '../../api/duration.js';
import { KubeError } from '../../kube/client.js';
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
  const late = (): string => `no answer within ${formatDuration(ms)}`;
  let timer: Timer | undefined;
  return {
    get signal() {
      timer ??= startTimer(clock, call.signal, { ms, late });
      return timer.signal;
    },
    whyFailed: (error) => (error.code === 'aborted' ? late() : error.message),
    release: () => timer?.release(),
  };
};

interface Timer {
  readonly signal: AbortSignal;
  release(): void;
}

const startTimer = (
  clock: Clock,
  parent: AbortSignal,
  { ms, late }: { readonly ms: number; readonly late: () => string },
): Timer => {
  const over = new AbortController();
  const released = new AbortController();
  const onParent = (): void => over.abort(parent.reason);
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  clock.sleep(ms, released.signal).then(
    () => over.abort(new Error(late())),
    // Released: there is nothing left to abort.
    () => undefined,
  );
  return {
    signal: over.signal,
    release: () => {
      parent.removeEventListener('abort', onParent);
      // A reason is given, since without one Node creates an exception, with a stack.
      released.abort('released');
    },
  };
};

/** Returns a {@link KubeError}, which a caller can act on; anything else is a bug, and is thrown. */
export const asKubeError = (error: unknown): KubeError => {
  if (error instanceof KubeError) return error;
  throw error;
};
