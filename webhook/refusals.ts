import { CONNECTION_REFUSALS } from '../serving/connection-refusals.js';

/** Why a caller of the webhook was refused, or given up; what each means, for the log. */
export const REFUSALS = {
  ...CONNECTION_REFUSALS,
  'in-flight': 'a request was answered 503: as many were under way as may be (--max-in-flight)',
  'client-certificate':
    'a request was answered 403: it came without a client certificate that is accepted (--client-ca)',
} as const;

/** A row of {@link REFUSALS}. */
export type Refusal = keyof typeof REFUSALS;
