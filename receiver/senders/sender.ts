/** What a call tells of, as its sender means it. */
export type Told =
  | {
      readonly kind: 'pushed';
      /** Paths in the registry, `acme/shop`, as the sender writes them; at least one. */
      readonly repositories: readonly string[];
      /** Those below them are meant as well. */
      readonly below: boolean;
      /** When it was pushed, milliseconds since 1970; undefined: the sender does not say, so no age can be judged. */
      readonly at: number | undefined;
    }
  /** Nothing was pushed: a test, a pull, a deletion. `what` is for the answer. */
  | { readonly kind: 'other'; readonly what: string }
  /** It is nothing that this sender sends. `why` quotes nothing of it. */
  | { readonly kind: 'malformed'; readonly why: string };

/** How a sender shows that a call is its own. */
export type Proof =
  /** The secret in the header Authorization, with or without `Bearer`. */
  | { readonly kind: 'authorization' }
  /** The secret in a header of the sender's own. */
  | { readonly kind: 'header'; readonly header: string }
  /** `sha256=` and the HMAC-SHA-256 of the body, in hexadecimal digits. */
  | { readonly kind: 'signature'; readonly header: string }
  /** The secret as the last part of the URL's path, for senders that can send no header. */
  | { readonly kind: 'path' };

/** A kind of registry that tells of pushes. */
export interface Sender {
  readonly proof: Proof;
  /** It repeats for ever what is not answered with 2xx, and sends nothing else meanwhile. */
  readonly isStubborn: boolean;
  /**
   * Reads a call. Pure; never throws.
   * @param body - JSON
   * @param event - the value of the header by which some senders name the kind of event, lower case; '' where there is none
   */
  readonly read: (body: unknown, event: string) => Told;
  /** The header with the kind of event. */
  readonly eventHeader?: string;
}

/** A call that this sender never makes. */
export const malformed = (why: string): Told => ({ kind: 'malformed', why });

/** A call that tells of no push. */
export const other = (what: string): Told => ({ kind: 'other', what });
