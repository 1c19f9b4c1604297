/** When something begins and ends, milliseconds since 1970. */
export interface Life {
  readonly from: number;
  readonly to: number;
}

/**
 * What is known of the certificates at hand. `broken`: unreadable, without its key, or not signed by this authority.
 * `missing`: the wanted names that the leaf is not valid for.
 */
export interface Current {
  readonly authority: 'broken' | Life;
  readonly leaf: 'broken' | (Life & { readonly missing: readonly string[] });
}

/** `all`: a new authority and a new leaf; `leaf`: a new leaf by the present authority. `why` is for the log. */
export type Plan =
  | { readonly kind: 'keep' }
  | { readonly kind: 'renew'; readonly what: 'all' | 'leaf'; readonly why: string };

/** Past two thirds of its life, as cert-manager has it: a third is left for whatever may go wrong with the renewal. */
const isOld = (life: Life, now: number): boolean => now >= life.to - (life.to - life.from) / 3;

const renew = (what: 'all' | 'leaf', why: string): Plan => ({ kind: 'renew', what, why });

/**
 * Decides whether the certificates at hand will do.
 * @param now - milliseconds since 1970
 * @param current - absent: there are none yet
 */
export function planCertificates(now: number, current: Current | undefined): Plan {
  if (current === undefined) return renew('all', 'there are none yet');
  const { authority, leaf } = current;
  if (authority === 'broken') return renew('all', 'the authority is unreadable or does not fit its key');
  if (isOld(authority, now)) return renew('all', 'the authority is past two thirds of its life');
  if (leaf === 'broken') return renew('leaf', 'the leaf is unreadable, does not fit its key or its authority');
  if (isOld(leaf, now)) return renew('leaf', 'the leaf is past two thirds of its life');
  if (leaf.missing.length > 0) return renew('leaf', `the leaf is not valid for ${leaf.missing.join(', ')}`);
  return { kind: 'keep' };
}
