import { CONNECTION_REFUSALS } from '../serving/connection-refusals.js';
import { CALL_REFUSALS } from './call-refusals.js';

const CALLS = Object.fromEntries(
  Object.entries(CALL_REFUSALS).map(([reason, { status, meaning }]) => [
    reason,
    `a call was answered ${status}: ${meaning}`,
  ]),
) as Readonly<Record<keyof typeof CALL_REFUSALS, string>>;

/** Why a caller of the receiver was refused, or given up; what each means, for the log. */
export const REFUSALS = { ...CONNECTION_REFUSALS, ...CALLS };

/** A row of {@link REFUSALS}. */
export type Refusal = keyof typeof REFUSALS;
