/**
 * Whether a host is worth asking: after failures in a row it is left alone for a while, and then a single request finds out.
 * Pure; times are milliseconds of the monotonic clock.
 */
export type Breaker =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly until: number; readonly openings: number }
  /** The trial is under way. */
  | { readonly kind: 'half-open'; readonly openings: number };

/** What became of a request. `abandoned`: nothing that says anything of the host. */
export type BreakerEvent = 'began' | 'succeeded' | 'failed' | 'abandoned';

export const CLOSED: Breaker = { kind: 'closed', failures: 0 };

/** Failures in a row that open it: a server that restarts has fewer, for ten bundles poll it at once at most. */
const FAILURES_MAX = 5;
/** As long as the first wait after a failed poll, and then doubled. */
const FIRST_PAUSE_MS = 30_000;
/** A host that is there again must be found out well within the usual poll interval of 15 minutes. */
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
    // A request that was under way when it opened.
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
