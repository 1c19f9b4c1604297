import { rollbackOf } from '../../api/rollback.js';
import { isLowerTag } from '../../api/tag-choice.js';
import { parseTime } from '../../api/timestamp.js';
import type { Deployment } from '../../api/werfbundle.js';
import { wasStarted } from './deployment.js';
import type { Observation } from './observation.js';
import type { PollAccount } from './poll.js';
import { isSuspended } from './suspension.js';

/**
 * How long an intent without a Job is carried out, milliseconds. A status can be written back by others as the controller once signed it:
 * before its Jobs are gone, which are kept for a day at least, these tell that it is an old one, and after that its age does.
 */
const LONGEST_INTENT_MS = 24 * 60 * 60_000;

/**
 * Why a deployment that has not begun is not wanted any more, for people; undefined: it still is. One that has begun is followed
 * to its end instead.
 * @param wanted - what the registry offers, as far as that is known
 */
export const supersededBy = (
  { bundle, platform, spec, now }: Pick<Observation, 'bundle' | 'platform' | 'spec' | 'now'>,
  deployment: Deployment,
  wanted: PollAccount['wanted'],
): string | undefined => {
  const { generation } = bundle.metadata;
  if (now - (parseTime(deployment.startedAt) ?? 0) > LONGEST_INTENT_MS && !wasStarted(bundle.status))
    return 'it was decided more than a day ago';
  if (isSuspended({ bundle, platform })) return 'the bundle was suspended';
  if (generation !== (deployment.generation ?? generation)) return 'the spec was changed';
  if (spec.kind === 'invalid') return 'the spec is not allowed any more';
  const rollback = rollbackOf(bundle);
  if (rollback !== undefined && rollback !== deployment.tag) return `a person has rolled back to ${rollback}`;
  if (wanted === undefined) return undefined;
  if (wanted.tag === deployment.tag)
    return wanted.digest === deployment.digest ? undefined : `${wanted.tag} was published again`;
  // A tag that is missing from a list for a moment must not stop what was already decided.
  return isLowerTag(wanted.tag, deployment.tag, spec.settings.registry.policy)
    ? undefined
    : `${wanted.tag} is wanted now`;
};
