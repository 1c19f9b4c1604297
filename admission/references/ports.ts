import type { ValuesToJudge } from '../values/judge-values.js';
import type { ValuesAnswer } from '../values/values-pool.js';

/** Parses and merges values to see what is wrong with them. Resolves at the latest when `signal` is aborted; never rejects. */
export type ParseValues = (question: ValuesToJudge, signal: AbortSignal) => Promise<ValuesAnswer>;
