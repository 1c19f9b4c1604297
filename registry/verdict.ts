import type { BreakerEvent } from './breaker.js';
import { parseRetryAfter } from './failures.js';
import type { HttpAnswer } from './http-answer.js';
import type { RegistryFailure } from './port.js';

/** What an answer, or its absence, says about the host. */
export interface Verdict {
  readonly event: Exclude<BreakerEvent, 'began'>;
  /** How long the host wants to be left alone, milliseconds; 0: it did not say. */
  readonly pauseMs: number;
}

/** The pause after a 429 that names none: as long as the first wait after a failed poll. */
const TOO_MANY_MS = 30_000;
/** One bundle's answer holds up all bundles of the host, so this is shorter than what the bundle itself waits. */
const LONGEST_PAUSE_MS = 60 * 60 * 1000;

/** Failures without an answer, which count against the host. A malformed answer only shows that the host is there. */
const BROKEN: ReadonlySet<RegistryFailure['code']> = new Set(['connection', 'timeout', 'certificate']);

export const ABANDONED: Verdict = { event: 'abandoned', pauseMs: 0 };

/**
 * @param method - a host that answers HEAD with an error may well answer GET, which is asked next
 * @param now - wall clock, for a Retry-After that is a date
 */
export const verdictOf = (answer: HttpAnswer | RegistryFailure, method: string, now: number): Verdict => {
  if (answer.kind === 'failed') return BROKEN.has(answer.code) ? { event: 'failed', pauseMs: 0 } : ABANDONED;
  const event = answer.status < 500 ? 'succeeded' : method === 'HEAD' ? 'abandoned' : 'failed';
  if (answer.status !== 429 && answer.status !== 503) return { event, pauseMs: 0 };
  const stated = parseRetryAfter(answer.header('retry-after'), now);
  const pauseMs = stated ?? (answer.status === 429 ? TOO_MANY_MS : 0);
  return { event, pauseMs: Math.min(pauseMs, LONGEST_PAUSE_MS) };
};
