/** Why a call is refused: the HTTP status, and what it means, for whoever reads the answer or the log. */
export const CALL_REFUSALS = {
  'unknown-path': { status: 404, meaning: 'calls go to /receivers/NAME' },
  'unknown-receiver': { status: 401, meaning: 'there is no receiver of this name, which the answer does not tell' },
  method: { status: 405, meaning: 'only POST is served' },
  unproven: { status: 401, meaning: 'no receiver of this name has this secret, or signs like this' },
  'too-large': { status: 413, meaning: 'the body is larger than 1 MiB' },
  encoded: { status: 415, meaning: 'the body is compressed; send it as it is' },
  malformed: { status: 400, meaning: 'the body is nothing that this type of sender sends' },
  elsewhere: { status: 403, meaning: "it tells of a repository that is not in this receiver's registry" },
  stale: { status: 400, meaning: 'it tells of a push that is more than five minutes away from now; clocks may differ' },
  replayed: { status: 409, meaning: 'this very call was received before' },
  flooding: { status: 429, meaning: 'there are more calls than may be; try again in a second' },
  unavailable: { status: 503, meaning: 'it could not be passed on to the controller; try again' },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly meaning: string }>>;

/** A row of {@link CALL_REFUSALS}. */
export type CallRefusal = keyof typeof CALL_REFUSALS;
