import { allReferencesOf, type ImpactPlatform } from '../../api/impact/facts.js';
import { type Hit, ImpactIndex } from '../../api/impact/impact-index.js';
import type { Outcome } from '../../api/impact/words.js';
import { type Change, type Found, type ObjectName, objectName, type World } from '../../api/impact/world.js';
import type { ObjectRef } from '../../api/objects.js';
import type { StoredBundle } from '../../api/werfbundle.js';

/** A change, and what is known of the world before it. It is JSON, since it may be sent to a thread; it may hold contents of Secrets. */
export interface ImpactQuestion {
  readonly platform: ImpactPlatform;
  readonly change: Exclude<Change, { kind: 'WerfBundle' }>;
  /** Those that name what is changed, and the others with their releases. */
  readonly bundles: readonly StoredBundle[];
  /** What they refer to, by {@link ObjectName.key}; what is not among it is unknown. */
  readonly objects: readonly (readonly [key: string, found: Found])[];
}

/** What a change does to a bundle. */
export interface Concerned {
  readonly ref: ObjectRef;
  readonly outcome: Outcome;
}

/** What the change does, by the rules of `api/impact/`: bundles to which it does nothing are left out. */
export const answerImpact = ({ platform, change, bundles, objects }: ImpactQuestion): readonly Concerned[] => {
  const index = new ImpactIndex(platform);
  for (const bundle of bundles) index.set(bundle.metadata, bundle);
  const known = new Map(objects);
  const world: World = { find: ({ key }) => known.get(key) ?? NOT_READ };
  return index.impactOf([change], world).map((hit) => concernedBy(hit, { platform, world }));
};

const NOT_READ: Found = { kind: 'unknown', why: 'was not read' };

/** Something that was not looked at may be in the way of a deployment. */
const concernedBy = (
  { bundle, effect }: Hit,
  { platform, world }: { readonly platform: ImpactPlatform; readonly world: World },
): Concerned => {
  const { namespace, name } = bundle.metadata;
  const isSure =
    effect.kind !== 'deploys' || namesIn(bundle, platform).every((one) => world.find(one).kind !== 'unknown');
  return { ref: { namespace, name }, outcome: isSure ? effect.kind : 'may-deploy' };
};

/** All that a bundle refers to, wherever it may be. */
export const namesIn = (bundle: StoredBundle, platform: ImpactPlatform): readonly ObjectName[] =>
  allReferencesOf(bundle, platform).flatMap(({ kind, name, namespaces }) =>
    namespaces.map((namespace) => objectName(kind, { namespace, name })),
  );
