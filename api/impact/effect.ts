import { DEPLOY_REQUESTED, FLUX_RECONCILE_REQUESTED, RECONCILE_REQUESTED } from '../annotations.js';
import { canonicalJson } from '../canonical-json.js';
import { deployRelevantOf } from '../checksum.js';
import { withDefaults } from '../defaults.js';
import { withoutNulls } from '../schema-node.js';
import type { StoredBundle, WerfBundleSpec } from '../werfbundle.js';
import type { Contents } from './contents.js';
import type { Facts } from './facts.js';
import { compareValues, type Sources } from './values-of.js';

/** What a change does to a bundle. */
export type Effect =
  | Begun
  /** It is suspended: nothing happens now, but this once it is resumed. */
  | { readonly kind: 'suspended'; readonly once: Begun };

type Begun =
  /** It is deployed because of the change. */
  | { readonly kind: 'deploys'; readonly because: 'values' | 'spec' | 'new' | 'requested' | 'failed-before' }
  /** Whether it is deployed depends on what is not known here; `why` is for people. */
  | { readonly kind: 'may-deploy'; readonly why: string }
  /** It is not deployed any more until somebody mends this; `why` is for people. */
  | { readonly kind: 'blocked'; readonly why: string }
  /** It can be deployed again, and is if its values or its spec have changed since it was deployed last. */
  | { readonly kind: 'unblocked' }
  /** It is deleted, and its release is uninstalled. */
  | { readonly kind: 'uninstalls' }
  /** It is deleted; what it deployed stays. */
  | { readonly kind: 'deleted' };

/** A bundle in one world: what keeps it from being deployed, or what its values are made of. */
export type Standing =
  | { readonly kind: 'blocked'; readonly why: string }
  | { readonly kind: 'ready'; readonly sources: Sources };

/** A bundle in one world. */
interface Placed {
  readonly facts: Facts;
  readonly standing: Standing;
}

/**
 * What becomes of a bundle when the world, or the bundle, becomes another one: the difference to what would happen anyway.
 * @param before - undefined: there was no bundle
 * @param after - undefined: it is deleted
 * @returns undefined: nothing
 */
export const effectOf = (
  before: Placed | undefined,
  after: Placed | undefined,
  contents: Contents,
): Effect | undefined => {
  // Whatever becomes of a bundle that is being deleted, nothing of it is deployed.
  if (before?.facts.isDeleting === true || after?.facts.isDeleting === true) return undefined;
  if (after === undefined) return before && endOf(before.facts);
  if (before === undefined) return heldUp(after, firstOf(after));
  if (before.facts.isSuspended !== after.facts.isSuspended) return suspensionOf(after);
  return heldUp(after, changeOf(before, after, contents));
};

const endOf = ({ bundle, progress }: Facts): Effect =>
  bundle.spec.deletionPolicy === 'Dismiss' && progress.kind !== 'none' ? { kind: 'uninstalls' } : { kind: 'deleted' };

const firstOf = ({ standing }: Placed): Begun =>
  standing.kind === 'blocked' ? standing : { kind: 'deploys', because: 'new' };

const suspensionOf = ({ facts, standing }: Placed): Effect => {
  if (facts.isSuspended) return { kind: 'blocked', why: 'it is suspended' };
  if (standing.kind === 'blocked') return standing;
  return { kind: 'may-deploy', why: 'it is resumed: what has changed since it was suspended is deployed' };
};

const heldUp = ({ facts }: Placed, effect: Begun | undefined): Effect | undefined =>
  effect !== undefined && facts.isSuspended ? { kind: 'suspended', once: effect } : effect;

const changeOf = (before: Placed, after: Placed, contents: Contents): Begun | undefined => {
  if (after.standing.kind === 'blocked') return before.standing.kind === 'blocked' ? undefined : after.standing;
  if (before.standing.kind === 'blocked') return { kind: 'unblocked' };
  const of = { before: before.facts, after: after.facts };
  return askedFor(of) ?? offered(of, () => compareSources(before, after, contents));
};

interface Both {
  readonly before: Facts;
  readonly after: Facts;
}

/** Somebody asks for a deployment, or changes the bundle after its deployment has failed. */
const askedFor = ({ before, after }: Both): Begun | undefined => {
  if (before.bundle === after.bundle || after.progress.kind !== 'tried' || !after.takesTried) return undefined;
  if (isAsked(before, after, [DEPLOY_REQUESTED])) return { kind: 'deploys', because: 'requested' };
  if (!after.progress.failed) return undefined;
  const acts = isSpecChanged(before, after) || isAsked(before, after, [RECONCILE_REQUESTED, FLUX_RECONCILE_REQUESTED]);
  return acts ? { kind: 'deploys', because: 'failed-before' } : undefined;
};

/** Whether an annotation takes a new value, which is a request. */
const isAsked = (before: Facts, after: Facts, names: readonly string[]): boolean => {
  const [was, is] = [before, after].map(({ bundle }) => bundle.metadata.annotations ?? {});
  return names.some((name) => (is?.[name] ?? '') !== '' && is?.[name] !== was?.[name]);
};

const isSpecChanged = (before: Facts, after: Facts): boolean =>
  canonicalJson(asStored(before.bundle)) !== canonicalJson(asStored(after.bundle));

/** The spec as the apiserver keeps it, whether or not it has come by there. */
const asStored = ({ spec }: StoredBundle): WerfBundleSpec => withDefaults(withoutNulls(spec) as WerfBundleSpec);

/** What is deployed because the tag that was tried last is deployed with other settings or values, or another tag is chosen. */
const offered = (of: Both, compared: () => ReturnType<typeof compareSources>): Begun | undefined => {
  const { progress, spec } = of.after;
  // What is deployed anyway takes the change along.
  if (progress.kind !== 'tried' || spec.kind === 'invalid') return undefined;
  const choice = choiceChange(of);
  // Until the registry has another tag, there is nothing to deploy.
  if (!of.after.takesTried) return choice;
  // Without a checksum nobody knows what it was deployed with: the controller records what it finds.
  const difference = progress.hasChecksum ? compared() : ({ kind: 'same' } as const);
  if (difference.kind === 'different') return { kind: 'deploys', because: difference.of };
  return difference.kind === 'unknown' ? { kind: 'may-deploy', why: difference.why } : choice;
};

/** Whether the bundle chooses its tag by other rules than before: which one it is, the registry decides. */
const choiceChange = ({ before, after }: Both): Begun | undefined => {
  if (before.spec.kind === 'invalid' || after.spec.kind === 'invalid') return undefined;
  const [was, is] = [before.spec.settings.registry, after.spec.settings.registry];
  if (was === is || canonicalJson(was.policy) === canonicalJson(is.policy)) return undefined;
  return { kind: 'may-deploy', why: 'its tag is chosen by other rules: which one it is, the registry decides' };
};

type Difference =
  | { readonly kind: 'same' }
  | { readonly kind: 'different'; readonly of: 'values' | 'spec' }
  | { readonly kind: 'unknown'; readonly why: string };

/** Compares all that the checksum of a deployment covers. */
const compareSources = (before: Placed, after: Placed, contents: Contents): Difference => {
  if (before.standing.kind === 'blocked' || after.standing.kind === 'blocked') return { kind: 'same' };
  const [was, is] = [before.standing.sources, after.standing.sources];
  const isOther = was.settings !== is.settings && relevantJson(was) !== relevantJson(is);
  if (isOther) return { kind: 'different', of: 'spec' };
  const values = compareValues(was, is, contents);
  if (values.kind !== 'different') return values;
  return { kind: 'different', of: before.facts.bundle === after.facts.bundle ? 'values' : 'spec' };
};

const relevantJson = ({ settings }: Sources): string => canonicalJson(deployRelevantOf(settings));
