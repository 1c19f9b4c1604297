import { count } from '../../api/count.js';
import type { SkipReason, TagExplanation } from './explanation.js';

/** Why a tag is not the one: of one tag, and of several. */
const WORDS: Readonly<Record<SkipReason, string>> = {
  'other-tag': 'another tag than spec.registry.tag',
  service: "werf's or cosign's own",
  pattern: 'not matched by tagPattern',
  'not-a-version': 'no version',
  'pre-release': 'pre-release, and versionConstraint names none',
  constraint: 'not in versionConstraint',
  'not-a-number': 'no number',
  'not-a-bundle': 'no bundle: its manifest is no chart',
  held: 'lower than what is deployed, held back',
  failed: 'has failed, and is held',
  lower: 'lower',
};

/** Tags that are shown each for itself. */
const SHOWN = 6;

/** Those that come first, each with its reason; and how many of the rest there are for each reason. */
export const skippedText = ({
  skipped,
}: TagExplanation): { readonly each: readonly (readonly [tag: string, why: string])[]; readonly rest: string } => {
  // What is only lower, or nobody's, is counted, unless there is room.
  const interesting = skipped.filter(({ reason }) => reason !== 'lower' && reason !== 'service');
  const first = [...interesting, ...skipped.filter(({ reason }) => reason === 'lower')].slice(0, SHOWN);
  const shown = skipped.filter((one) => first.includes(one));
  const rest = skipped.filter((one) => !first.includes(one));
  return {
    each: shown.map(({ tag, reason }) => [tag, WORDS[reason]] as const),
    rest: restText(rest, shown.length > 0),
  };
};

const restText = (rest: TagExplanation['skipped'], isMore: boolean): string => {
  if (rest.length === 0) return '';
  const counts = new Map<SkipReason, number>();
  for (const { reason } of rest) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, number]) => `${number} ${WORDS[reason]}`);
  return `${isMore ? `and ${rest.length} more` : count(rest.length, 'other tag')}: ${parts.join('; ')}`;
};

/** What the spec asks for: `versionConstraint ">=1.0.0"`. */
export const policyText = ({ policy: { tag, versionConstraint, tagPattern, tagOrder } }: TagExplanation): string => {
  if (tag !== undefined) return `tag ${JSON.stringify(tag)}`;
  const parts = [
    ...(tagPattern === undefined ? [] : [`tagPattern ${JSON.stringify(tagPattern)}`]),
    ...(versionConstraint === undefined
      ? [`the last by tagOrder ${tagOrder ?? 'Text'}`]
      : [`the highest in versionConstraint ${JSON.stringify(versionConstraint)}`]),
  ];
  return parts.join(', ');
};
