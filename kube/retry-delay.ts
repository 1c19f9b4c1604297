/** Bounds of an exponential backoff, milliseconds. */
interface RetryBounds {
  readonly firstMs: number;
  readonly capMs: number;
}

/**
 * Delay before the next attempt: doubles with each failure, half of it at random.
 *
 * Not the full range at random: a delay near zero would ask a struggling server again at once.
 * @param attempt - failures so far, from 1
 * @param uniform - in [0, 1)
 * @returns milliseconds in [nominal / 2, nominal], nominal = min(cap, first * 2^(attempt - 1)); never throws
 */
export const retryDelay = (bounds: RetryBounds, attempt: number, uniform: number): number => {
  const nominal = Math.min(bounds.capMs, bounds.firstMs * 2 ** Math.min(Math.max(attempt, 1) - 1, 40));
  return Math.round(nominal * (0.5 + uniform / 2));
};
