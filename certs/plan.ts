import type { AuthorityFacts, LeafFacts, Life } from './inspect.js';

/** The certificates that are there to serve with: those in the Secret, or in the files given from outside. */
export interface Offered {
  /** Newest first; only of the first the key may be known. */
  readonly authorities: readonly AuthorityFacts[];
  readonly leaf: LeafFacts | 'broken';
}

/** Everything that the next step follows from. Times: milliseconds since 1970. */
export interface Observation {
  readonly now: number;
  /** `theirs`: files from outside, or a Secret that can't be read at the moment; nothing is issued. `ours`: by our own CA. */
  readonly issuer:
    | { readonly kind: 'theirs' }
    /** `keyFits`: the first authority's key is there. */
    | { readonly kind: 'ours'; readonly keyFits: boolean };
  /** Undefined: there is nothing yet. */
  readonly offered: Offered | undefined;
  /** What connections are answered with. */
  readonly served: { readonly id: string; readonly signer: string | undefined; readonly to: number } | undefined;
  /** Since when each CA has been in every caBundle that was read back, by id. */
  readonly confirmed: ReadonlyMap<string, number>;
  /** Whether the webhook configurations say what they should; `stuck`: not known, or not to be changed at the moment. */
  readonly published: 'right' | 'wrong' | 'stuck';
  /** How long a CA must have been confirmed before a leaf by it is served. */
  readonly overlapMs: number;
}

/** What to do next. `why` is for the log. */
export type Step =
  /** Writes the Secret anew: with a new CA beside the old ones, with a new leaf; CAs that have expired are left out. */
  | { readonly kind: 'issue'; readonly authority: boolean; readonly leaf: boolean; readonly why: string }
  /** Serves with the leaf that is offered. */
  | { readonly kind: 'serve' }
  /** Writes CAs and address into the webhook configurations, and reads them back. */
  | { readonly kind: 'publish' }
  /** Nothing before `until`. */
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'keep' };

type Check = (seen: Observation) => Step | undefined;

/**
 * Decides what the certificates need next. Pure; to be asked again after each step, until it is `wait` or `keep`.
 *
 * Guarantee, if steps are carried out in this order by each replica: the leaf that is served is vouched for by every caBundle that was
 * read back within the last `overlapMs`, unless somebody else overwrote it, or nothing valid was left to serve with.
 */
export const planCertificates = (seen: Observation): Step => {
  for (const check of CHECKS) {
    const step = check(seen);
    if (step !== undefined) return step;
  }
  return { kind: 'keep' };
};

/** Past two thirds of its life, as cert-manager has it: a third is left for whatever may go wrong with the renewal. */
const isOld = ({ born, to }: Life, now: number): boolean => now >= to - (to - born) / 3;

const leafOf = ({ offered }: Observation): LeafFacts | undefined =>
  offered === undefined || offered.leaf === 'broken' ? undefined : offered.leaf;

/** Why the offered leaf can't be served at all. */
const unusable = (seen: Observation): string | undefined => {
  const leaf = leafOf(seen);
  if (leaf === undefined) return 'the leaf is missing, unreadable or does not fit its key';
  if (leaf.to <= seen.now) return 'the leaf has expired';
  const signer = seen.offered?.authorities.find(({ id }) => id === leaf.signer);
  if (signer === undefined) return 'the leaf is by none of the authorities';
  if (signer.to <= seen.now) return "the leaf's authority has expired";
  // While something is served, a leaf for more names can wait for its turn.
  if (seen.served === undefined && leaf.missing.length > 0) return missingNames(leaf);
  return undefined;
};

const missingNames = ({ missing }: LeafFacts): string => `the leaf is not valid for ${missing.join(', ')}`;

const authorityIsDue: Check = (seen) => {
  if (seen.issuer.kind === 'theirs') return undefined;
  const issue = (why: string): Step => ({ kind: 'issue', authority: true, leaf: unusable(seen) !== undefined, why });
  const newest = seen.offered?.authorities[0];
  if (seen.offered === undefined) return issue('there are none yet');
  if (newest === undefined || !seen.issuer.keyFits) return issue('the authority is unreadable or does not fit its key');
  if (isOld(newest, seen.now)) return issue('the authority is past two thirds of its life');
  return undefined;
};

const leafIsUnusable: Check = (seen) => {
  const why = unusable(seen);
  if (seen.issuer.kind === 'theirs' || why === undefined) return undefined;
  return { kind: 'issue', authority: false, leaf: true, why };
};

const authorityHasExpired: Check = ({ issuer, offered, now }) => {
  if (issuer.kind === 'theirs' || offered?.authorities.every(({ to }) => to > now) !== false) return undefined;
  return { kind: 'issue', authority: false, leaf: false, why: 'an earlier authority has expired' };
};

const nothingIsServed: Check = (seen) =>
  seen.served === undefined && unusable(seen) === undefined ? { kind: 'serve' } : undefined;

const configurationsAreWrong: Check = ({ published }) => (published === 'wrong' ? { kind: 'publish' } : undefined);

/** Since when the signer has been in every caBundle; undefined if it is not, or there is none. */
const confirmedAt = ({ confirmed }: Observation, signer: string | undefined): number | undefined =>
  signer === undefined ? undefined : confirmed.get(signer);

const anotherIsOffered: Check = (seen) => {
  const leaf = leafOf(seen);
  const { served, now, overlapMs } = seen;
  if (leaf === undefined || served === undefined || served.id === leaf.id || unusable(seen) !== undefined) {
    return undefined;
  }
  const since = confirmedAt(seen, leaf.signer);
  // Two cases that need no overlap: the served leaf has expired, or is not trusted any more while the offered one is.
  if (served.to <= now) return { kind: 'serve' };
  if (since === undefined) return undefined;
  if (confirmedAt(seen, served.signer) === undefined) return { kind: 'serve' };
  return since + overlapMs <= now ? { kind: 'serve' } : { kind: 'wait', until: since + overlapMs };
};

const leafIsDue: Check = (seen) => {
  const leaf = leafOf(seen);
  const newest = seen.offered?.authorities[0];
  if (seen.issuer.kind === 'theirs' || leaf === undefined || newest === undefined) return undefined;
  const why = dueBecause(leaf, newest, seen.now);
  if (why === undefined) return undefined;
  const since = seen.confirmed.get(newest.id);
  if (since === undefined) return undefined;
  const until = since + seen.overlapMs;
  return until <= seen.now ? { kind: 'issue', authority: false, leaf: true, why } : { kind: 'wait', until };
};

const dueBecause = (leaf: LeafFacts, newest: AuthorityFacts, now: number): string | undefined => {
  if (leaf.signer !== newest.id) return 'the leaf is by an earlier authority';
  if (isOld(leaf, now)) return 'the leaf is past two thirds of its life';
  return leaf.missing.length > 0 ? missingNames(leaf) : undefined;
};

const CHECKS: readonly Check[] = [
  authorityIsDue,
  leafIsUnusable,
  authorityHasExpired,
  // Before anything is published, since the port that is published may be known only once it is listened on.
  nothingIsServed,
  configurationsAreWrong,
  anotherIsOffered,
  leafIsDue,
];
