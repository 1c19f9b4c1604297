import { authorityFacts, leafFacts } from './inspect.js';
import type { KeyPair } from './issue.js';
import type { Observation, Offered } from './plan.js';

/** A pair to serve with (the leaf first, intermediates after it), and the CAs that callers must trust, newest first. All PEM. */
export interface Offer extends KeyPair {
  /** One certificate each, all of them readable CAs. */
  readonly authorities: readonly string[];
}

/** What is to be made. */
export interface IssueOrder {
  /** Whether to make a new CA, or to use the present one. */
  readonly authority: boolean;
  /** Whether to make a new leaf by the newest CA; otherwise `pair` stays. */
  readonly leaf: boolean;
  readonly pair: KeyPair;
  /** CAs that must stay trusted besides the present ones. */
  readonly alsoTrusted: readonly string[];
}

/** What a source holds at one moment. */
export interface Reading {
  /** Undefined: nothing yet. */
  readonly offer: Offer | undefined;
  readonly issuer: Observation['issuer'];
  /**
   * Makes what is ordered, unless somebody else changed the source since this reading.
   * @returns whether it was made
   * @throws KubeError
   */
  issue(order: IssueOrder, signal: AbortSignal): Promise<boolean>;
}

/** Where certificates come from. */
export interface CertificateSource {
  /** DNS names and IP addresses that the leaf has to be valid for. */
  readonly names: readonly string[];
  /** How often it is to be read again, milliseconds. */
  readonly lookMs: number;
  /** Whether all replicas share it, so that it alone says what is in caBundle; else each replica keeps the CAs that others wrote. */
  readonly shared: boolean;
  /** @throws KubeError; CertificateError: its certificates can't be used */
  read(signal: AbortSignal): Promise<Reading>;
}

/** Facts about an offer. Never throws. @param names - that its leaf is wanted for */
export const offerFacts = (offer: Offer, names: readonly string[]): Offered => ({
  authorities: offer.authorities.map(authorityFacts).filter((facts) => facts !== undefined),
  leaf: leafFacts(offer, { authorities: offer.authorities, names }),
});

/** Whether the CA, or the key that it could issue with, is lost. */
export const isLost = ({ offer, issuer }: Reading): boolean =>
  issuer.kind === 'ours' && (offer === undefined || !issuer.keyFits);

/** Stands for a source that can't be read at the moment: it offers what it did before, and issues nothing. */
export const unreadable = (last: Reading | undefined): Reading => ({
  offer: last?.offer,
  issuer: { kind: 'theirs' },
  issue: () => Promise.resolve(false),
});
