import { allReferencesOf, type ImpactPlatform } from '../../api/impact/facts.js';
import { ImpactIndex } from '../../api/impact/impact-index.js';
import { type Change, type ObjectName, objectName } from '../../api/impact/world.js';
import { objectKey } from '../../api/object-key.js';
import { KIND, type StoredBundle } from '../../api/werfbundle.js';
import type { Session } from '../cluster/session.js';
import { changeOf, deletionOf, type Proposal } from './changes.js';
import { ClusterWorld, seenBundles } from './cluster-world.js';
import { type Report, reportOf } from './report.js';

/** What was found, and where, if not everywhere. */
interface FoundImpact {
  readonly report: Report;
  /** The namespaces whose bundles were looked at; undefined: all. */
  readonly only: readonly string[] | undefined;
}

/**
 * Finds out what manifests would do to a cluster's bundles.
 * @param how.isDeletion - what they name is deleted instead
 * @throws CommandError for what no apiserver would take, KubeError when it could not be asked
 */
export const findImpact = async (
  { client, namespace, signal, tell }: Session,
  proposals: readonly Proposal[],
  { platform, isDeletion }: { readonly platform: ImpactPlatform; readonly isDeletion: boolean },
): Promise<FoundImpact> => {
  tell('listing bundles');
  const near = new Set([namespace, ...proposals.map(({ ref }) => ref.namespace)].filter((name) => name !== ''));
  const { bundles, only } = await seenBundles(client, [...near], signal);
  const index = new ImpactIndex(platform);
  for (const bundle of bundles) index.set(bundle.metadata, bundle);
  tell('reading what the bundles refer to');
  const world = new ClusterWorld(client, signal);
  await world.read(proposals.flatMap(({ kind, ref }) => (kind === KIND ? [] : [objectName(kind, ref)])));
  const byName = new Map(bundles.map((bundle) => [objectKey(bundle.metadata), bundle]));
  const present = {
    find: (name: ObjectName) => world.find(name),
    bundle: (ref: ObjectName['ref']) => byName.get(objectKey(ref)),
  };
  const changes = proposals.map((one) => (isDeletion ? deletionOf(one) : changeOf(one, present)));
  const concerned = [...index.concerned(changes), ...changes.flatMap(bundleIn)];
  await world.read(concerned.flatMap((bundle) => namesIn(bundle, platform)));
  return { report: reportOf(proposals, index.impactOf(changes, world), only === undefined), only };
};

const bundleIn = (change: Change): readonly StoredBundle[] =>
  change.kind === KIND && change.after !== undefined ? [change.after] : [];

/** All that a bundle refers to, wherever it may be. */
const namesIn = (bundle: StoredBundle, platform: ImpactPlatform): readonly ObjectName[] =>
  allReferencesOf(bundle, platform).flatMap(({ kind, name, namespaces }) =>
    namespaces.map((namespace) => objectName(kind, { namespace, name })),
  );
