/** Kinds whose objects are not lost without an approval, where deletions are held: what holds data, or takes much with it. */
const GUARDED: ReadonlySet<string> = new Set([
  // The data itself, and what it is on.
  'PersistentVolumeClaim',
  'PersistentVolume',
  'VolumeSnapshot',
  // Its volumes may go with it (persistentVolumeClaimRetentionPolicy), and what it serves does.
  'StatefulSet',
  // All that is in it.
  'Namespace',
  // All objects of the kind, in all namespaces.
  'CustomResourceDefinition',
  // What it deploys, by its deletionPolicy.
  'WerfBundle',
]);

/** Whether an object must not be deleted, or recreated, without an approval. */
export const isGuarded = ({ kind }: { readonly kind: string }): boolean => GUARDED.has(kind);
