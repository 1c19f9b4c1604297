import type { Result } from './result.js';

/** For programs: `{"results":[…]}`, one line. */
export const asJson = (results: readonly Result[]): string => JSON.stringify({ results });
