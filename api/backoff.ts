const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Waits after the first to the fifth failed poll in a row, milliseconds. The sixth failure ends polling (the guide's table). */
export const POLL_DELAYS_MS: readonly number[] = [30 * SECOND, MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE];

/** The failure that ends polling. */
export const LAST_FAILURE = POLL_DELAYS_MS.length + 1;

/** Waits after a Job that was lost or refused, milliseconds; then a person must act. */
export const LOST_DELAYS_MS: readonly number[] = [30 * SECOND, 2 * MINUTE, 8 * MINUTE];

/** Longest wait between two tries of a failed Job, milliseconds: spec.converge.retries ends the doubling long before a day has passed. */
const LONGEST_RETRY_MS = 240 * MINUTE;

/**
 * @param failures - failed polls in a row, from 1
 * @returns milliseconds until the next poll; undefined when polling has stopped
 */
export const pollDelayMs = (failures: number): number | undefined => POLL_DELAYS_MS[failures - 1];

/**
 * @param attempt - which try of the deployment failed, from 1
 * @returns milliseconds until the next: 30s, 1m, 2m, 4m, 8m and so on
 */
export const retryDelayMs = (attempt: number): number => Math.min(30 * SECOND * 2 ** (attempt - 1), LONGEST_RETRY_MS);
