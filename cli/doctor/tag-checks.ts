import { ALLOW_DOWNGRADE, ROLLBACK_TO } from '../../api/annotations.js';
import { annotateCommand, patchCommand, reconcileCommand } from '../../api/kubectl-command.js';
import { highestTags } from '../../api/missing-tag.js';
import { rollbackOf } from '../../api/rollback.js';
import type { Settings } from '../../api/settings.js';
import { isLowerTag, rankTags } from '../../api/tag-choice.js';
import { type CheckRow, failed, type Judgement, ok, quoting, warning } from '../diagnosis/check.js';
import type { Observation } from './observation.js';
import { tagsUnread } from './poll-fault.js';
import { SECTIONS } from './sections.js';
import { controllerSays, currentCondition, refOfBundle, releaseCommand } from './status-words.js';

type Row = CheckRow<Observation>;
type Policy = Settings['registry']['policy'];

/** Any release, but no pre-release. */
const ANY_VERSION = { versionConstraint: '>=0.0.0' } as const;

const tags: Row = {
  id: 'tags',
  title: 'Tags',
  section: SECTIONS.newVersions,
  causes: ['registry', 'credentials', 'repository', 'rate-limit'],
  judge: (seen) => {
    const { registry } = seen;
    if (registry.kind !== 'asked' || registry.outcome.kind === 'failed') return tagsUnread(seen);
    const { tag } = policyOf(seen);
    if (registry.tags.length === 0)
      return tag === undefined
        ? failed('the repository has no tags')
        : ok(`${namerOf(seen)} names ${tag}; they were not listed`);
    return ok(`there are ${registry.tags.length}, among them ${highestTags(registry.tags).join(', ')}`);
  },
};

/** Who names the tag, where one is named. */
const namerOf = ({ bundle }: Observation): string =>
  rollbackOf(bundle) === undefined ? 'the spec' : `annotation ${ROLLBACK_TO}`;

const policyOf = ({ spec }: Observation): Policy => (spec.kind === 'valid' ? spec.settings.registry.policy : {});

const choice: Row = {
  id: 'choice',
  title: 'Choice of the tag',
  section: SECTIONS.newVersions,
  causes: ['registry', 'credentials', 'repository', 'rate-limit', 'tags', 'suspended'],
  judge: (seen) => {
    const { registry } = seen;
    if (registry.kind !== 'asked') return choiceToldOf(seen);
    const { outcome } = registry;
    if (outcome.kind === 'failed') return tagsUnread(seen);
    if (outcome.kind === 'nothing-to-deploy' && rollbackOf(seen.bundle) !== undefined)
      return failed(`${outcome.message}; ${namerOf(seen)} names it`, [releaseCommand(seen.bundle)]);
    if (outcome.kind === 'nothing-to-deploy')
      return failed(outcome.message, outcome.reason === 'NoMatchingTag' ? admitting(seen, registry.tags) : []);
    return textOrder(seen, outcome.tag, registry.tags) ?? heldBack(seen) ?? chosen(seen, outcome.tag);
  },
};

const choiceToldOf = (seen: Observation): Judgement => {
  const told = controllerSays(seen, ['NoMatchingTag', 'NotABundle']);
  if (told !== undefined) return quoting(told, failed(`${told}, says the controller`));
  return heldBack(seen) ?? tagsUnread(seen);
};

/** The command that makes the spec take the highest tag that there is. */
const admitting = (seen: Observation, all: readonly string[]): readonly string[] => {
  const policy = policyOf(seen);
  const [highest] = highestTags(all);
  // What a pattern is to match only its author knows.
  if (highest === undefined || policy.tagPattern !== undefined) return [];
  const ref = refOfBundle(seen.bundle);
  if (policy.tag !== undefined) return [patchCommand(ref, { spec: { registry: { tag: highest } } })];
  const versionConstraint = `>=${highest.replace(/^v/, '')}`;
  return rankTags([highest], { versionConstraint }).kind === 'ranked'
    ? [patchCommand(ref, { spec: { registry: { versionConstraint } } })]
    : [];
};

/** Tags that compare as text, though a higher version is there. */
const textOrder = (seen: Observation, tag: string, all: readonly string[]): Judgement | undefined => {
  const policy = policyOf(seen);
  if (policy.tag !== undefined || policy.versionConstraint !== undefined || policy.tagOrder === 'Number')
    return undefined;
  const versions = policy.tagPattern === undefined ? rankTags(all, ANY_VERSION) : undefined;
  const highest = versions?.kind === 'ranked' ? versions.tags[0] : undefined;
  if (highest === undefined || !isLowerTag(tag, highest, ANY_VERSION)) return undefined;
  return warning(`${tag} is deployed, not ${highest}: without versionConstraint tags compare as text`, [
    patchCommand(refOfBundle(seen.bundle), { spec: { registry: ANY_VERSION } }),
  ]);
};

const heldBack = (seen: Observation): Judgement | undefined => {
  const ready = currentCondition(seen, 'Ready');
  if (ready?.reason !== 'DowngradeHeld') return undefined;
  return warning(ready.message, [annotateCommand(refOfBundle(seen.bundle), `${ALLOW_DOWNGRADE}=true`)]);
};

const chosen = (seen: Observation, tag: string): Judgement => {
  const { bundle, registry } = seen;
  const others = registry.kind === 'asked' ? registry.tags.length - 1 : 0;
  const of = others > 0 ? ` of ${others + 1}` : '';
  const { lastAppliedTag } = bundle.status ?? {};
  if (lastAppliedTag === tag) return ok(`${tag}${of} is wanted, and deployed`);
  const now = lastAppliedTag === undefined ? 'nothing is deployed yet' : `${lastAppliedTag} is deployed`;
  // Another check says what is in the way.
  if (currentCondition(seen, 'Ready')?.status === 'False') return ok(`${tag}${of} is wanted; ${now}`);
  return ok(`${tag}${of} is wanted; ${now}: the controller deploys it after its next poll, or at once by`, [
    reconcileCommand(refOfBundle(bundle)),
  ]);
};

/** The checks of what a repository offers. */
export const TAG_CHECKS: readonly Row[] = [tags, choice];
