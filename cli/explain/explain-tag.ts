import { ALLOW_DOWNGRADE } from '../../api/annotations.js';
import { admits, isLowerTag, rankTags } from '../../api/tag-choice.js';
import { tagRefusals } from '../../api/tag-refusal.js';
import { specChanged } from '../../controller/decide/due.js';
import { holdOn } from '../../controller/decide/hold-list.js';
import { pollError } from '../../controller/decide/poll-error.js';
import type { Explanation, SkipReason, TagExplanation } from './explanation.js';
import type { Seen } from './observe.js';

/** Which tag would be deployed, and why not the others. */
export const explainTag = (seen: Seen): TagExplanation => {
  const { settings, bundle, registry } = seen;
  const { host, repository, policy } = settings.registry;
  const deployed = bundle.status?.lastAppliedTag;
  const common = { repository: `${host}/${repository}`, policy, ...(deployed !== undefined && { deployed }) };
  if (registry.kind !== 'answered') return { ...common, ...byStatus(seen) };
  const { outcome, tags } = registry;
  const listed = tags.length === 0 ? {} : { listed: tags.length };
  if (outcome.kind !== 'selected')
    return { ...common, ...listed, from: 'registry', message: outcome.message, skipped: skippedOf(seen, undefined) };
  const { tag, digest } = outcome;
  const hold = holdOn({ bundle, settings, status: bundle.status ?? {}, wanted: outcome });
  // What is deployed is the tag's also while the present values are held: those are no matter of the tag.
  const failedBefore = hold?.good.digest === digest ? undefined : hold;
  const held = failedBefore !== undefined || isHeld(seen, tag);
  const answer = {
    ...common,
    ...listed,
    from: 'registry',
    skipped: skippedOf(seen, held ? undefined : tag, failedBefore && 'failed'),
  } as const;
  if (!held) return { ...answer, chosen: tag, digest };
  if (failedBefore !== undefined) {
    const { name, namespace } = bundle.metadata;
    const message = `${tag} has failed as deployment ${failedBefore.number}, and the controller holds it until the registry offers another digest; werfbundle release-hold ${name} -n ${namespace} tries it again`;
    return { ...answer, message };
  }
  const message = `${tag} is lower than ${deployed}, which is deployed, and is held back; annotation ${ALLOW_DOWNGRADE}=true, or spec.registry.tag, deploys it`;
  return { ...answer, message };
};

/** Whether the best tag is lower than what is deployed, without anybody having meant that. */
const isHeld = ({ bundle, settings: { registry } }: Seen, tag: string): boolean => {
  const applied = bundle.status?.lastAppliedTag;
  if (applied === undefined || !isLowerTag(tag, applied, registry.policy)) return false;
  if (specChanged(bundle) || !admits(registry.policy, applied)) return false;
  return bundle.metadata.annotations?.[ALLOW_DOWNGRADE] !== 'true';
};

/** What the status says, if the registry says nothing. */
const byStatus = (seen: Seen): Pick<TagExplanation, 'from' | 'note' | 'failed' | 'chosen' | 'digest' | 'skipped'> => {
  const { bundle, settings, registry } = seen;
  const { deployment, lastAppliedTag, lastAppliedDigest } = bundle.status ?? {};
  const last = deployment ?? { tag: lastAppliedTag, digest: lastAppliedDigest };
  const isWanted = last.tag !== undefined && admits(settings.registry.policy, last.tag);
  return {
    from: 'status',
    note: noteOf(seen),
    ...(registry.kind === 'failed' && { failed: true }),
    ...(isWanted && last.tag !== undefined && { chosen: last.tag }),
    ...(isWanted && last.digest !== undefined && { digest: last.digest }),
    skipped: [],
  };
};

const noteOf = ({ bundle, settings, credentials, registry }: Seen): string => {
  if (registry.kind === 'not-asked') return registry.why;
  if (registry.kind === 'answered') return '';
  const access = credentials.kind === 'ready' ? credentials : ({ kind: 'not-needed' } as const);
  return pollError(registry.failure, { bundle, spec: { kind: 'valid', settings }, access });
};

/** All tags but the one, in the order of the policy, whether it takes them or not; then those that have no place in that order. */
const skippedOf = (
  {
    registry,
    settings: {
      registry: { policy },
    },
  }: Seen,
  chosen: string | undefined,
  why: SkipReason = 'held',
): Explanation['tag']['skipped'] => {
  if (registry.kind !== 'answered') return [];
  const { tags, notBundles, outcome } = registry;
  const refusalOf = tagRefusals(policy);
  const held = outcome.kind === 'selected' && outcome.tag !== chosen ? outcome.tag : undefined;
  const reasonOf = (tag: string): SkipReason => {
    if (tag === held) return why;
    return refusalOf(tag) ?? (notBundles.has(tag) ? 'not-a-bundle' : 'lower');
  };
  const { versionConstraint, tagOrder = 'Text' } = policy;
  const order = versionConstraint === undefined ? { tagOrder } : { versionConstraint: '>=0.0.0-0' };
  const inOrder = [...new Set([...ranked(tags, order), ...ranked(tags, {}), ...tags])];
  return inOrder.filter((tag) => tag !== chosen).map((tag) => ({ tag, reason: reasonOf(tag) }));
};

const ranked = (tags: readonly string[], policy: Parameters<typeof rankTags>[1]): readonly string[] => {
  const ranking = rankTags(tags, policy);
  return ranking.kind === 'ranked' ? ranking.tags : [];
};
