import { type ObjectRef, refOf } from '../objects.js';
import { type PlatformPolicy, policyProblems } from '../platform-policy.js';
import type { Problem } from '../problem.js';
import { problemOf } from '../references/fault.js';
import { operatorsOwnFault } from '../references/operators-own.js';
import { type Reference, referencesOf, valuesReferences } from '../references/references.js';
import { releaseKeyOf } from '../references/release.js';
import type { ConsentRule } from '../references/target-namespace.js';
import { type ParsedSpec, parseSpec, type Settings } from '../settings.js';
import { admits } from '../tag-choice.js';
import type { StoredBundle } from '../werfbundle.js';
import { neededBy } from './blocker.js';
import { type Content, inlineContent } from './contents.js';
import { type Progress, progressOf } from './progress.js';
import { wantedBy } from './values-of.js';

/** What the platform set for all bundles, as far as it matters to a change. */
export interface ImpactPlatform extends ConsentRule {
  readonly policy: PlatformPolicy;
  /** Used if a bundle names no registry Secret; in the operator's namespace. */
  readonly defaultRegistrySecret: string | undefined;
  /** Nothing is begun for any bundle. */
  readonly suspendAll: boolean;
}

/** What is known of a bundle by itself, whatever is there beside it. */
export interface Facts {
  readonly bundle: StoredBundle;
  readonly ref: ObjectRef;
  readonly isDeleting: boolean;
  readonly isSuspended: boolean;
  readonly spec:
    | {
        readonly kind: 'valid';
        readonly settings: Settings;
        readonly needed: ReturnType<typeof neededBy>;
        readonly wanted: ReturnType<typeof wantedBy>;
        readonly inline: Content;
      }
    | { readonly kind: 'invalid'; readonly why: string };
  readonly progress: Progress;
  /** The release that it deploys, as one text; undefined: malformed. */
  readonly releaseKey: string | undefined;
  /** Whether the spec still admits the tag that was tried last. */
  readonly takesTried: boolean;
}

/** All that a bundle refers to; the platform's default Secret, too. */
export const allReferencesOf = (bundle: StoredBundle, platform: ImpactPlatform): readonly Reference[] =>
  referencesOf(bundle, bundle.metadata.namespace, platform);

/** Takes a bundle apart; nothing is looked up. */
export const factsOf = (bundle: StoredBundle, platform: ImpactPlatform): Facts => {
  const spec = specFacts(bundle, platform);
  const progress = progressOf(bundle.status ?? {});
  return {
    bundle,
    ref: refOf(bundle) as ObjectRef,
    isDeleting: bundle.metadata.deletionTimestamp !== undefined,
    isSuspended: platform.suspendAll || bundle.spec.suspend === true,
    spec,
    progress,
    releaseKey: releaseKeyOf(bundle),
    takesTried:
      spec.kind === 'valid' && progress.kind === 'tried' && admits(spec.settings.registry.policy, progress.tag),
  };
};

const specFacts = (bundle: StoredBundle, platform: ImpactPlatform): Facts['spec'] => {
  const references = allReferencesOf(bundle, platform);
  const spec = judged(bundle, references, platform);
  if (spec.kind === 'invalid')
    return { kind: 'invalid', why: spec.problems.map(({ field, message }) => `${field}: ${message}`).join('; ') };
  const { settings } = spec;
  return {
    kind: 'valid',
    settings,
    needed: neededBy(references),
    wanted: wantedBy(valuesReferences(references)),
    inline: inlineContent(settings.converge.values),
  };
};

/** The default registry Secret: what a bundle names itself has to be there. */
const isPlatforms = ({ use, optional }: Reference): boolean => use === 'registry-secret' && optional;

/** By the rules of the spec and the platform's policy, as the controller judges what is stored. */
const judged = (bundle: StoredBundle, references: readonly Reference[], platform: ImpactPlatform): ParsedSpec => {
  const spec = parseSpec(bundle);
  if (spec.kind === 'invalid') return spec;
  const { namespace, policy } = platform;
  const operator = { namespace, certificateSecret: policy.certificateSecret };
  const own = references.flatMap((reference) =>
    isPlatforms(reference) ? [] : (operatorsOwnFault(reference, operator) ?? []),
  );
  const problems: readonly Problem[] = [...policyProblems(bundle, policy), ...own.map(problemOf)];
  return problems.length === 0 ? spec : { kind: 'invalid', problems };
};
