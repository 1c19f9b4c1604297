/** How long the apiserver waits if timeoutSeconds is not set. */
const DEFAULT_SECONDS = 10;
/** The apiserver rounds its timeout up to whole seconds, so what is really left may be this much less. */
const ROUNDING_MS = 1000;

/**
 * How long an answer may take.
 * @param timeout - the query parameter the apiserver calls with: `10s`; anything else counts as ten seconds
 * @returns milliseconds, at least 500
 */
export const deadlineMs = (timeout: unknown): number => {
  const seconds = typeof timeout === 'string' ? /^(\d{1,4})s$/.exec(timeout)?.[1] : undefined;
  return Math.max(500, Number(seconds ?? DEFAULT_SECONDS) * 1000 - ROUNDING_MS);
};
