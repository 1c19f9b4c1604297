import { parseDuration } from '../api/duration.js';
import { misuse } from './command-error.js';

/** How `--timeout` is given when it is not. */
export const DEFAULT_TIMEOUT = '5m';

/** Milliseconds of a `--timeout`. @throws CommandError for what is no duration */
export const timeoutIn = (text: string): number => {
  const parsed = parseDuration(text);
  if (parsed.kind === 'ok' && parsed.ms > 0) return parsed.ms;
  throw misuse(`--timeout: ${JSON.stringify(text)} is no duration; one looks like "90s", "5m" or "1h30m"`);
};
