import { rankTags } from './tag-choice.js';

/** How many other tags are named. */
const NAMED = 3;

/**
 * The highest tags of a repository, best first, by the order in which they would be chosen: versions if there are any, pre-releases
 * among them; else in text order.
 */
export const highestTags = (tags: readonly string[]): readonly string[] => {
  const versions = rankTags(tags, { versionConstraint: '>=0.0.0-0' });
  const ranking = versions.kind === 'ranked' ? versions : rankTags(tags, {});
  return ranking.kind === 'ranked' ? ranking.tags.slice(0, NAMED) : [];
};

/**
 * `tag "v9" does not exist in ghcr.io/acme/app; the highest tags are v1.10.0, v1.9.0, v1.8.0`. It changes only when the tags do, and then
 * `status.lastETag` changes as well: a status is not written more often for it.
 * @param highest - by {@link highestTags}; undefined if they could not be listed
 */
export const missingTag = (tag: string, place: string, highest: readonly string[] | undefined): string => {
  const missing = `tag "${tag}" does not exist in ${place}`;
  if (highest === undefined) return missing;
  const [only, ...others] = highest;
  if (only === undefined) return `${missing}, which has no tags that could be deployed`;
  return others.length === 0
    ? `${missing}; the highest tag is ${only}`
    : `${missing}; the highest tags are ${highest.join(', ')}`;
};
