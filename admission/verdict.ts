import type { AddOperation } from '../api/defaults.js';
import type { Problem, Warning } from '../api/problem.js';
import { inSchemaOrder } from '../api/validate/field-order.js';
import type { AdmissionRequest } from './admission-request.js';

/**
 * The verdict on a request.
 * `deny` always has at least one problem. `malformed` and `foreign`: no bundle was judged. `late`: the time was up.
 */
export type Verdict =
  | {
      readonly kind: 'allow';
      readonly patch: readonly AddOperation[];
      readonly warnings: readonly Warning[];
      readonly audit?: AuditAnnotations;
    }
  | { readonly kind: 'deny'; readonly problems: readonly Problem[]; readonly warnings: readonly Warning[] }
  | { readonly kind: 'foreign'; readonly message: string }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'late' };

/** What the apiserver's audit log is to say of a request beside who made it: `approved-plan: HASH`. The apiserver prefixes the webhook's name. */
type AuditAnnotations = Readonly<Record<string, string>>;

/** What one check found. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
  /** Counts if the request is allowed. */
  readonly audit?: AuditAnnotations;
}

/** The time that judging has. */
export interface CallTime {
  /** Aborted when the time is over, or the caller waits no more. The first read of it may start the time. */
  readonly signal: AbortSignal;
}

/** A result now, or a promise of it: a check that makes no calls need not be awaited. */
export type Soon<T> = T | Promise<T>;

/** Judges one side of a request. Ends when `time.signal` is aborted; must find something wrong rather than throw. */
export type Check = (request: AdmissionRequest, time: CallTime) => Soon<Findings>;

/**
 * All that the checks find, in the order of the schema, and nothing twice; of one field, in the order of the checks.
 * A rejection is a bug of the check, or the signal's abort.
 */
export const judge = (request: AdmissionRequest, checks: readonly Check[], time: CallTime): Soon<Findings> => {
  const all = checks.map((check) => check(request, time));
  return all.every(isHere) ? together(all) : Promise.all(all).then(together);
};

const isHere = (findings: Soon<Findings>): findings is Findings => !(findings instanceof Promise);

const together = (all: readonly Findings[]): Findings => {
  const audits = all.flatMap(({ audit }) => (audit === undefined ? [] : [audit]));
  return {
    problems: inSchemaOrder(once(all.flatMap(({ problems }) => problems))),
    warnings: inSchemaOrder(once(all.flatMap(({ warnings }) => warnings))),
    ...(audits.length > 0 && { audit: Object.fromEntries(audits.flatMap(Object.entries<string>)) }),
  };
};

const once = <T extends Warning>(items: readonly T[]): readonly T[] =>
  items.length < 2 ? items : [...new Map(items.map((item) => [`${item.field}: ${item.message}`, item])).values()];

/** Allowed as it is, if nothing was found against it; denied otherwise. */
export const verdictOf = ({ problems, warnings, audit }: Findings): Verdict =>
  problems.length === 0
    ? { kind: 'allow', patch: [], warnings, ...(audit !== undefined && { audit }) }
    : { kind: 'deny', problems, warnings };

/** {@link verdictOf} of what {@link judge} finds, when it is found. */
export const verdictOn = (findings: Soon<Findings>): Soon<Verdict> =>
  findings instanceof Promise ? findings.then(verdictOf) : verdictOf(findings);
