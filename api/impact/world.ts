import { objectKey } from '../object-key.js';
import type { KubeObject, ObjectRef } from '../objects.js';
import type { Reference } from '../references/references.js';
import type { StoredBundle } from '../werfbundle.js';

/** A kind of object that bundles refer to. */
export type ReferredKind = Reference['kind'];

/** What came of looking for an object. `unknown`: it may exist; `why` completes "Secret ops/database". */
export type Found =
  | { readonly kind: 'found'; readonly object: KubeObject }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly why: string };

/** The name of an object, with the text that names it: a name is looked for often, and made once. */
export interface ObjectName {
  readonly kind: ReferredKind;
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  /** {@link changeKey} */
  readonly key: string;
}

export const objectName = (kind: ReferredKind, ref: ObjectRef): ObjectName => ({
  kind,
  ref,
  key: changeKey({ kind, ref }),
});

/** What bundles refer to, as it is at one moment. The same object is the same reference each time: what was read of it is kept. */
export interface World {
  find(name: ObjectName): Found;
}

/** An object as it will be; what it was is the world's before. */
interface ObjectChange {
  readonly kind: ReferredKind;
  /** `namespace` is '' for a Namespace. */
  readonly ref: ObjectRef;
  readonly after: Found;
}

/** A bundle as it will be; undefined: it is deleted. */
export interface BundleChange {
  readonly kind: 'WerfBundle';
  readonly ref: ObjectRef;
  readonly after: StoredBundle | undefined;
}

export type Change = ObjectChange | BundleChange;

/** Names a change, or what it changes: `ConfigMap ops/app`, `Namespace /production`. */
export const changeKey = ({ kind, ref }: Pick<Change, 'kind' | 'ref'>): string =>
  // Joined, as objectKey is.
  [kind, objectKey(ref)].join(' ');

/** A world once some changes are made; of several of one object the last one counts. */
export const worldAfter = (before: World, changes: readonly Change[]): World => {
  const made = new Map<string, Found>();
  for (const change of changes) if (change.kind !== 'WerfBundle') made.set(changeKey(change), change.after);
  return { find: (name) => made.get(name.key) ?? before.find(name) };
};
