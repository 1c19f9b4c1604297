/**
 * Whether to send requests to a host: after failures in a row none are sent for a while, and then a single one is a trial.
 * Pure; times are milliseconds of the monotonic clock.
 */
export type Breaker =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly until: number; readonly openings: number }
  /** The trial is under way. */
  | { readonly kind: 'half-open'; readonly openings: number };

/** The outcome of a request. `abandoned`: it says nothing about the host. */
export type BreakerEvent = 'began' | 'succeeded' | 'failed' | 'abandoned';

export const CLOSED: Breaker = { kind: 'closed', failures: 0 };

/** Failures in a row that open it: a server that restarts has fewer, for ten bundles poll it at once at most. */
const FAILURES_MAX = 5;
/** As long as the first wait after a failed poll, and then doubled. */
const FIRST_PAUSE_MS = 30_000;
/** A host that works again must be noticed well within the usual poll interval of 15 minutes. */
const LONGEST_PAUSE_MS = 300_000;
/** How long others wait for a trial's result before they ask again. */
const TRIAL_MS = 5_000;

export const nextBreaker = (breaker: Breaker, event: BreakerEvent, now: number): Breaker => {
  switch (event) {
    case 'began':
      return breaker.kind === 'open' ? { kind: 'half-open', openings: breaker.openings } : breaker;
    case 'succeeded':
      return CLOSED;
    case 'failed':
      return afterFailure(breaker, now);
    case 'abandoned':
      return breaker.kind === 'half-open' ? { kind: 'open', until: now, openings: breaker.openings } : breaker;
  }
};

/** Milliseconds until the host may be asked; 0: now. */
export const pauseOf = (breaker: Breaker, now: number): number => {
  switch (breaker.kind) {
    case 'closed':
      return 0;
    case 'open':
      return Math.max(0, breaker.until - now);
    case 'half-open':
      return TRIAL_MS;
  }
};

const afterFailure = (breaker: Breaker, now: number): Breaker => {
  switch (breaker.kind) {
    case 'closed': {
      const failures = breaker.failures + 1;
      return failures < FAILURES_MAX ? { kind: 'closed', failures } : opened(1, now);
    }
    // The request was under way when the breaker opened.
    case 'open':
      return breaker;
    case 'half-open':
      return opened(breaker.openings + 1, now);
  }
};

const opened = (openings: number, now: number): Breaker => {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (openings - 1), LONGEST_PAUSE_MS);
  return { kind: 'open', until: now + pause, openings };
};
