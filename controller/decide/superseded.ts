import { isLowerTag } from '../../api/tag-choice.js';
import type { Deployment } from '../../api/werfbundle.js';
import type { Observation } from './observation.js';
import type { PollAccount } from './poll.js';
import { isSuspended } from './suspension.js';

/**
 * Why a deployment that has not begun is not wanted any more, for people; undefined: it still is. One that has begun is followed
 * to its end instead.
 * @param wanted - what the registry offers, as far as that is known
 */
export const supersededBy = (
  { bundle, platform, spec }: Pick<Observation, 'bundle' | 'platform' | 'spec'>,
  deployment: Deployment,
  wanted: PollAccount['wanted'],
): string | undefined => {
  const { generation } = bundle.metadata;
  if (isSuspended({ bundle, platform })) return 'the bundle was suspended';
  if (generation !== (deployment.generation ?? generation)) return 'the spec was changed';
  if (spec.kind === 'invalid') return 'the spec is not allowed any more';
  if (wanted === undefined) return undefined;
  if (wanted.tag === deployment.tag)
    return wanted.digest === deployment.digest ? undefined : `${wanted.tag} was published again`;
  // A tag that is missing from a list for a moment must not stop what was already decided.
  return isLowerTag(wanted.tag, deployment.tag, spec.settings.registry.policy)
    ? undefined
    : `${wanted.tag} is wanted now`;
};
