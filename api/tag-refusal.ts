import { admits, isServiceTag, type TagPolicy } from './tag-choice.js';
import { parseTagPattern } from './tag-pattern.js';
import { parseVersion, parseVersionConstraint } from './version-constraint.js';

/**
 * Why a policy does not take a tag. other-tag: it wants one by its name; service: it is werf's or cosign's own; pattern: tagPattern does not
 * match; not-a-version: there is a versionConstraint, and this is no version; pre-release: it would satisfy the constraint if it were
 * none; constraint: it is a version, and another one is wanted; not-a-number: tagOrder is Number.
 */
export type TagRefusal =
  | 'other-tag'
  | 'service'
  | 'pattern'
  | 'not-a-version'
  | 'pre-release'
  | 'constraint'
  | 'not-a-number';

/**
 * Why a policy, one that validation admits, refuses a tag; undefined: it takes it. In accordance with {@link rankTags}, tag by tag. Pattern
 * and constraint are read once, for thousands of tags.
 */
export const tagRefusals = (policy: TagPolicy): ((tag: string) => TagRefusal | undefined) => {
  if (policy.tag !== undefined) return (tag) => (tag === policy.tag ? undefined : 'other-tag');
  const textOf = comparedTextOf(policy);
  const refusalOf = ofText(policy);
  return (tag) => {
    if (isServiceTag(tag)) return 'service';
    const text = textOf(tag);
    return text === undefined ? 'pattern' : refusalOf(text);
  };
};

const comparedTextOf = ({ tagPattern }: TagPolicy): ((tag: string) => string | undefined) => {
  if (tagPattern === undefined) return (tag) => tag;
  const pattern = parseTagPattern(tagPattern);
  return (tag) => (pattern.kind === 'ok' ? pattern.match(tag) : undefined);
};

/** Of the part of a tag that is compared. */
const ofText = ({ versionConstraint, tagOrder }: TagPolicy): ((text: string) => TagRefusal | undefined) => {
  const constraint = parseVersionConstraint(versionConstraint ?? '');
  switch (constraint.kind) {
    case 'invalid':
      return () => 'constraint';
    case 'none':
      return (text) => (tagOrder === 'Number' && !admits({ tagOrder }, text) ? 'not-a-number' : undefined);
    case 'range':
      return (text) => {
        if (constraint.satisfies(text)) return undefined;
        const version = parseVersion(text);
        if (version === undefined) return 'not-a-version';
        const { major, minor, patch, prerelease } = version;
        return prerelease.length > 0 && constraint.satisfies(`${major}.${minor}.${patch}`)
          ? 'pre-release'
          : 'constraint';
      };
  }
};
