import { compareBuild, type SemVer } from 'semver';
import { parseTagPattern } from './tag-pattern.js';
import { parseVersion, parseVersionConstraint } from './version-constraint.js';
import type { RegistrySpec } from './werfbundle.js';

/** Which tag of a repository is wanted; the fields of spec.registry of the same names. */
export type TagPolicy = Pick<RegistrySpec, 'tag' | 'versionConstraint' | 'tagPattern' | 'tagOrder'>;

export type TagRanking =
  /** Best first; at least one. */
  | { readonly kind: 'ranked'; readonly tags: readonly string[] }
  /** No tag is wanted. `message`: what was asked for, and what there is. */
  | { readonly kind: 'none'; readonly message: string };

/** Tags that werf and cosign make for themselves, beside those that people publish. */
const SERVICE_TAGS: readonly RegExp[] = [
  // werf's stages, `<digest>-<milliseconds>`, and its manifest lists, `<digest>`; older versions had longer digests.
  /^[0-9a-f]{56}([0-9a-f]{8})?(-[0-9]{10,})?(-rejected)?$/,
  // werf's records: an image's metadata by commit is `meta-<image>_<commit>_<stage>`.
  /^(managed-image|image-metadata-by-commit|import-metadata|client-id|custom-tag-meta)-/,
  /^meta-[^_]+_/,
  // cosign's signatures and attestations, and the referrers of OCI 1.1 in registries without an API for them.
  /^sha256-[0-9a-f]{64}(\.[a-z]+)?$/,
];

/** Whether a tag is one of werf's or cosign's own, which is never a bundle. */
export const isServiceTag = (tag: string): boolean => SERVICE_TAGS.some((shape) => shape.test(tag));

/**
 * The tags that a policy wants, best first: by version if there is a versionConstraint, else by tagOrder. Tags that are equal
 * (`v1.0.0` and `1.0.0`) come in an order of their own: the higher build metadata first, then the later in text order.
 *
 * A policy with a fixed `tag` needs no listing, and callers must not insist on one: registries may hide tags. For such a policy
 * the ranking is that tag, if it is listed.
 *
 * @param tags - a repository's tags in any order; not changed
 * @returns never throws; a policy that is refused by validation gives `none`
 */
export const rankTags = (tags: readonly string[], policy: TagPolicy): TagRanking => {
  if (tags.length === 0) return { kind: 'none', message: 'the repository has no tags' };
  if (policy.tag !== undefined) {
    return tags.includes(policy.tag)
      ? { kind: 'ranked', tags: [policy.tag] }
      : {
          kind: 'none',
          message: `tag ${quote(policy.tag)} is not among the repository's ${count(tags.length, 'tag')}`,
        };
  }
  const matching = matchingTags(tags, policy);
  if (typeof matching === 'string') return { kind: 'none', message: matching };
  const constraint = parseVersionConstraint(policy.versionConstraint ?? '');
  switch (constraint.kind) {
    case 'invalid':
      return {
        kind: 'none',
        message: `versionConstraint ${quote(policy.versionConstraint ?? '')}: ${constraint.reason}`,
      };
    case 'range': {
      const wanted = matching.filter(({ text }) => constraint.satisfies(text));
      return wanted.length > 0 ? ranked(wanted, byVersion) : none(noVersion(matching, policy, constraint.prerelease));
    }
    case 'none':
      return policy.tagOrder === 'Number' ? rankNumbers(matching, policy) : ranked(matching, byText);
  }
};

/** Whether a policy would take this tag if it were the only one. */
export const admits = (policy: TagPolicy, tag: string): boolean => rankTags([tag], policy).kind === 'ranked';

/**
 * Whether a tag is lower than another one, which the policy need not match any more. Tags are compared as versions where there is a
 * versionConstraint or a fixed tag, else by tagOrder. Equal versions, and tags that can't be compared, are not lower.
 */
export const isLowerTag = (tag: string, than: string, policy: TagPolicy): boolean => {
  const [lower, higher] = [comparedText(tag, policy), comparedText(than, policy)];
  if (policy.versionConstraint !== undefined || policy.tag !== undefined) {
    const [a, b] = [parseVersion(lower ?? tag), parseVersion(higher ?? than)];
    return a !== undefined && b !== undefined && compareBuild(a, b) < 0;
  }
  if (lower === undefined || higher === undefined) return false;
  if (policy.tagOrder !== 'Number') return textOrder(lower, higher) < 0;
  const [a, b] = [parseDecimal(lower), parseDecimal(higher)];
  return a !== undefined && b !== undefined && compareDecimals(a, b) < 0;
};

/** The part of a tag that is compared; undefined if tagPattern does not match it. */
const comparedText = (tag: string, { tagPattern }: TagPolicy): string | undefined => {
  if (tagPattern === undefined) return tag;
  const pattern = parseTagPattern(tagPattern);
  return pattern.kind === 'ok' ? pattern.match(tag) : undefined;
};

/** A tag, and the part of it that is compared. */
interface Candidate {
  readonly tag: string;
  readonly text: string;
}
type Compare = (a: Candidate, b: Candidate) => number;

/** The tags that tagPattern matches, or why there are none. */
const matchingTags = (tags: readonly string[], policy: TagPolicy): readonly Candidate[] | string => {
  const own = [...new Set(tags)].filter((tag) => !isServiceTag(tag));
  if (own.length === 0)
    return `none of the repository's ${count(tags.length, 'tag')} can be a bundle's: all are werf's or cosign's own`;
  if (policy.tagPattern === undefined) return own.map((tag) => ({ tag, text: tag }));
  const pattern = parseTagPattern(policy.tagPattern);
  if (pattern.kind === 'invalid') return `tagPattern ${quote(policy.tagPattern)}: ${pattern.reason}`;
  const matching = own.flatMap((tag) => {
    const text = pattern.match(tag);
    return text === undefined ? [] : [{ tag, text }];
  });
  return matching.length > 0
    ? matching
    : `no tag matches tagPattern ${quote(policy.tagPattern)}: ${count(own.length, 'tag')}, the last in text order is ${last(own)}`;
};

const none = (message: string): TagRanking => ({ kind: 'none', message });

const ranked = (candidates: readonly Candidate[], ascending: (texts: readonly Candidate[]) => Compare): TagRanking => {
  const compare = ascending(candidates);
  const best = candidates.toSorted((a, b) => compare(b, a) || textOrder(b.text, a.text) || textOrder(b.tag, a.tag));
  return { kind: 'ranked', tags: best.map(({ tag }) => tag) };
};

/** Tags are ASCII (the distribution grammar), so the order of UTF-16 units is the order of bytes. */
const textOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const byVersion = (candidates: readonly Candidate[]): Compare => {
  const versions = new Map<string, SemVer>();
  for (const { text } of candidates) {
    const version = parseVersion(text);
    if (version !== undefined) versions.set(text, version);
  }
  return (a, b) => {
    const [left, right] = [versions.get(a.text), versions.get(b.text)];
    return left === undefined || right === undefined ? 0 : compareBuild(left, right);
  };
};

const byText = (): Compare => () => 0;

const rankNumbers = (candidates: readonly Candidate[], policy: TagPolicy): TagRanking => {
  const numbers = new Map<string, Decimal>();
  for (const { text } of candidates) {
    const number = parseDecimal(text);
    if (number !== undefined) numbers.set(text, number);
  }
  const wanted = candidates.filter(({ text }) => numbers.has(text));
  if (wanted.length === 0) {
    return none(
      `no tag${ofPattern(policy)} is a number (tagOrder Number): ${count(candidates.length, 'tag')}, for example ${last(candidates.map(({ text }) => text))}`,
    );
  }
  return ranked(wanted, () => (a, b) => {
    const [left, right] = [numbers.get(a.text), numbers.get(b.text)];
    return left === undefined || right === undefined ? 0 : compareDecimals(left, right);
  });
};

/** `units / 10^scale`, exact. */
interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

const parseDecimal = (text: string): Decimal | undefined => {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  return { units: BigInt(`${whole}${fraction}`) * (sign === '' ? 1n : -1n), scale: fraction.length };
};

const compareDecimals = (a: Decimal, b: Decimal): number => {
  const scale = Math.max(a.scale, b.scale);
  const difference = a.units * 10n ** BigInt(scale - a.scale) - b.units * 10n ** BigInt(scale - b.scale);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

const noVersion = (candidates: readonly Candidate[], policy: TagPolicy, prerelease: boolean): string => {
  const asked = `no tag${ofPattern(policy)} satisfies versionConstraint ${quote(policy.versionConstraint ?? '')}`;
  const versions = candidates.filter(({ text }) => parseVersion(text) !== undefined);
  if (versions.length === 0) return `${asked}: ${count(candidates.length, 'tag')}, none is a version`;
  const compare = byVersion(versions);
  const highest = versions.reduce((best, next) => (compare(next, best) > 0 ? next : best));
  const hidden = !prerelease && (parseVersion(highest.text)?.prerelease.length ?? 0) > 0;
  const hint = hidden ? ' (a pre-release, which matches only if the constraint names one, such as ">=1.0.0-0")' : '';
  return `${asked}: ${count(candidates.length, 'tag')}, the highest version is ${highest.tag}${hint}`;
};

const ofPattern = (policy: TagPolicy): string =>
  policy.tagPattern === undefined ? '' : ` that matches tagPattern ${quote(policy.tagPattern)}`;
const quote = (text: string): string => JSON.stringify(text);
const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
const last = (texts: readonly string[]): string => texts.toSorted(textOrder).at(-1) ?? '';
